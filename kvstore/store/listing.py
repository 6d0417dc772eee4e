"""Lists of keys: a page is one snapshot, found by the primary key at any depth, never counted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from kvstore import keys
from kvstore.backends import Rows
from kvstore.backends.rows import LIVES, text
from kvstore.keys import Path
from kvstore.store.databases import snapshot

# Of values in one page: the page ends early where there are more.
MAX_PAGE_BYTES = 8 * 2**20
COLUMNS = "path, version, size_bytes, content_type, meta, updated_at, expires_at"
LOWEST = "\x01"  # a key has no control character: what follows a key directly begins at the key and this


@dataclass(frozen=True)
class Item:
    """A key without its value, or with it where it was asked for."""

    key: str
    version: int
    size_bytes: int
    content_type: str
    meta: str
    updated_at: datetime
    expires_at: datetime | None
    value: bytes | None = None


@dataclass(frozen=True)
class Page:
    """Keys and common prefixes, each in byte order, of the snapshot at `revision`.

    last  the key or prefix after which the next page begins; None: there is nothing more
    """

    items: Sequence[Item]
    prefixes: Sequence[str]
    last: str | None
    revision: int


@dataclass(frozen=True)
class Wanted:
    """Which keys of a namespace.

    prefix     that keys begin with
    delimiter  keys that have it after the prefix are told as one common prefix, up to its end; empty: none
    after      the key or common prefix that the page before ended with; None: from the start
    places     paths that the sender may see begin with one of these; None: all
    """

    namespace: str
    prefix: str = ""
    delimiter: str = ""
    after: str | None = None
    places: Sequence[str] | None = None
    values: bool = False


def page(wanted: Wanted, limit: int, now: datetime) -> Page:
    """At most `limit` keys and common prefixes."""
    with snapshot() as rows:
        head = rows.head(wanted.namespace)
        items: list[Item] = []
        prefixes: list[str] = []
        last, size_bytes, more = None, 0, False
        for found in entries(rows, wanted, limit, now):
            size_bytes += found.size_bytes if wanted.values and isinstance(found, Item) else 0
            if len(items) + len(prefixes) == limit or (items and size_bytes > MAX_PAGE_BYTES):
                more = True
                break
            if isinstance(found, Item):
                items.append(found)
                last = found.key
            else:
                prefixes.append(found)
                last = found
        if wanted.values:
            items = with_values(rows, wanted.namespace, items)
        return Page(items, prefixes, last if more else None, head.revision if head else 0)


def entries(rows: Rows, wanted: Wanted, limit: int, now: datetime) -> Iterator[Item | str]:
    """Keys and common prefixes in byte order. Of the keys under one prefix only the first few are looked at."""
    start = Path(f"{wanted.namespace}/{wanted.prefix}")
    # What comes before it has been told; a common prefix may go on in the next of the places.
    told_to = "" if wanted.after is None else following(wanted.after, wanted)
    for inside in keys.narrowed(start, wanted.places):
        low, high = keys.prefix_range(inside)
        position: str | None = max(low, told_to)
        count = 2 if wanted.delimiter else limit + 1
        while position is not None:
            found = between(rows, position, high, count, now)
            position = found[-1][0] + LOWEST if len(found) == count else None
            for path, item in found:
                if path < told_to:
                    continue
                group = common_prefix(item.key, wanted)
                yield item if group is None else group
                told_to = path if group is None else following(group, wanted)
            if position is not None and position < told_to:
                position, count = told_to, 2
            else:
                count = min(2 * count, limit + 1)


def common_prefix(key: str, wanted: Wanted) -> str | None:
    """What the key is told as, up to the end of the delimiter; None: as itself."""
    at = key.find(wanted.delimiter, len(wanted.prefix)) if wanted.delimiter else -1
    return None if at < 0 else key[: at + len(wanted.delimiter)]


def following(last: str, wanted: Wanted) -> str:
    """The path from where on there is what follows a key, or all keys under a common prefix."""
    path = f"{wanted.namespace}/{last}"
    if common_prefix(last, wanted) != last:
        return path + LOWEST
    return cast("str", keys.prefix_range(path)[1])  # a namespace has no highest character, so there is one


def between(rows: Rows, low: str, high: str | None, count: int, now: datetime) -> list[tuple[str, Item]]:
    """The first `count` live records from `low` to below `high`, by path."""
    statement = (
        f"SELECT {COLUMNS} FROM kvstore_record WHERE path >= %s{'' if high is None else ' AND path < %s'} AND {LIVES}"
    )
    bounds = [low] if high is None else [low, high]
    found = rows.select(f"{statement} ORDER BY path LIMIT %s", [*bounds, rows.time(now), count])
    return [item_of(rows, *columns) for columns in found]


def item_of(rows: Rows, path: str | bytes, *columns: Any) -> tuple[str, Item]:
    """A row of COLUMNS."""
    version, size_bytes, content_type, meta, updated_at, expires_at = columns
    name = text(path)
    times = cast("datetime", rows.aware(updated_at)), rows.aware(expires_at)
    return name, Item(keys.split(name)[1], version, size_bytes, content_type, meta, *times)


def with_values(rows: Rows, namespace: str, items: Sequence[Item]) -> list[Item]:
    """The same with their values."""
    paths = [Path(f"{namespace}/{item.key}") for item in items]
    found = rows.read_many(paths)
    return [replace(item, value=found[path].value) for item, path in zip(items, paths, strict=True)]
