"""Where index and store differ, as after other tools wrote to the bucket, and how they come to agree."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from assets import locks, names, stores
from assets.models import Asset
from assets.services.fetching import is_intact
from assets.services.putting import register
from assets.services.removing import Tagged, delete
from assets.stores.base import AssetStore, NoObject

STEP = 1000
# new: an object without a row; changed: its bytes are others, or written anew; lost: a row without an object;
# unusable: an object whose name no asset can have.
Kind = Literal["new", "changed", "lost", "unusable"]


@dataclass(frozen=True)
class Drift:
    """A name of which index and store say different things."""

    kind: Kind
    name: str


def drift() -> Iterator[Drift | None]:
    """Each name that differs, and None for each that was looked at and does not. Changes nothing. Raises StoreAway."""
    store, seen = stores.current(), set[int]()
    objects = store.all_objects()
    while some := dict(islice(objects, STEP)):
        rows = {row.name: row for row in Asset.objects.here().filter(name__in=some).only("name", "stamp")}
        seen |= {row.pk for row in rows.values()}
        yield from (of_object(store, name, stamp, rows.get(name)) for name, stamp in some.items())
    for pk, name in Asset.objects.here().values_list("pk", "name").iterator(STEP):
        if pk not in seen and store.stamp(name) is None:  # it may have been put since
            yield Drift("lost", name)


def of_object(store: AssetStore, name: str, stamp: str, row: Asset | None) -> Drift | None:
    """How the row of an object differs from it, if it does."""
    if row is not None:
        return None if row.stamp == stamp else Drift("changed", name)
    try:
        names.check(name, store.prefix_bytes)
    except names.BadName:
        return Drift("unusable", name)
    return Drift("new", name)


def settle_drift(found: Drift, *, forget: bool = False) -> bool:
    """Have the index say what the store has; whether anything was done.

    forget    whether the row of a lost object is deleted, unless a tag stands on it
    raises    Busy, StoreAway
    """
    if found.kind == "unusable":
        return False
    if found.kind == "lost":
        return forget and forget_lost(found.name)
    try:
        register(found.name)
    except NoObject:
        return False
    return True


def forget_lost(name: str) -> bool:
    """Delete the row whose object is not there; its earlier versions go with it."""
    store = stores.current()
    with locks.held(name):
        row = Asset.objects.here().filter(name=name).first()
        if row is None or is_intact(store, row):
            return False
    try:
        delete(name)
    except Tagged:
        return False
    return True
