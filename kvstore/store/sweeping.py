"""What writes leave behind: expired records, values above the bounds of history, old log lines, old answers.

Each step is a short transaction of one namespace, so that writers wait for none of it long.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby, takewhile
from typing import cast

from kvstore import keys
from kvstore.backends.rows import marks, text
from kvstore.cache import cache
from kvstore.keys import Path
from kvstore.models import PUT
from kvstore.store.answers import KEPT_FOR
from kvstore.store.databases import reading
from kvstore.store.writing import writing

STEP = 500
UNDATED = datetime.min.replace(tzinfo=UTC)  # the time of a write that writes none
EXPIRED = "SELECT path FROM kvstore_record WHERE expires_at <= %s AND NOT deleted ORDER BY expires_at LIMIT %s"
CROWDED = """
SELECT path FROM kvstore_change WHERE path > %s AND kept GROUP BY path HAVING COUNT(*) > %s ORDER BY path LIMIT %s
"""
LAST_TOO_MANY = "SELECT revision FROM kvstore_change WHERE path = %s AND kept ORDER BY revision DESC LIMIT 1 OFFSET %s"
FORGET_VALUES = """
UPDATE kvstore_change SET kept = %s, value = NULL, meta = '' WHERE path = %s AND kept AND revision <= %s
"""
OLDEST = "SELECT namespace, revision, path, op, version, at FROM kvstore_change ORDER BY id LIMIT %s"
DROP_LINES = "DELETE FROM kvstore_change WHERE namespace = %s AND revision IN "
DROP_TOMBSTONE = "DELETE FROM kvstore_record WHERE path = %s AND revision = %s AND deleted"
FORGOTTEN = "UPDATE kvstore_namespace SET forgotten_revision = %s, version_floor = %s WHERE name = %s"
OLD_ANSWERS = "SELECT token FROM kvstore_answer WHERE at <= %s ORDER BY at LIMIT %s"
DROP_ANSWERS = "DELETE FROM kvstore_answer WHERE at <= %s AND token IN "


@dataclass(frozen=True)
class Line:
    """A line of the log that is old."""

    namespace: str
    revision: int
    path: Path
    op: str
    version: int
    at: datetime


def expire(now: datetime, namespace: str | None = None) -> Iterator[int]:
    """Turn expired records into deleted ones, of one namespace or of all: each step yields how many it did.

    Each takes a revision, so that those who watch come to know.
    """
    while paths := expired(now, namespace):
        done = 0
        for name, some in by_namespace(sorted(paths)):
            alike = list(some)
            with writing(name, alike, now) as open_writing:
                done += sum(open_writing.bury(path, expired=True) is not None for path in alike)
        yield done


def by_namespace(paths: Sequence[Path]) -> Iterator[tuple[str, Iterator[Path]]]:
    """Paths in order, by their namespace."""
    return groupby(paths, lambda path: keys.split(path)[0])


def expired(now: datetime, namespace: str | None) -> list[Path]:
    """Some records whose time is over, the longest gone first."""
    low, high = keys.prefix_range("" if namespace is None else f"{namespace}/")
    inside = "" if high is None else " AND path >= %s AND path < %s"
    with reading() as rows:
        bounds = [] if high is None else [low, high]
        found = rows.select(EXPIRED.replace(" ORDER", f"{inside} ORDER"), [rows.time(now), *bounds, STEP])
        return [Path(text(path)) for (path,) in found]


def trim_by_count(count: int) -> Iterator[int]:
    """Keep of each key the last `count` changes in its history: each step yields of how many keys it forgot some."""
    after = ""
    while True:
        with reading() as rows:
            crowded = [Path(text(path)) for (path,) in rows.select(CROWDED, [after, count, STEP])]
        if not crowded:
            return
        yield sum(forget_values(name, list(paths), count) for name, paths in by_namespace(crowded))
        after = crowded[-1]


def forget_values(namespace: str, paths: Sequence[Path], count: int) -> int:
    """Of some keys of a namespace, under its lock: else MariaDB could undo this, or who deletes the namespace."""
    done = 0
    with writing(namespace, [], UNDATED) as open_writing:
        for path in paths:
            last = open_writing.rows.select(LAST_TOO_MANY, [path, count])
            if last:
                open_writing.rows.run(FORGET_VALUES, [False, path, last[0][0]])
            done += bool(last)
    return done


def trim_by_age(before: datetime) -> Iterator[int]:
    """Forget the log up to a moment, with what remained of records deleted by then: each step yields its lines."""
    while lines := old_lines(before):
        for name, some in groupby(sorted(lines, key=lambda line: line.namespace), lambda line: line.namespace):
            forget(name, list(some))
        yield len(lines)


def old_lines(before: datetime) -> list[Line]:
    """The first lines of the log, as long as they are old: it was written in the order of time."""
    with reading() as rows:
        found = [
            Line(text(namespace), revision, Path(text(path)), op, version, cast("datetime", rows.aware(at)))
            for namespace, revision, path, op, version, at in rows.select(OLDEST, [STEP])
        ]
    return list(takewhile(lambda line: line.at < before, found))


def forget(namespace: str, lines: Sequence[Line]) -> None:
    """Drop lines of one namespace and what is left of the records that they deleted."""
    with writing(namespace, None, lines[-1].at) as open_writing:
        rows, head = open_writing.rows, open_writing.head
        rows.run(DROP_LINES + marks(len(lines)), [namespace, *(line.revision for line in lines)])
        dropped = [
            line.version for line in lines if line.op != PUT and rows.run(DROP_TOMBSTONE, [line.path, line.revision])
        ]
        last = max([head.forgotten_revision, *(line.revision for line in lines)])
        rows.run(FORGOTTEN, [last, max([head.version_floor, *dropped]), namespace])


def drop_answers(now: datetime) -> Iterator[int]:
    """Forget answers to requests that nobody may send again as the same: each step yields how many."""
    with reading() as rows:
        end = rows.time(now - KEPT_FOR)
        while old := rows.select(OLD_ANSWERS, [end, STEP]):
            # Unless one was given anew meanwhile.
            yield rows.run(DROP_ANSWERS + marks(len(old)), [end, *(token for (token,) in old)])


def forget_cached() -> None:
    """Have every process read from the database again, after it was written to past the store."""
    with cache().changing(None):
        return
