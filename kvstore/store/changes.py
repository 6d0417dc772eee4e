"""What happened in a namespace, in the order of its revisions.

A revision is taken under the namespace's lock, which is held to the commit: who sees revision r sees all before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from kvstore import keys
from kvstore.backends import Head, Rows
from kvstore.backends.rows import text
from kvstore.store.databases import reading
from kvstore.store.faults import Forgotten


@dataclass(frozen=True)
class Happened:
    """One change; see `models.Change`."""

    revision: int
    key: str
    op: str
    version: int
    at: datetime


@dataclass(frozen=True)
class Changes:
    """Changes in order.

    revision  to resume from: nothing up to it is left out
    snapshot  of the namespace when they were looked for, higher than `revision` where more are waiting
    """

    items: Sequence[Happened]
    revision: int
    snapshot: int


def since(
    namespace: str, revision: int, *, prefix: str = "", places: Sequence[str] | None = None, limit: int
) -> Changes:
    """The first changes after `revision`, at most `limit`.

    prefix  that keys begin with
    places  paths that the sender may see begin with one of these; None: all
    raises  Forgotten: some of them are not kept any more
    """
    with reading() as rows:
        head = rows.head(namespace)
        if head is None:
            return Changes([], 0, 0)
        if revision < head.forgotten_revision:
            raise Forgotten(namespace, revision, head.forgotten_revision, head.revision)
        # Read before them: what is committed by now is seen below, and what comes later has a higher revision.
        if revision >= head.revision:
            return Changes([], head.revision, head.revision)
        found = log(rows, namespace, revision, head.revision, keys.narrowed(f"{namespace}/{prefix}", places), limit + 1)
        # What was trimmed meanwhile is not told by what is left.
        head_after = cast("Head", rows.head(namespace))
    if revision < head_after.forgotten_revision:
        raise Forgotten(namespace, revision, head_after.forgotten_revision, head_after.revision)
    more = len(found) > limit
    return Changes(found[:limit], found[limit - 1].revision if more else head.revision, head.revision)


def log(rows: Rows, namespace: str, low: int, high: int, prefixes: Sequence[str], count: int) -> list[Happened]:
    """The first `count` lines of the log after `low`, up to `high`, on paths that begin with one of `prefixes`."""
    ranges = [keys.prefix_range(prefix) for prefix in prefixes]
    inside = " OR ".join("path >= %s" if end is None else "(path >= %s AND path < %s)" for _, end in ranges) or "FALSE"
    bounds = [bound for both in ranges for bound in both if bound is not None]
    statement = (
        "SELECT revision, path, op, version, at FROM kvstore_change "
        f"WHERE namespace = %s AND revision > %s AND revision <= %s AND ({inside}) ORDER BY revision LIMIT %s"
    )
    return [
        Happened(at_revision, keys.split(text(path))[1], op, version, cast("datetime", rows.aware(at)))
        for at_revision, path, op, version, at in rows.select(statement, [namespace, low, high, *bounds, count])
    ]


def revision_of(namespace: str) -> int:
    """The revision of the namespace now, 0 where nothing was written yet."""
    with reading() as rows:
        head = rows.head(namespace)
        return head.revision if head else 0
