"""An export read back into the store, a few hundred lines a transaction; `merging` says what becomes of them.

The file is read twice: first all of it is checked, so that one that is cut short or wrong changes nothing. What stops
an import after that (a quota that is full, a database that goes away) leaves what was committed before; the same
import again finds that unchanged and goes on.
"""

from collections.abc import Callable, Collection, Iterator
from typing import IO

from django.db import DatabaseError

from kvstore import exports
from kvstore.cache import CacheAway
from kvstore.conf import STATEMENT_BYTES
from kvstore.exports import BadLine, Change, End, Header, Record
from kvstore.keys import Path, path_of
from kvstore.models import MAX_AUTHOR
from kvstore.store.databases import reading
from kvstore.store.faults import QuotaExceeded
from kvstore.store.merging import Batch, Done, Exists, Here, Line, OnConflict, Section, Wanted

STEP = 300
MAX_STEP = 3000  # with the history of the last key
# A version or a revision above this would soon have no next one.
MAX_COUNT = 2**53 - 1


class NotInFile(LookupError):
    """Namespaces that were chosen are not in the file."""

    def __init__(self, names: Collection[str]) -> None:
        """All of them."""
        super().__init__(f"the file has no namespace {', '.join(sorted(names))}")


class Stopped(Exception):
    """The import ended before its end: what stands before `line` is committed. `fault` is why."""

    def __init__(self, line: int, done: Done, fault: Exception) -> None:
        """Say where, why, and what was done."""
        super().__init__(f"stopped before line {line}: {fault}; until there: {done}")
        self.line = line
        self.fault = fault


def quiet(_what: str, _position: int) -> None:
    """Tell nobody."""


def run(file: IO[bytes], wanted: Wanted, told: Callable[[str, int], None] = quiet) -> Done:
    """Check all of a file that can be read twice, then import it.

    told    is called after each step with `checked` or `imported` and the position in the file
    raises  BadLine, NotInFile, Exists: nothing was written; Stopped
    """
    start = file.tell()
    for batch in batches_of(file, wanted):
        check(batch, wanted)
        told("checked", file.tell())
    file.seek(start)
    done, section = Done(), None
    for batch in batches_of(file, wanted):
        try:
            if section is None or section.header is not batch.header:
                section = Section(batch.namespace, batch.header, wanted)
            done.add(section.write(batch))
            if batch.last:
                section.close()
        except (Exists, QuotaExceeded, CacheAway, DatabaseError) as fault:
            raise Stopped(batch.number, done, fault) from fault
        told("imported", file.tell())
    return done


class Filling:
    """The lines of the next batch."""

    def __init__(self) -> None:
        """None yet."""
        self.lines: list[Line] = []
        self._records = set[Path]()
        self._size_bytes = 0

    def add(self, line: Line) -> bool:
        """Take the line; False where it belongs to another batch: this one is full, or has the record of the key."""
        self._size_bytes += len(line.item.value or b"")
        if self.lines and (self._is_full(line) or line.path in self._records):
            return False
        self.lines.append(line)
        if isinstance(line.item, Record):
            self._records.add(line.path)
        return True

    def _is_full(self, line: Line) -> bool:
        """Whether there are enough; a key and its history stay together where they can."""
        count = len(self.lines)
        goes_on = line.path == self.lines[-1].path and count < MAX_STEP
        return (count >= STEP and not goes_on) or self._size_bytes > STATEMENT_BYTES


def batches_of(file: IO[bytes], wanted: Wanted) -> Iterator[Batch]:
    """The lines that are wanted, as many at a time as are committed together; raises BadLine, NotInFile."""
    missing = set(wanted.names or ())
    header, namespace, filling = None, None, Filling()
    for number, item in exports.read(file, wanted.max_value_bytes):
        if isinstance(item, Header):
            header = item
            missing.discard(item.namespace)
            namespace = item.namespace if wanted.names is None else wanted.names.get(item.namespace)
        elif header is None or namespace is None:
            continue
        elif isinstance(item, End):
            yield batch_of(namespace, header, filling, number, last=True)
            filling = Filling()
        elif wanted.history or isinstance(item, Record):
            line = Line(number, path_of(namespace, item.key), item)
            if not filling.add(line):
                yield batch_of(namespace, header, filling, number, last=False)
                filling = Filling()
                filling.add(line)
    if missing:
        raise NotInFile(missing)


def batch_of(namespace: str, header: Header, filling: Filling, number: int, *, last: bool) -> Batch:
    """The lines that came before the one with `number`."""
    return Batch(namespace, header, filling.lines[0].number if filling.lines else number, filling.lines, last)


def check(batch: Batch, wanted: Wanted) -> None:
    """Pass lines that can be imported, or raise BadLine, Exists."""
    if max(batch.header.revision, batch.header.version_floor) > MAX_COUNT:
        raise BadLine(batch.number, f"the namespace's revision and version_floor are at most {MAX_COUNT}")
    for line in batch.lines:
        if line.item.version > MAX_COUNT:
            raise BadLine(line.number, f"the version is {line.item.version}; at most {MAX_COUNT} is imported")
        if isinstance(line.item, Change) and len(line.item.by) > MAX_AUTHOR:
            raise BadLine(line.number, f"by has {len(line.item.by)} characters; at most {MAX_AUTHOR} are kept")
    if wanted.on_conflict == OnConflict.FAIL:
        with reading() as rows:
            here = Here(rows, batch.lines)
        for line in batch.lines:
            if here.refuses(line, wanted.clock()):
                raise Exists(line.number, line.path)
