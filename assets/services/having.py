"""Which bytes are there already."""

from collections.abc import Sequence

from assets import names, stores
from assets.models import Asset
from assets.services.fetching import is_intact

Found = dict[str, list[str]]


def have(asked: Sequence[tuple[str, str]], places: list[str] | None) -> Found:
    """Names by what they have of the bytes with this SHA-256: `present`, `conflict` (others), `missing`.

    asked     names with a SHA-256 in hex, 1,000 at most; in this order they are answered
    places    prefixes of what may be seen, None: all; anything else is missing
    raises    BadName
    """
    store = stores.current()
    for name, _ in asked:
        names.check(name, store.prefix_bytes)
    rows = Asset.objects.here().filter(name__in={name for name, _ in asked})
    there = {row.name: row for row in (rows if places is None else rows.below(places))}
    found: Found = {"missing": [], "present": [], "conflict": []}
    for name, sha256 in asked:
        row = there.get(name)
        # Where a look costs a request each, the index is believed; `assets_sync` tells what it does not know.
        if row is None or (store.looks_are_cheap and not is_intact(store, row)):
            found["missing"].append(name)
        else:
            found["present" if row.sha256 == sha256 else "conflict"].append(name)
    return found
