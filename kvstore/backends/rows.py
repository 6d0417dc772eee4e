"""What both databases say alike, and what a row is outside SQL."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, ClassVar, NamedTuple, TypeVar

from django.db.backends.base.base import BaseDatabaseWrapper

from kvstore.backends.sessions import Cursor
from kvstore.conf import STATEMENT_BYTES
from kvstore.keys import Path

# Of rows in one statement: sqlite takes 32,766 parameters.
MAX_ROWS = 500
T = TypeVar("T")
# When a write happens: told, or asked for once nobody else writes. Who waits longer than a record lives finds it gone.
When = datetime | Callable[[], datetime]

HEAD = """
SELECT revision, version_floor, forgotten_revision, key_count, byte_count, max_keys, max_bytes, deleted
FROM kvstore_namespace WHERE name = %s
"""
NEW_NAMESPACE = """
INSERT INTO kvstore_namespace
    (name, revision, version_floor, forgotten_revision, key_count, byte_count, deleted, created_at)
VALUES (%s, 0, 0, 0, 0, 0, TRUE, %s)
"""
UNMAKE_NAMESPACE = "DELETE FROM kvstore_namespace WHERE name = %s AND revision = 0 AND deleted"
COUNT = """
UPDATE kvstore_namespace
SET revision = %s, key_count = key_count + %s, byte_count = byte_count + %s, deleted = %s
WHERE name = %s
"""
COLUMNS = "value, content_type, meta, version, revision, expires_at, updated_at, deleted"
READ = f"SELECT {COLUMNS} FROM kvstore_record WHERE path = %s"
READ_MANY = f"SELECT path, {COLUMNS} FROM kvstore_record WHERE path IN "
LIVES = "NOT deleted AND (expires_at IS NULL OR expires_at > %s)"
REPLACE = f"""
UPDATE kvstore_record
SET version = version + 1, revision = %s, content_type = %s, meta = %s, replaced_bytes = size_bytes, size_bytes = %s,
    expires_at = %s, updated_at = %s, value = %s
WHERE path = %s AND {LIVES}
"""
TOUCH = f"UPDATE kvstore_record SET revision = %s, expires_at = %s WHERE path = %s AND {LIVES}"
BURY = f"""
UPDATE kvstore_record
SET revision = %s, content_type = '', meta = '', replaced_bytes = size_bytes, size_bytes = 0, expires_at = NULL,
    updated_at = %s, deleted = %s, value = %s
WHERE path = %s AND {LIVES}
"""
BURY_EXPIRED = BURY.replace(LIVES, "NOT deleted AND expires_at <= %s")
VERSIONS = "SELECT path, version FROM kvstore_record WHERE path IN "
SIZES = "SELECT path, size_bytes FROM kvstore_record WHERE path IN "
AFTER = "SELECT version, replaced_bytes, size_bytes, content_type, meta FROM kvstore_record WHERE path = %s"
LOG = """
INSERT INTO kvstore_change
    (namespace, revision, path, op, version, at, author, content_type, meta, size_bytes, expires_at, kept, value)
VALUES """
INSERT = """
INSERT INTO kvstore_record
    (path, content_type, meta, size_bytes, replaced_bytes, version, revision, created_revision, expires_at, created_at,
     updated_at, deleted, value)
VALUES """
INSERTED = "(%s, %s, %s, %s, -1, %s, %s, %s, %s, %s, %s, %s, %s)"
FIND_ANSWER = "SELECT digest, status, revision, body FROM kvstore_answer WHERE token = %s AND at > %s"
DROP_ANSWER = "DELETE FROM kvstore_answer WHERE token = %s AND at <= %s"
KEEP_ANSWER = "INSERT INTO kvstore_answer (token, digest, status, revision, at, body) VALUES (%s, %s, %s, %s, %s, %s)"


@dataclass(frozen=True, slots=True)
class Row:
    """A record as it stands, or stood until it was deleted or expired.

    meta        JSON of the user's metadata; empty: none
    version     of the last value; those that follow go on from it
    revision    of the last change, its deletion included
    expires_at  aware, UTC; None: never
    updated_at  aware, UTC: when the value was written, or deleted
    """

    value: bytes
    content_type: str
    meta: str
    version: int
    revision: int
    expires_at: datetime | None
    updated_at: datetime
    deleted: bool

    def lives(self, now: datetime) -> bool:
        """Whether the record is there at `now`: neither deleted nor expired."""
        return not self.deleted and (self.expires_at is None or self.expires_at > now)


class Head(NamedTuple):
    """A namespace's own row; see `models.Namespace`."""

    revision: int
    version_floor: int
    forgotten_revision: int
    key_count: int
    byte_count: int
    max_keys: int | None
    max_bytes: int | None
    deleted: bool


@dataclass(frozen=True, slots=True)
class Put:
    """A value that is to be written, at `now` and under `revision`."""

    path: Path
    value: bytes
    content_type: str
    meta: str
    expires_at: datetime | None
    revision: int
    now: datetime


class Stored(NamedTuple):
    """What a put did: the version, whether the key was absent, and the bytes it replaced (-1: no counted record)."""

    version: int
    created: bool
    replaced_bytes: int


class Buried(NamedTuple):
    """What a deletion, an expiry or a touch found: the version and the bytes of the value, its type and metadata."""

    version: int
    replaced_bytes: int
    size_bytes: int
    content_type: str
    meta: str


class Logged(NamedTuple):
    """A line of the log; see `models.Change`."""

    revision: int
    path: Path
    op: str
    version: int
    at: datetime
    author: str
    content_type: str
    meta: str
    size_bytes: int
    expires_at: datetime | None
    value: bytes | None


class Versions(NamedTuple):
    """Which current versions a write is for: those `listed`, or all others; see `conditions`."""

    listed: Collection[int]
    negated: bool


class Rows:
    """The statements. A subclass adds those that its database says in its own way."""

    BEGIN_SNAPSHOT: ClassVar[tuple[str, ...]]
    LOCK: ClassVar[str]
    MAKE_NAMESPACE: ClassVar[str]
    UPSERT: ClassVar[str]
    ALWAYS: ClassVar[str]
    WHERE_ABSENT: ClassVar[str]

    def __init__(self, connection: BaseDatabaseWrapper, cursor: Cursor) -> None:
        """Over an open cursor of the connection."""
        self._connection = connection
        self._cursor = cursor
        self._times: dict[datetime, Any] = {}

    # --- the namespace

    def head(self, namespace: str) -> Head | None:
        """The namespace's row as it stands; None where there never was one."""
        self._cursor.execute(HEAD, [namespace])
        found = self._cursor.fetchone()
        return Head(*found) if found else None

    def lock(self, namespace: str, now: When) -> Head:
        """The namespace's row, made when missing, locked until the transaction ends."""
        while True:
            self._cursor.execute(self.LOCK, [namespace])
            if found := self._cursor.fetchone():
                return Head(*found)
            self._cursor.execute(self.MAKE_NAMESPACE, [namespace, self.time(moment(now))])

    def unmake(self, namespace: str) -> None:
        """Take away a row that was made for its lock alone."""
        self._cursor.execute(UNMAKE_NAMESPACE, [namespace])

    def count(self, namespace: str, revision: int, keys: int, size_bytes: int, *, deleted: bool = False) -> None:
        """Set the revision; add to the counts what came and went."""
        self._cursor.execute(COUNT, [revision, keys, size_bytes, deleted, namespace])

    # --- records

    def put(self, puts: Sequence[Put], version_floor: int) -> list[Stored]:
        """Write whatever is there. Each path comes once."""
        stored: dict[str, Stored] = {}
        for some in batches(puts, lambda put: len(put.value)):
            self._cursor.execute(
                self._put(len(some)), [value for put in some for value in self._row(put, version_floor)]
            )
            created = {put.path: put.revision for put in some}
            for path, version, created_revision, replaced in self._cursor.fetchall():
                name = text(path)
                stored[name] = Stored(version, created_revision == created[Path(name)], replaced)
        return [stored[put.path] for put in puts]

    def create(self, put: Put, version_floor: int) -> Stored | None:
        """Write where the key is absent; None where it is there."""
        self._cursor.execute(self._create(), self._row(put, version_floor))
        row = self._cursor.fetchone()
        return Stored(row[1], True, row[3]) if row and row[2] == put.revision else None

    def replace(self, put: Put, versions: Versions) -> Stored | None:
        """Write over the current version where it is one of `versions`; None where it is not, or the key is absent."""
        now = self.time(put.now)
        changed = [put.revision, put.content_type, put.meta, len(put.value), self.time(put.expires_at), now, put.value]
        if not self._change(REPLACE, [*changed, put.path, now], versions):
            return None
        after = self._after(put.path)
        return Stored(after.version, False, after.replaced_bytes)

    def bury(
        self, path: Path, revision: int, now: datetime, versions: Versions | None, *, expired: bool = False
    ) -> Buried | None:
        """Leave of the record its version and the revision of its deletion; None where it is not there.

        expired  it is to be one that has expired, not one that lives
        """
        statement = BURY_EXPIRED if expired else BURY
        values = [revision, self.time(now), True, b"", path, self.time(now)]
        return self._after(path) if self._change(statement, values, versions) else None

    def touch(
        self, path: Path, revision: int, expires_at: datetime | None, now: datetime, versions: Versions | None
    ) -> Buried | None:
        """Set or clear when it expires; None where it is not there."""
        values = [revision, self.time(expires_at), path, self.time(now)]
        return self._after(path) if self._change(TOUCH, values, versions) else None

    def read(self, path: Path) -> Row | None:
        """The row, of a deleted or expired record too; None where there never was one."""
        self._cursor.execute(READ, [path])
        found = self._cursor.fetchone()
        return None if found is None else self._found(found)

    def read_many(self, paths: Collection[Path]) -> dict[Path, Row]:
        """The rows that there are."""
        found: dict[Path, Row] = {}
        for some in batches(list(paths)):
            self._cursor.execute(READ_MANY + marks(len(some)), some)
            found |= {Path(text(path)): self._found(rest) for path, *rest in self._cursor.fetchall()}
        return found

    def versions(self, paths: Collection[Path], now: datetime) -> dict[Path, int]:
        """The current versions of the records that are there at `now`."""
        found: dict[Path, int] = {}
        for some in batches(list(paths)):
            self._cursor.execute(f"{VERSIONS}{marks(len(some))} AND {LIVES}", [*some, self.time(now)])
            found |= {Path(text(path)): version for path, version in self._cursor.fetchall()}
        return found

    def sizes(self, paths: Collection[Path]) -> dict[Path, int]:
        """The bytes of the values that there are."""
        found: dict[Path, int] = {}
        for some in batches(list(paths)):
            self._cursor.execute(SIZES + marks(len(some)), some)
            found |= {Path(text(path)): size_bytes for path, size_bytes in self._cursor.fetchall()}
        return found

    # --- the log, and answers that are kept

    def log(self, namespace: str, changes: Sequence[Logged]) -> None:
        """Append to the namespace's log."""
        for some in batches(changes, lambda change: len(change.value or b"")):
            values: list[Any] = []
            for change in some:
                at, expires_at = self.time(change.at), self.time(change.expires_at)
                values += [namespace, *change[:4], at, *change[5:9], expires_at, True, change.value]
            self._cursor.execute(log_of(len(some)), values)

    def answer(self, token: str, since: datetime) -> tuple[str, int, int | None, bytes] | None:
        """Digest, status, revision and body of the answer that was kept after `since`."""
        self._cursor.execute(FIND_ANSWER, [token, self.time(since)])
        found = self._cursor.fetchone()
        return None if found is None else (found[0], found[1], found[2], bytes(found[3]))

    def keep_answer(
        self, token: str, digest: str, status: int, revision: int | None, body: bytes, now: datetime, since: datetime
    ) -> None:
        """Keep an answer in the place of one older than `since`; raises IntegrityError where there is a younger."""
        self._cursor.execute(DROP_ANSWER, [token, self.time(since)])
        with self._connection.wrap_database_errors:
            self._cursor.execute(KEEP_ANSWER, [token, digest, status, revision, self.time(now), body])

    # --- below the statements

    def begin_snapshot(self) -> None:
        """From here on every question sees this moment. Outside a transaction only."""
        for statement in self.BEGIN_SNAPSHOT:
            self._cursor.execute(statement)

    def end_snapshot(self) -> None:
        """Each question sees its own moment again."""
        self._cursor.execute("COMMIT")

    def select(self, statement: str, values: Iterable[Any]) -> list[tuple[Any, ...]]:
        """The rows of a question that is not asked above."""
        self._cursor.execute(statement, list(values))
        return list(self._cursor.fetchall())

    def run(self, statement: str, values: Iterable[Any]) -> int:
        """How many rows a change changed."""
        self._cursor.execute(statement, list(values))
        return int(self._cursor.rowcount)

    def time(self, time: datetime | None) -> Any:
        """An aware time as the database compares it."""
        if time is None:
            return None
        if time not in self._times:  # `now` is asked for several times
            self._times[time] = self._connection.ops.adapt_datetimefield_value(time)
        return self._times[time]

    def aware(self, time: datetime | None) -> datetime | None:
        """A time of the database, aware."""
        return time and time.replace(tzinfo=self._connection.timezone).astimezone(UTC)

    def _change(self, statement: str, values: Sequence[Any], versions: Versions | None) -> bool:
        """Whether the statement changed the row of the path, whose version is one of `versions`, if they are given."""
        if versions is not None and versions.listed:
            statement += f" AND version {'NOT IN' if versions.negated else 'IN'} {marks(len(versions.listed))}"
            values = [*values, *versions.listed]
        self._cursor.execute(statement, values)
        return bool(self._cursor.rowcount)

    def _after(self, path: Path) -> Buried:
        self._cursor.execute(AFTER, [path])
        return Buried(*self._cursor.fetchone())

    def _row(self, put: Put, version_floor: int) -> list[Any]:
        now = self.time(put.now)
        return [
            put.path, put.content_type, put.meta, len(put.value), version_floor + 1, put.revision, put.revision,
            self.time(put.expires_at), now, now, False, put.value,
        ]  # fmt: skip

    def _found(self, columns: Sequence[Any]) -> Row:
        value, content_type, meta, version, revision, expires_at, updated_at, deleted = columns
        changed = self.aware(updated_at)
        assert changed is not None  # noqa: S101 - the column is never NULL
        return Row(bytes(value), content_type, meta, version, revision, self.aware(expires_at), changed, bool(deleted))

    @classmethod
    @cache
    def _put(cls, count: int) -> str:
        return INSERT + ", ".join([INSERTED] * count) + cls.ALWAYS

    @classmethod
    @cache
    def _create(cls) -> str:
        return INSERT + INSERTED + cls.WHERE_ABSENT


def moment(when: When) -> datetime:
    """The time that was told, or the one that it is."""
    return when if isinstance(when, datetime) else when()


@cache
def log_of(count: int) -> str:
    """The statement that appends `count` lines."""
    return LOG + ", ".join(["(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"] * count)


@cache
def marks(count: int) -> str:
    """Placeholders for a list."""
    return f"({', '.join(['%s'] * count)})"


def text(column: str | bytes) -> str:
    """Text that MySQL and MariaDB keep as bytes."""
    return column.decode() if isinstance(column, bytes) else column


def batches(items: Sequence[T], bytes_of: Callable[[T], int] = lambda _: 0) -> Iterator[list[T]]:
    """The items in order, as many at a time as fit into one statement."""
    batch: list[T] = []
    size_bytes = 0
    for item in items:
        if batch and (len(batch) == MAX_ROWS or size_bytes + bytes_of(item) > STATEMENT_BYTES):
            yield batch
            batch, size_bytes = [], 0
        batch.append(item)
        size_bytes += bytes_of(item)
    if batch:
        yield batch
