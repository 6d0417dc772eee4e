"""All interleavings of what writers and readers do, over a database that is a dict, and what is wrong about each.

A step is what happens in one piece.
Writers: `begin`, `commit`, `end` (acknowledged); `die` (killed), `lost` (lives, but does not know its outcome), after
both of which `commit` may come yet; `wait` (LINGER_S go by).
Readers: `ask`, `load`, `fill`; or `look`: the database itself is read, and then the cache, in one piece.
The cache's memory: `forget` the path, `flush` all.
Every operation is recorded, and the checker of linearizability judges.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kvstore.backends import Row
from kvstore.cache.base import Cache
from kvstore.keys import Path
from tests.kvstore.cache.kinds import PATH, Kind
from tests.kvstore.cache.rows import row
from tests.kvstore.linearizable import NEVER, Operation, Violation, violations

GONE = ("die", "lost")
Schedule = tuple[int, ...]


@dataclass(frozen=True)
class Actor:
    """Who does what in which order: the number of its process, its steps, and what it is about; None: any path."""

    process: int
    steps: str
    path: Path | None = PATH


class World:
    """The database, the time, and what was seen."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.rows: dict[Path, Row] = {}
        self.revision = 0
        self.seen: list[Operation] = []
        self.time = 0

    def tick(self) -> int:
        """The next moment."""
        self.time += 1
        return self.time

    def commit(self, path: Path, content: bytes) -> Row:
        """Write a row."""
        self.revision += 1
        self.rows[path] = row(self.revision, content)
        return self.rows[path]

    def showed(self, path: Path, start: int, row: Row | None) -> None:
        """Record a read."""
        revision, content = (row.revision, row.value) if row else (0, None)
        self.seen.append(Operation(path, start, self.tick(), revision, content))

    def look(self, path: Path, cache: Cache) -> None:
        """Read the database, then the cache."""
        self.showed(path, self.tick(), self.rows.get(path))
        self.showed(path, self.tick(), cache.read(path, lambda: self.rows.get(path)))


class Running:
    """An actor at work."""

    def __init__(self, world: World, number: int, actor: Actor) -> None:
        self.world = world
        self.cache = world.kind.caches[actor.process]
        self.actor = actor
        self.path = actor.path or PATH
        self.content = b"by %d" % number
        self.start = 0
        self.unanswered = False
        self.write: Any = None
        self.written: Row | None = None
        self.row: Row | None = None
        self.lease: Any = None
        self.hit = False

    def do(self, step: str) -> None:
        """One step."""
        getattr(self, step)()

    def begin(self) -> None:
        self.start = self.world.tick()
        self.unanswered = True
        self.write = self.cache.begin(None if self.actor.path is None else [self.path])

    def commit(self) -> None:
        self.written = self.world.commit(self.path, self.content)
        self.world.kind.committed(self.write, self.written)

    def end(self) -> None:
        assert self.written
        self.cache.end(self.write, known=True)
        self.unanswered = False
        self.world.seen.append(self._wrote(self.world.tick(), self.written.revision))

    def die(self) -> None:
        self.world.kind.kill(self.write)

    def lost(self) -> None:
        self.cache.end(self.write, known=False)

    def wait(self) -> None:
        self.world.kind.wait()

    def forget(self) -> None:
        self.world.kind.forget()

    def flush(self) -> None:
        self.world.kind.flush()

    def _wrote(self, end: float, revision: int | None) -> Operation:
        return Operation(self.path, self.start, end, revision, self.content, write=True)

    def ask(self) -> None:
        self.start = self.world.tick()
        self.hit, row, self.lease = self.cache.ask(self.path)
        if self.hit:
            self.world.showed(self.path, self.start, row)

    def load(self) -> None:
        if not self.hit:
            self.row = self.world.rows.get(self.path)

    def fill(self) -> None:
        if not self.hit:
            if self.lease is not None:
                self.cache.fill(self.path, self.lease, self.row)
            self.world.showed(self.path, self.start, self.row)

    def look(self) -> None:
        self.world.look(self.path, self.cache)

    def close(self) -> None:
        """Record the write that was not answered."""
        if self.unanswered:
            self.world.seen.append(self._wrote(NEVER, None))


def run(kind: Kind, actors: Sequence[Actor], schedule: Schedule) -> list[Violation]:
    """One interleaving, and at its end a look through each cache: what was wrong."""
    kind.reset()
    world = World(kind)
    running = [Running(world, number, actor) for number, actor in enumerate(actors)]
    steps = [iter(actor.steps.split()) for actor in actors]
    for number in schedule:
        running[number].do(next(steps[number]))
    for path in {actor.path or PATH for actor in actors}:
        for cache in kind.caches:
            world.look(path, cache)
    for actor in running:
        actor.close()
    return violations(world.seen)


def schedules(kind: Kind, actors: Sequence[Actor]) -> Iterator[Schedule]:
    """All interleavings that can be: a writer waits for one that holds its lock, and no commit outlasts LINGER_S."""
    steps = [actor.steps.split() for actor in actors]

    def further(done: list[int], schedule: Schedule) -> Iterator[Schedule]:
        if len(schedule) == sum(map(len, steps)):
            yield schedule
        for number, at in enumerate(done):
            if at < len(steps[number]) and _possible(kind, actors, steps, done, number):
                done[number] += 1
                yield from further(done, (*schedule, number))
                done[number] -= 1

    yield from further([0] * len(actors), ())


def _possible(kind: Kind, actors: Sequence[Actor], steps: list[list[str]], done: list[int], number: int) -> bool:
    """Whether the actor's next step can come now."""
    step = steps[number][done[number]]
    others = [other for other in range(len(actors)) if other != number and "begin" in steps[other][: done[other]]]
    if step == "begin" and kind.exclusive:
        alike = [other for other in others if (actors[other].path is None) == (actors[number].path is None)]
        return all(_over(steps[other][: done[other]]) for other in alike)
    if step == "wait":
        return all(_settled(kind, steps[other], done[other]) for other in others)
    return True


def _over(done: list[str]) -> bool:
    return "end" in done or any(gone in done for gone in GONE)


def _settled(kind: Kind, steps: list[str], at: int) -> bool:
    """Whether LINGER_S may go by: never before a commit that is to come from a writer that is gone."""
    gone = any(step in GONE for step in steps[:at])
    if gone or not kind.unbounded:
        return "commit" not in steps[at:] and (gone or "end" in steps[:at])
    return True
