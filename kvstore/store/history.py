"""What a key held before, while it is kept: a bound by count and by age is held by `sweeping`, never by a write."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from kvstore import keys
from kvstore.backends import Rows, When
from kvstore.keys import Path
from kvstore.store.answers import Once
from kvstore.store.databases import reading, snapshot
from kvstore.store.faults import Absent, NoVersion
from kvstore.store.records import Written
from kvstore.store.writing import Value, writing

LISTED = """
SELECT version, revision, op, at, author, size_bytes, content_type FROM kvstore_change
WHERE path = %s AND kept AND revision < %s ORDER BY revision DESC LIMIT %s
"""
KEPT = """
SELECT value, content_type, meta, revision, at FROM kvstore_change
WHERE path = %s AND kept AND version = %s AND value IS NOT NULL
"""
END = 2**63 - 1


@dataclass(frozen=True)
class Entry:
    """One change of a key; see `models.Change`."""

    version: int
    revision: int
    op: str
    at: datetime
    author: str
    size_bytes: int
    content_type: str


@dataclass(frozen=True)
class Entries:
    """The newest first; `last` is the revision below which the next page begins, None: there is nothing more."""

    items: Sequence[Entry]
    last: int | None
    revision: int


@dataclass(frozen=True)
class Kept:
    """The value of one version."""

    value: Value
    version: int
    revision: int
    at: datetime


def entries(path: Path, limit: int, before: int | None = None) -> Entries:
    """Changes of a key before a revision, the newest first; raises Absent where nothing of it is kept."""
    with snapshot() as rows:
        head = rows.head(keys.split(path)[0])
        found = rows.select(LISTED, [path, END if before is None else before, limit + 1])
        row = None if found or before is not None else rows.read(path)
    # A record may have outlived its lines in the log.
    if not found and before is None and (row is None or row.deleted):
        raise Absent(path, row.revision if row else 0)
    items = [
        Entry(version, revision, op, cast("datetime", rows.aware(at)), *rest)
        for version, revision, op, at, *rest in found[:limit]
    ]
    last = items[-1].revision if len(found) > limit else None
    return Entries(items, last, head.revision if head else 0)


def value_at(path: Path, version: int) -> Kept:
    """The value that a version had; raises NoVersion."""
    with reading() as rows:
        return kept(rows, path, version)


def kept(rows: Rows, path: Path, version: int) -> Kept:
    """From the log, or the record itself where it has outlived its line there."""
    row = rows.read(path)
    if row is not None and row.version == version and not row.deleted:
        return Kept(Value(row.value, row.content_type, row.meta), version, row.revision, row.updated_at)
    found = rows.select(KEPT, [path, version])
    if not found:
        raise NoVersion(path, version, row.revision if row else 0)
    value, content_type, meta, revision, at = found[0]
    return Kept(Value(bytes(value), content_type, meta), version, revision, cast("datetime", rows.aware(at)))


def restore(path: Path, version: int, *, now: When, author: str = "", once: Once | None = None) -> Written:
    """Save the value of a version again, as a new version and for good; undeletes.

    raises  NoVersion, QuotaExceeded, Repeated, CacheAway
    """
    with writing(keys.split(path)[0], [path], now, author) as transaction:
        old = kept(transaction.rows, path, version)
        saved = transaction.put([(path, old.value, None)])[0]
        written = Written(saved.version, transaction.revision, saved.created)
        if once:
            transaction.remember(once, written)
    return written
