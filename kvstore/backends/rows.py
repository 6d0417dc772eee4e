"""What both databases say alike, and what a row is outside SQL."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.db.backends.base.base import BaseDatabaseWrapper

from kvstore.keys import Path

READ = "SELECT value, content_type, version, revision, expires_at, deleted FROM kvstore_record WHERE path = %s"
REPLACE = """
UPDATE kvstore_record
SET version = version + 1, revision = %s, value = %s, content_type = %s, expires_at = %s, updated_at = %s
WHERE path = %s AND version = %s AND NOT deleted AND (expires_at IS NULL OR expires_at > %s)
"""
DELETE = """
UPDATE kvstore_record
SET revision = %s, value = %s, content_type = '', expires_at = NULL, updated_at = %s, deleted = %s
WHERE path = %s AND NOT deleted AND (expires_at IS NULL OR expires_at > %s)
"""


@dataclass(frozen=True)
class Row:
    """A record as it stands, or stood until it was deleted or expired.

    version     of the last value; those that follow go on from it
    revision    of the last change, its deletion included
    expires_at  aware, UTC; None: never
    """

    value: bytes
    content_type: str
    version: int
    revision: int
    expires_at: datetime | None
    deleted: bool

    def lives(self, now: datetime) -> bool:
        """Whether the record is there at `now`: neither deleted nor expired."""
        return not self.deleted and (self.expires_at is None or self.expires_at > now)


@dataclass(frozen=True)
class Put:
    """What is to be written, at `now` and under the namespace's next revision."""

    path: Path
    value: bytes
    content_type: str
    expires_at: datetime | None
    revision: int
    now: datetime


class Rows:
    """The statements. A subclass adds those that its database says in its own way."""

    BUMP: ClassVar[str]
    PUT: ClassVar[str]
    CREATE: ClassVar[str]

    def __init__(self, connection: BaseDatabaseWrapper, cursor: Any) -> None:
        """Over an open cursor of the connection."""
        self._connection = connection
        self._cursor = cursor

    def next_revision(self, namespace: str, now: datetime) -> int:
        """The next revision of a namespace, made when missing; locks it until the transaction ends."""
        self._cursor.execute(self.BUMP, [namespace, self._time(now)])
        return int(self._cursor.fetchone()[0])

    def put(self, put: Put) -> tuple[int, bool]:
        """Write whatever is there: the new version, and whether the key was absent."""
        version, created_revision = self._upsert(self.PUT, put)
        return version, created_revision == put.revision

    def create(self, put: Put) -> int | None:
        """Write where the key is absent: the new version, or None where it is there."""
        row = self._upsert(self.CREATE, put)
        return int(row[0]) if row and row[1] == put.revision else None

    def replace(self, put: Put, version: int) -> int | None:
        """Write over the current `version`: the new one, or None where another one or none is current."""
        now = self._time(put.now)
        changed = [put.revision, put.value, put.content_type, self._time(put.expires_at), now]
        self._cursor.execute(REPLACE, [*changed, put.path, version, now])
        return version + 1 if self._cursor.rowcount else None

    def delete(self, path: Path, revision: int, now: datetime) -> bool:
        """Leave of the record its version and the revision of its deletion; False where the key is absent."""
        self._cursor.execute(DELETE, [revision, b"", self._time(now), True, path, self._time(now)])
        return bool(self._cursor.rowcount)

    def read(self, path: Path) -> Row | None:
        """The row, of a deleted or expired record too; None where there never was one."""
        self._cursor.execute(READ, [path])
        found = self._cursor.fetchone()
        if found is None:
            return None
        value, content_type, version, revision, expires_at, deleted = found
        aware = expires_at and expires_at.replace(tzinfo=self._connection.timezone).astimezone(UTC)
        return Row(bytes(value), content_type, version, revision, aware, bool(deleted))

    def _upsert(self, statement: str, put: Put) -> Any:
        """Version and created_revision of the row after the statement; None where it returns no row."""
        now = self._time(put.now)
        times = [self._time(put.expires_at), now, now]
        self._cursor.execute(
            statement, [put.path, put.value, put.content_type, put.revision, put.revision, *times, False]
        )
        return self._cursor.fetchone()

    def _time(self, time: datetime | None) -> Any:
        """An aware time as the database compares it."""
        return time and self._connection.ops.adapt_datetimefield_value(time)
