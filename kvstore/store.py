"""What saving, reading and deleting mean. Versions go on for ever; absent is: never saved, deleted, or expired.

Each write is one transaction: the namespace's next revision, whose lock holds until the commit, then one statement for
the record with no read before it. When a function returns, its write is committed; when it raises, nothing was written.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connections, router, transaction

from kvstore import keys
from kvstore.backends import Put, Row, Rows, rows_of
from kvstore.keys import Path
from kvstore.models import Record


class Absent(LookupError):
    """There is no such key. `revision` is that of its last change, 0 where there was none."""

    def __init__(self, path: Path, revision: int) -> None:
        """What was looked for."""
        namespace, key = keys.split(path)
        super().__init__(f"there is no key {key} in the namespace {namespace}")
        self.revision = revision


class VersionConflict(Exception):
    """Another version is the current one: `current`, 0 where the key is absent. `revision` as in Absent."""

    def __init__(self, wanted: int, current: int, revision: int) -> None:
        """The version that was asked for, and what is there."""
        there = f"the current version is {current}" if current else "the key is absent, which is version 0"
        super().__init__(f"{there}, not {wanted}")
        self.current = current
        self.revision = revision


@dataclass(frozen=True)
class Written:
    """A committed value: its version, its revision, and whether the key was absent before."""

    version: int
    revision: int
    created: bool


def get(path: Path, now: datetime) -> Row:
    """The record at `now`; raises Absent."""
    connection = connections[router.db_for_write(Record)]  # a replica may not have yet what was acknowledged
    with connection.cursor() as cursor:
        row = rows_of(connection, cursor).read(path)
    if row is None or not row.lives(now):
        raise Absent(path, row.revision if row else 0)
    return row


def put(
    path: Path,
    value: bytes,
    content_type: str,
    *,
    ttl_s: float | None = None,
    version: int | None = None,
    now: datetime,
) -> Written:
    """Save a value.

    ttl_s    seconds from `now` until it is absent, to the microsecond; None: for good, also where it had a ttl
    version  the one that must be current, 0: the key must be absent; None: whatever is there
    raises   VersionConflict
    """
    expires_at = None if ttl_s is None else now + timedelta(seconds=ttl_s)
    with writing(path, now) as (rows, revision):
        write = Put(path, value, content_type, expires_at, revision, now)
        if version is None:
            new, created = rows.put(write)
            return Written(new, revision, created)
        saved = rows.replace(write, version) if version else rows.create(write)
        if saved is None:
            row = rows.read(path)
            current = row.version if row and row.lives(now) else 0
            raise VersionConflict(version, current, row.revision if row else 0)
        return Written(saved, revision, created=version == 0)


def delete(path: Path, now: datetime) -> int:
    """Delete a record, which keeps its version: the revision of the deletion. Raises Absent."""
    with writing(path, now) as (rows, revision):
        if not rows.delete(path, revision, now):
            row = rows.read(path)
            raise Absent(path, row.revision if row else 0)
        return revision


@contextmanager
def writing(path: Path, now: datetime) -> Iterator[tuple[Rows, int]]:
    """A transaction that holds the namespace's lock, and its next revision; an exception undoes both."""
    alias = router.db_for_write(Record)
    with transaction.atomic(using=alias, durable=True), connections[alias].cursor() as cursor:
        rows = rows_of(connections[alias], cursor)
        yield rows, rows.next_revision(keys.split(path)[0], now)
