"""Whether what clients saw of single keys can have happened in one order, each operation at a moment while it lasted.

In general that takes a search. Here the database numbers the writes of a key, so the order is known, and it is enough
that no operation contradicts it: O(n log n). With the revision that an operation was told, and "before" for what ended
before another began:
- a read shows no revision below one that was told before, and a write gets one above all of them;
- a read shows what the write of its revision wrote, and that write began before the read ended.
This is also necessary, since a later revision was committed later. Records must not expire meanwhile, and each write
has a content of its own.
"""

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

NEVER = math.inf


@dataclass(frozen=True)
class Operation:
    """What a client asked of a key, and what it was told.

    start     when it was sent, by one clock for all clients
    end       when the answer was there; NEVER: none came
    revision  told to a write, or shown to a read: of the last write or deletion, 0 where there never was one; None: not
              told. A read that was not answered says nothing, and need not be here
    content   what a write wrote, what a read showed; None: a deletion, or an absent key
    """

    key: str
    start: float
    end: float
    revision: int | None
    content: object = None
    write: bool = False


@dataclass(frozen=True)
class Violation:
    """An operation that cannot have been, and why."""

    operation: Operation
    why: str


def violations(operations: Iterable[Operation]) -> list[Violation]:
    """All that contradict the order of revisions; none: the history is linearizable."""
    by_key: dict[str, list[Operation]] = defaultdict(list)
    for operation in operations:
        by_key[operation.key].append(operation)
    return [found for history in by_key.values() for found in [*_unwritten(history), *_disordered(_numbered(history))]]


def _numbered(history: list[Operation]) -> list[Operation]:
    """Those with a revision, and the writes that were told none but whose content was read, with the one shown."""
    shown = {read.content: read.revision for read in history if not read.write and read.content is not None}
    numbered = []
    for operation in history:
        if operation.revision is not None:
            numbered.append(operation)
        elif operation.write and shown.get(operation.content) is not None:
            numbered.append(replace(operation, revision=shown[operation.content]))
    return numbered


def _unwritten(history: list[Operation]) -> Iterator[Violation]:
    """Reads of what nobody wrote so, and revisions that were given twice."""
    written: dict[int | None, Operation] = {}
    for write in (operation for operation in history if operation.write and operation.revision is not None):
        if write.revision in written:
            yield Violation(write, f"revision {write.revision} was given to two writes")
        written[write.revision] = write
    untold: dict[object, Operation] = {}  # of one content, such as deletions, the first
    for write in sorted(history, key=lambda operation: operation.start, reverse=True):
        if write.write and write.revision is None:
            untold[write.content] = write
    revision_of: dict[object, int | None] = {}
    for read in (operation for operation in history if not operation.write):
        if read.revision == 0 and read.content is None:
            continue
        source = written.get(read.revision) or untold.get(read.content)
        if source is None or source.content != read.content:
            yield Violation(read, f"nobody wrote {read.content!r} as revision {read.revision}")
        elif source.start >= read.end:
            yield Violation(read, f"revision {read.revision} was read before its write began")
        elif read.content is not None and revision_of.setdefault(read.content, read.revision) != read.revision:
            yield Violation(
                read, f"{read.content!r} was shown as revisions {revision_of[read.content]} and {read.revision}"
            )


def _disordered(numbered: list[Operation]) -> Iterator[Violation]:
    """Operations that were told a revision too low for what others had been told before they began."""
    under_way: list[tuple[float, int]] = []
    highest = -1
    for operation in sorted(numbered, key=lambda operation: operation.start):
        while under_way and under_way[0][0] < operation.start:
            highest = max(highest, heapq.heappop(under_way)[1])
        revision = operation.revision or 0
        if revision < highest or (operation.write and revision == highest):
            kind = "write was given" if operation.write else "read showed"
            yield Violation(operation, f"a {kind} revision {revision}, but {highest} had been told before it began")
        heapq.heappush(under_way, (operation.end, revision))
