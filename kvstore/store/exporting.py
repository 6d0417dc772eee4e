"""Namespaces as the lines of an export: all of one moment, however long it takes, and a page in memory at a time.

Keys come in byte order, what is kept of a key's history before its record, so that an import meets a version's past
before the version itself. Quotas are not part of it: they belong to a server, not to what is in it.
"""

from collections.abc import Collection, Generator, Iterator, Sequence
from datetime import datetime
from heapq import merge
from typing import Any, Literal, cast

from kvstore import keys
from kvstore.backends import Rows
from kvstore.backends.rows import LIVES, batches, marks, text
from kvstore.exports import Change, End, Header, Item, Record
from kvstore.keys import Path
from kvstore.store.databases import reading, snapshot
from kvstore.store.faults import NoNamespace

PAGE = 500
NAMES = "SELECT name FROM kvstore_namespace WHERE revision > 0 ORDER BY name"
# Of keys that are absent nothing is told but that their versions were given.
HIGHEST_ABSENT = f"SELECT MAX(version) FROM kvstore_record WHERE path >= %s AND path < %s AND NOT ({LIVES})"
RECORDS = f"""
SELECT path, size_bytes, version, content_type, meta, expires_at, created_at, updated_at FROM kvstore_record
WHERE path > %s AND path < %s AND {LIVES} ORDER BY path LIMIT %s
"""
CHOSEN = f"""
SELECT path, size_bytes, version, content_type, meta, expires_at, created_at, updated_at FROM kvstore_record
WHERE {LIVES} AND path IN """
VALUES = "SELECT path, value FROM kvstore_record WHERE path IN "
# A touch has no value of its own and is no part of what can be restored.
LINES = """
SELECT id, path, size_bytes, op, version, revision, at, author, content_type, meta, expires_at FROM kvstore_change
WHERE kept AND (op <> 'put' OR value IS NOT NULL) AND """
OF_KEY = f"{LINES} path = %s AND revision > %s ORDER BY revision LIMIT %s"
OF_LATER_KEYS = f"{LINES} path > %s AND path < %s ORDER BY path, revision LIMIT %s"
LINE_VALUES = "SELECT id, value FROM kvstore_change WHERE id IN "

Entry = tuple[Path, Record | Change]


def export(namespaces: Collection[str] | None = None, *, history: bool = False, now: datetime) -> Generator[Item]:
    """Every item of these namespaces, None: of all, each as it is at one revision. Nobody is locked out meanwhile.

    history  with the values that keys had before, as long as they are kept
    raises   NoNamespace, before the first item
    """
    with snapshot() as rows:
        names = all_names(rows) if namespaces is None else sorted(set(namespaces))
        for name in namespaces or ():
            head = rows.head(name)
            if head is None or head.deleted:
                raise NoNamespace(name)
        for at, name in enumerate(names, 1):
            low, high = bounds_of(name)
            entries = records(rows, low, high, now)
            if history:
                entries = merge(changes(rows, low, high), entries, key=lambda entry: entry[0])
            yield from section(rows, name, entries, now, more=at < len(names))


def export_keys(paths: Collection[Path], *, now: datetime) -> Generator[Item]:
    """The records at these paths, of those that are there at all."""
    with snapshot() as rows:
        names = sorted({keys.split(path)[0] for path in paths})
        for at, name in enumerate(names, 1):
            own = sorted(path for path in paths if keys.split(path)[0] == name)
            yield from section(rows, name, chosen(rows, own, now), now, more=at < len(names))


def key_count(namespaces: Collection[str] | None = None) -> int:
    """About how many records an export will have."""
    with reading() as rows:
        names = all_names(rows) if namespaces is None else namespaces
        return sum(head.key_count for name in names if (head := rows.head(name)))


def all_names(rows: Rows) -> list[str]:
    """Those that were ever written to, deleted ones too: their revisions and versions go on."""
    return [text(name) for (name,) in rows.select(NAMES, [])]


def bounds_of(namespace: str) -> tuple[str, str]:
    """The paths of a namespace lie between these."""
    low, high = keys.prefix_range(f"{namespace}/")
    return low, cast("str", high)


def section(rows: Rows, namespace: str, entries: Iterator[Entry], now: datetime, *, more: bool) -> Iterator[Item]:
    """A namespace's header, its entries and its end."""
    head = rows.head(namespace)
    highest = rows.select(HIGHEST_ABSENT, [*bounds_of(namespace), rows.time(now)])[0][0] or 0
    yield Header(namespace, head.revision if head else 0, max(head.version_floor if head else 0, highest))
    count = {Record: 0, Change: 0}
    for _, item in entries:
        count[type(item)] += 1
        yield item
    yield End(namespace, count[Record], count[Change], more)


def records(rows: Rows, low: str, high: str, now: datetime) -> Iterator[Entry]:
    """The keys that live, in order."""
    page: Sequence[Any] = [(low,)]
    while page:
        page = rows.select(RECORDS, [page[-1][0], high, rows.time(now), PAGE])
        yield from with_values(rows, page)


def chosen(rows: Rows, paths: Sequence[Path], now: datetime) -> Iterator[Entry]:
    """Those of the keys that live, in order."""
    for some in batches(paths):
        page = rows.select(f"{CHOSEN}{marks(len(some))} ORDER BY path", [rows.time(now), *some])
        yield from with_values(rows, page)


def with_values(rows: Rows, page: Sequence[Any]) -> Iterator[Entry]:
    """Rows of RECORDS as items; of the values only a few megabytes are in memory."""
    for some in batches(page, lambda row: int(row[1])):
        values = dict(rows.select(VALUES + marks(len(some)), [row[0] for row in some]))
        for path, _, version, content_type, meta, expires_at, created_at, updated_at in some:
            name = Path(text(path))
            yield name, Record(
                keys.split(name)[1], version, bytes(values[path]), content_type, meta, rows.aware(expires_at),
                aware(rows, created_at), aware(rows, updated_at),
            )  # fmt: skip


def changes(rows: Rows, low: str, high: str) -> Iterator[Entry]:
    """What is kept of the history of each key, deleted ones too, by key and then by revision."""
    after = low
    while page := rows.select(OF_LATER_KEYS, [after, high, PAGE]):
        yield from with_line_values(rows, page)
        after, revision = page[-1][1], page[-1][5]
        # The page may have ended within a key.
        while len(page) == PAGE and (page := rows.select(OF_KEY, [after, revision, PAGE])):
            yield from with_line_values(rows, page)
            revision = page[-1][5]


def with_line_values(rows: Rows, page: Sequence[Any]) -> Iterator[Entry]:
    """Rows of LINES as items."""
    for some in batches(page, lambda row: int(row[2])):
        values = dict(rows.select(LINE_VALUES + marks(len(some)), [row[0] for row in some]))
        for number, path, _, op, version, revision, at, author, content_type, meta, expires_at in some:
            name = Path(text(path))
            value = None if values[number] is None else bytes(values[number])
            yield name, Change(
                cast("Literal['put', 'delete', 'expire']", op), keys.split(name)[1], version, revision,
                aware(rows, at), author, value, content_type, meta, rows.aware(expires_at),
            )  # fmt: skip


def aware(rows: Rows, time: datetime) -> datetime:
    """A time of a column that is never NULL."""
    return cast("datetime", rows.aware(time))
