"""How the lines of an export come to stand among what is here: versions, revisions, conflicts.

Versions. A key that is absent gets the version of the file, or where that may have been given here already the next
one that was not: after that of its own row where there is one, else after the floor that the namespace had. A key that
gives way gets the version of the file or its own next one, the higher. The floor, and what is left of deleted keys,
rise to the floor of the file, and to the versions of keys in it that are to be absent. So no version is given twice,
neither one of here nor one of there; but a key that stays as it was here goes on as it would have.

Revisions. They never go back, and end no lower than the file's. A namespace that is new here counts from 1 and then
jumps to the revision of the file, which had at least as many changes; any other goes on above both. Who followed the
changes of the other server and resumes here is told that they are forgotten, and reads the list.

History is taken for keys of which nothing is known here; all who follow the namespace are to read the list then.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from kvstore import keys
from kvstore.backends import Head, Logged, Rows
from kvstore.backends.rows import batches, marks, text
from kvstore.exports import Change, Header, Record
from kvstore.keys import Path
from kvstore.models import PUT
from kvstore.store.databases import reading
from kvstore.store.sweeping import expire
from kvstore.store.writing import Writing, writing

FOUND = """
SELECT path, version, size_bytes, content_type, meta, created_revision, deleted, expires_at, updated_at
FROM kvstore_record WHERE path IN """
VALUES = "SELECT path, value FROM kvstore_record WHERE path IN "
WITH_HISTORY = "SELECT DISTINCT path FROM kvstore_change WHERE kept AND path IN "
# A row that is there is dropped first, on both databases.
PLACE = """
REPLACE INTO kvstore_record
    (path, content_type, meta, size_bytes, replaced_bytes, version, revision, created_revision, expires_at, created_at,
     updated_at, deleted, value)
VALUES """
PLACED = "(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, FALSE, %s)"
# What is left of deleted keys says from where on their versions go on.
RAISE_ABSENT = "UPDATE kvstore_record SET version = %s WHERE path >= %s AND path < %s AND deleted AND version < %s"
SET_HEAD = "UPDATE kvstore_namespace SET revision = %s, forgotten_revision = %s, version_floor = %s WHERE name = %s"


class OnConflict(StrEnum):
    """What happens to a key that is there with another value."""

    SKIP = "skip"
    REPLACE = "replace"
    FAIL = "fail"
    NEWER = "newer"  # what was written later stays; so does a deletion


class Exists(Exception):
    """A key is there with another value, and was not to be."""

    def __init__(self, line: int, path: Path) -> None:
        """Where in the file, and where here."""
        super().__init__(f"line {line}: {path} is there with another value")
        self.line = line


@dataclass
class Done:
    """What became of the records, and of the lines of history.

    unchanged  they are there as they are in the file
    skipped    another value is there, which was not to give way
    expired    since they were exported
    """

    created: int = 0
    replaced: int = 0
    unchanged: int = 0
    skipped: int = 0
    expired: int = 0
    history: int = 0
    history_left_out: int = 0

    def add(self, other: "Done") -> None:
        """Count the other's too."""
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def __str__(self) -> str:
        """In words."""
        said = [f"{count} {name}" for name, count in vars(self).items() if not name.startswith("history")]
        if lines := self.history + self.history_left_out:
            said.append(f"{self.history} of {lines} lines of history")
        return ", ".join(said)


@dataclass(frozen=True)
class Wanted:
    """What is imported, and how.

    clock    gives the time now
    names    under which name each namespace of the file goes, no other is imported; None: all, under their own
    history  the lines of history too
    author   who imports
    """

    on_conflict: OnConflict
    clock: Callable[[], datetime]
    max_value_bytes: int
    names: Mapping[str, str] | None = None
    history: bool = False
    author: str = ""


class Line(NamedTuple):
    """A record or a change, with the number of its line and its path here."""

    number: int
    path: Path
    item: Record | Change


@dataclass(frozen=True)
class Batch:
    """Lines of one namespace that are committed together, each record's path once, and its changes before it.

    namespace  here
    number     of the first line; of the namespace's end where there is none
    """

    namespace: str
    header: Header
    number: int
    lines: Sequence[Line]
    last: bool


class Found(NamedTuple):
    """A record that is here; see `models.Record`."""

    version: int
    size_bytes: int
    content_type: str
    meta: str
    created_revision: int
    deleted: bool
    expires_at: datetime | None
    updated_at: datetime | None

    def lives(self, now: datetime) -> bool:
        """Whether the key is there."""
        return not self.deleted and (self.expires_at is None or self.expires_at > now)


class Here:
    """What is here at the paths of some lines.

    found         rows by path
    same          the paths of records that are there as they are
    with_history  the paths of changes that have a history already
    """

    def __init__(self, rows: Rows, lines: Sequence[Line]) -> None:
        """Ask for it."""
        self.found: dict[Path, Found] = {}
        self.same = set[Path]()
        self.with_history = set[Path]()
        for some in batches(list({line.path for line in lines})):
            for path, *about, expires_at, updated_at in rows.select(FOUND + marks(len(some)), some):
                times = rows.aware(expires_at), rows.aware(updated_at)
                self.found[Path(text(path))] = Found._make((*about, *times))
        for some in batches(list({line.path for line in lines if isinstance(line.item, Change)})):
            self.with_history |= {Path(text(path)) for (path,) in rows.select(WITH_HISTORY + marks(len(some)), some)}
        alike = [line for line in lines if self._alike(line)]
        for lines_alike in batches(alike, lambda line: len(line.item.value or b"")):
            values = rows.select(VALUES + marks(len(lines_alike)), [line.path for line in lines_alike])
            there = {text(path): bytes(value) for path, value in values}
            self.same |= {line.path for line in lines_alike if there[line.path] == line.item.value}

    def refuses(self, line: Line, now: datetime) -> bool:
        """Whether a record's key is there with another value."""
        found = self.found.get(line.path)
        return found is not None and found.lives(now) and line.path not in self.same

    def _alike(self, line: Line) -> bool:
        """Whether what is there differs from the record in its value at most."""
        found, record = self.found.get(line.path), line.item
        if found is None or not isinstance(record, Record):
            return False
        about = (len(record.value), record.content_type, record.meta, record.expires_at)
        return about == (found.size_bytes, found.content_type, found.meta, found.expires_at)


class Placed(NamedTuple):
    """A record as its row is to be."""

    path: Path
    record: Record
    replaced_bytes: int
    version: int
    revision: int
    created_revision: int


@dataclass
class Draft:
    """What a batch will write. `revision` is the last one that is taken."""

    revision: int
    now: datetime
    author: str
    done: Done = field(default_factory=Done)
    logged: list[Logged] = field(default_factory=list)
    placed: list[Placed] = field(default_factory=list)

    def log_change(self, path: Path, change: Change) -> None:
        """Take a line of history. The log is trimmed in the order of time, so nothing in it is of the future."""
        self.revision += 1
        self.logged.append(
            Logged(
                self.revision, path, change.op, change.version, min(change.at, self.now), change.by,
                change.content_type, change.meta, len(change.value or b""), change.expires_at, change.value,
            )
        )  # fmt: skip

    def log_record(self, path: Path, record: Record, version: int) -> None:
        """The log tells that the record was put, now and by who imports."""
        self.revision += 1
        self.logged.append(
            Logged(
                self.revision, path, PUT, version, self.now, self.author, record.content_type, record.meta,
                len(record.value), record.expires_at, record.value,
            )
        )  # fmt: skip


class Section:
    """A namespace of a file on its way in."""

    def __init__(self, namespace: str, header: Header, wanted: Wanted) -> None:
        """Before its first batch."""
        self.header = header
        self._namespace = namespace
        self._wanted = wanted
        with reading() as rows:
            head = rows.head(namespace)
        self._hidden = head is None or head.deleted
        # What the floor was before, what it is since, and what it is to be at least.
        self._floor = self._floor_set = head.version_floor if head else 0
        self._highest = header.version_floor
        self._is_new: bool | None = None  # known with its first change
        # The path whose history was taken last, with version and revision of its last value.
        self._taken: tuple[Path, int, int] | None = None

    def write(self, batch: Batch) -> Done:
        """Commit a batch: what became of its lines. Raises Exists, QuotaExceeded, CacheAway: nothing of it is here."""
        if not batch.lines and not self.header.revision:
            return Done()
        now = self._wanted.clock()
        paths = {line.path for line in batch.lines if isinstance(line.item, Record)}
        with writing(self._namespace, paths, now, self._wanted.author) as transaction:
            here = Here(transaction.rows, batch.lines)
            draft = Draft(self._revision_before(transaction.head), now, self._wanted.author)
            for line in batch.lines:
                if isinstance(line.item, Record):
                    self._draft_record(line, line.item, here, draft, transaction.head)
                else:
                    self._draft_change(line.path, line.item, here, draft)
            if draft.logged or draft.placed or (batch.last and self._lacks(transaction.head)):
                self._carry_out(draft, transaction, last=batch.last)
        return draft.done

    def close(self) -> None:
        """Have keys that are absent here, and were there once, go on above the versions that they had there."""
        if not self._highest:
            return
        now = self._wanted.clock()
        for _ in expire(now, self._namespace):
            pass  # a row that has its value would be taken for another version of it
        with writing(self._namespace, None, now) as transaction:
            bounds = keys.prefix_range(f"{self._namespace}/")
            transaction.rows.run(RAISE_ABSENT, [self._highest, *bounds, self._highest])

    def _revision_before(self, head: Head) -> int:
        """The revision after which the next change comes."""
        is_new = head.revision == 0 if self._is_new is None else self._is_new
        return head.revision if is_new else max(head.revision, self.header.revision + 1)

    def _lacks(self, head: Head) -> bool:
        """Whether the namespace falls short of the file even where none of its records is to be written."""
        return head.version_floor < self._highest or head.forgotten_revision < self.header.revision

    def _draft_change(self, path: Path, change: Change, here: Here, draft: Draft) -> None:
        """A line of history, of a key that was not known, with versions that were not given here."""
        is_known = path in here.found or path in here.with_history
        goes_on = self._taken is not None and self._taken[0] == path
        if (is_known and not goes_on) or change.version <= self._floor:
            draft.done.history_left_out += 1
            return
        draft.log_change(path, change)
        draft.done.history += 1
        version, revision = (change.version, draft.revision) if change.op == PUT else (0, 0)
        self._taken = path, version, revision

    def _draft_record(self, line: Line, record: Record, here: Here, draft: Draft, head: Head) -> None:
        """A record, where it is to be written; raises Exists."""
        found = here.found.get(line.path)
        lives = found is not None and found.lives(draft.now)
        if record.expires_at is not None and record.expires_at <= draft.now:
            self._highest = max(self._highest, record.version)
            draft.done.expired += 1
        elif lives and line.path in here.same:
            draft.done.unchanged += 1
        elif found and not self._gives_way(line, record, found, lives=lives):
            if not lives:
                self._highest = max(self._highest, record.version)
            draft.done.skipped += 1
        else:
            draft.done.replaced += lives
            draft.done.created += not lives
            self._place(line.path, record, found, draft, head)

    def _place(self, path: Path, record: Record, found: Found | None, draft: Draft, head: Head) -> None:
        """The record as its row is to be, and a line of the log where its history has not told it already."""
        version = max(record.version, self._next(found, head))
        if self._taken and self._taken[:2] == (path, version):
            revision = self._taken[2]
        else:
            draft.log_record(path, record, version)
            revision = draft.revision
        created_revision = found.created_revision if found and found.lives(draft.now) else revision
        replaced_bytes = -1 if found is None or found.deleted else found.size_bytes
        draft.placed.append(Placed(path, record, replaced_bytes, version, revision, created_revision))

    def _gives_way(self, line: Line, record: Record, found: Found, *, lives: bool) -> bool:
        """Whether what is here makes place; raises Exists."""
        if self._wanted.on_conflict == OnConflict.NEWER and (lives or found.deleted):
            return found.updated_at is None or found.updated_at < record.updated_at
        if lives and self._wanted.on_conflict == OnConflict.FAIL:
            raise Exists(line.number, line.path)
        return not lives or self._wanted.on_conflict == OnConflict.REPLACE

    def _next(self, found: Found | None, head: Head) -> int:
        """The lowest version that was surely not given to the key here."""
        if found:
            return found.version + 1
        # Who has raised the floor meanwhile knows of rows that are gone since.
        return (self._floor if head.version_floor == self._floor_set else head.version_floor) + 1

    def _carry_out(self, draft: Draft, transaction: Writing, *, last: bool) -> None:
        """Write the rows, the log, and the namespace's own row."""
        head, rows = transaction.head, transaction.rows
        if self._is_new is None:
            self._is_new = head.revision == 0
        if draft.logged:
            transaction.log(draft.logged)
        place(rows, draft.placed)
        transaction.count(
            sum(one.replaced_bytes < 0 for one in draft.placed),
            sum(len(one.record.value) - max(one.replaced_bytes, 0) for one in draft.placed),
        )
        # Who has read the list since the last batch is to see that there is more.
        revision = max(draft.revision, head.revision + 1 if draft.placed else 0)
        if last:
            revision = max(revision, self.header.revision)
        forgotten = revision if self._is_new or self._taken else self.header.revision + 1
        self._floor_set = max(head.version_floor, self._highest)
        rows.run(SET_HEAD, [revision, max(head.forgotten_revision, forgotten), self._floor_set, self._namespace])
        self._hidden = self._hidden and not draft.placed
        transaction.revision, transaction.deleted = revision, self._hidden


def place(rows: Rows, placed: Sequence[Placed]) -> None:
    """Write records as they are to be, whatever is there."""
    for some in batches(placed, lambda one: len(one.record.value)):
        values = [
            value
            for path, record, replaced_bytes, version, revision, created_revision in some
            for value in (
                path, record.content_type, record.meta, len(record.value), replaced_bytes, version, revision,
                created_revision, rows.time(record.expires_at), rows.time(record.created_at),
                rows.time(record.updated_at), record.value,
            )
        ]  # fmt: skip
        rows.run(PLACE + ", ".join([PLACED] * len(some)), values)
