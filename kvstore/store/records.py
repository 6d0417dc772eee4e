"""One key: reading, saving, deleting, and when it expires. Absent is: never saved, deleted, or expired."""

from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from kvstore import keys
from kvstore.backends import Row, When
from kvstore.cache import cache
from kvstore.conditions import Condition
from kvstore.keys import Path
from kvstore.store.answers import Once
from kvstore.store.databases import reading
from kvstore.store.faults import Absent, VersionConflict
from kvstore.store.writing import Value, Writing, expiry, writing


@dataclass(frozen=True)
class Written:
    """A committed change: the version that is there now, its revision, and whether the key was absent before."""

    version: int
    revision: int
    created: bool = False
    expires_at: datetime | None = None


def get(path: Path, now: datetime) -> Row:
    """The record at `now`, from the cache where it is known; raises Absent."""
    row = cache().read(path, lambda: stored(path))
    if row is None or not row.lives(now):
        raise Absent(path, row.revision if row else 0)
    return row


def stored(path: Path) -> Row | None:
    """The row in the database, of a deleted or expired record too."""
    with reading() as rows:
        return rows.read(path)


def put(
    path: Path, value: Value, *, ttl_s: float | None = None, condition: Condition | None = None,
    now: When, author: str = "", once: Once | None = None,
) -> Written:  # fmt: skip
    """Save a value.

    ttl_s      seconds from `now` until it is absent, to the microsecond; None: for good, also where it had a ttl
    condition  what the current version must be; None: whatever is there
    now        the time, or a function that is asked for it once nobody else writes
    raises     VersionConflict, QuotaExceeded, Repeated, CacheAway
    """
    with writing(keys.split(path)[0], [path], now, author) as transaction:
        expires_at = expiry(transaction.now, ttl_s)
        if condition is None:
            saved = transaction.put([(path, value, expires_at)])[0]
        else:
            found = transaction.put_if(path, value, expires_at, condition)
            saved = found or refuse(transaction, path, condition, absent_is_none=False)
        written = Written(saved.version, transaction.revision, saved.created, expires_at)
        if once:
            transaction.remember(once, written)
    return written


def delete(path: Path, *, condition: Condition | None = None, now: When, author: str = "") -> int:
    """Delete a record, which keeps its version: the revision of the deletion.

    raises  Absent, VersionConflict, CacheAway
    """
    with writing(keys.split(path)[0], [path], now, author) as transaction:
        if not transaction.bury(path, condition):
            refuse(transaction, path, condition)
    return transaction.revision


def touch(
    path: Path, ttl_s: float | None, *, condition: Condition | None = None, now: When, author: str = "",
    once: Once | None = None,
) -> Written:  # fmt: skip
    """Set or clear when a record expires; its version stays.

    raises  Absent, VersionConflict, Repeated, CacheAway
    """
    with writing(keys.split(path)[0], [path], now, author) as transaction:
        expires_at = expiry(transaction.now, ttl_s)
        found = transaction.touch(path, expires_at, condition) or refuse(transaction, path, condition)
        written = Written(found.version, transaction.revision, expires_at=expires_at)
        if once:
            transaction.remember(once, written)
    return written


def refuse(transaction: Writing, path: Path, condition: Condition | None, *, absent_is_none: bool = True) -> NoReturn:
    """Raise what kept the write from happening.

    absent_is_none  an absent key is Absent whatever the condition (RFC 9110, 13.2.1: without it the answer were 404)
    """
    row = transaction.rows.read(path)
    current = row.version if row and row.lives(transaction.now) else 0
    revision = row.revision if row else 0
    if condition is None or (absent_is_none and not current):
        raise Absent(path, revision)
    raise VersionConflict(str(condition), current, revision)
