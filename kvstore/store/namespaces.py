"""Namespaces as a whole: which there are, how large, their quotas, and their end."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from kvstore import keys
from kvstore.backends import Head, When
from kvstore.backends.rows import marks, text
from kvstore.models import DELETE
from kvstore.store.databases import reading
from kvstore.store.faults import NoNamespace
from kvstore.store.writing import writing

LISTED = """
SELECT name, revision, key_count, byte_count, max_keys, max_bytes, created_at FROM kvstore_namespace
WHERE name > %s AND NOT deleted"""
# The log tells each key's end under a revision of its own; what the values were is forgotten.
LOG_ALL = """
INSERT INTO kvstore_change
    (namespace, revision, path, op, version, at, author, content_type, meta, size_bytes, expires_at, kept, value)
SELECT %s, %s + ROW_NUMBER() OVER (ORDER BY path), path, %s, version, %s, %s, '', '', 0, NULL, %s, NULL
FROM kvstore_record WHERE path >= %s AND path < %s AND NOT deleted ORDER BY path
"""
FORGET_VALUES = """
UPDATE kvstore_change SET kept = %s, value = NULL, meta = '' WHERE namespace = %s AND kept
"""
HIGHEST_VERSION = "SELECT MAX(version) FROM kvstore_record WHERE path >= %s AND path < %s"
DROP_ALL = "DELETE FROM kvstore_record WHERE path >= %s AND path < %s"
END = """
UPDATE kvstore_namespace SET revision = %s, version_floor = %s, key_count = 0, byte_count = 0, deleted = %s
WHERE name = %s
"""
SET_QUOTA = "UPDATE kvstore_namespace SET max_keys = %s, max_bytes = %s, deleted = %s WHERE name = %s"


@dataclass(frozen=True)
class Size:
    """A namespace: keys that are not deleted, the bytes of their values, and its quota (None: none)."""

    name: str
    revision: int
    keys: int
    size_bytes: int
    max_keys: int | None
    max_bytes: int | None
    created_at: datetime


def sizes(limit: int, after: str = "", names: Collection[str] | None = None) -> tuple[Sequence[Size], bool]:
    """At most `limit` namespaces by name, and whether there are more; of `names` only, where they are given."""
    inside = "" if names is None else f" AND name IN {marks(len(names))}" if names else " AND FALSE"
    with reading() as rows:
        found = rows.select(f"{LISTED}{inside} ORDER BY name LIMIT %s", [after, *(names or ()), limit + 1])
        listed = [
            Size(text(row[0]), row[1], row[2], row[3], row[4], row[5], cast("datetime", rows.aware(row[6])))
            for row in found[:limit]
        ]
    return listed, len(found) > limit


def head_of(namespace: str) -> Head:
    """The namespace's row; raises NoNamespace."""
    with reading() as rows:
        head = rows.head(namespace)
    if head is None or head.deleted:
        raise NoNamespace(namespace, head.revision if head else 0)
    return head


def delete(namespace: str, *, now: When, author: str = "") -> int:
    """Delete all keys of a namespace with their history: the revision of the last deletion.

    Versions and revisions go on where they were when it is written to again. Raises NoNamespace, CacheAway.
    """
    low, high = keys.prefix_range(f"{namespace}/")
    with writing(namespace, None, now, author) as transaction:
        rows, head = transaction.rows, transaction.head
        if head.deleted:
            raise NoNamespace(namespace, head.revision)
        rows.run(FORGET_VALUES, [False, namespace])
        logged = rows.run(
            LOG_ALL, [namespace, head.revision, DELETE, rows.time(transaction.now), author, False, low, high]
        )
        # Without a key to tell of, the end itself takes a revision, so that caches of lists see it.
        revision = head.revision + max(logged, 1)
        floor = max(head.version_floor, rows.select(HIGHEST_VERSION, [low, high])[0][0] or 0)
        rows.run(DROP_ALL, [low, high])
        rows.run(END, [revision, floor, True, namespace])
    return revision


def set_quota(namespace: str, max_keys: int | None, max_bytes: int | None, *, now: When) -> None:
    """Bound a namespace, made where there is none; what is above a bound already stays. None: no bound."""
    with writing(namespace, [], now) as transaction:
        transaction.rows.run(SET_QUOTA, [max_keys, max_bytes, False, namespace])
