"""Pages of assets by name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assets import cursors, labels, names, stores
from assets.models import Asset


@dataclass(frozen=True)
class Page:
    """Rows in byte order of their names, and the cursor of the next page if there is one."""

    items: list[Asset]
    next: str | None


def page(
    *,
    prefix: str = "",
    label: Sequence[str] = (),
    places: list[str] | None = None,
    cursor: str = "",
    limit: int = 100,
) -> Page:
    """Assets by name.

    label     `key=value` or `key`: only those with all of these; raises BadLabel
    places    the prefixes that may be seen; None: all
    cursor    of the page before, empty for the first; raises BadCursor
    limit     rows of a page, 1 to 1,000
    """
    stores.current()
    rows = Asset.objects.here().below(names.narrowed(prefix, places)).order_by("name")
    for key, value in map(labels.read_filter, label):
        rows = rows.labelled(key, value)
    if after := cursors.read(cursor):
        rows = rows.filter(name__gt=after)
    items = list(rows[: limit + 1])
    return Page(items[:limit], cursors.after(items[limit - 1].name) if len(items) > limit else None)


def every(prefix: str = "") -> Iterator[Asset]:
    """All assets by name, page after page."""
    cursor: str | None = ""
    while cursor is not None:
        one = page(prefix=prefix, cursor=cursor, limit=1000)
        yield from one.items
        cursor = one.next
