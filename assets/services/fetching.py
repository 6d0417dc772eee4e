"""An asset's row, and its bytes."""

import logging
from collections.abc import Callable

from assets import locks, names, stores
from assets.intake import measure
from assets.models import Asset, Stored, Version
from assets.stores.base import AssetStore, Changed, NoObject, Piece

logger = logging.getLogger(__name__)


class UnknownAsset(LookupError):
    """There is no asset of this name, or no such version of it."""


def find(name: str) -> Asset:
    """The row of the name; raises BadName, UnknownAsset."""
    names.check(name, stores.current().prefix_bytes)
    if (asset := Asset.objects.here().filter(name=name).first()) is None:
        raise UnknownAsset(f"there is no asset {name!r}")
    return asset


def find_version(name: str, sha256: str) -> Stored:
    """What the name has, or had with this SHA-256 in hex where one is given; raises BadName, UnknownAsset."""
    asset = find(name)
    if sha256 in ("", asset.sha256):
        return asset
    if (version := Version.objects.here().filter(name=name, sha256=sha256).first()) is None:
        raise UnknownAsset(f"{name!r} has no version with sha256 {sha256}")
    return version


def everything(stored: Stored) -> tuple[int, int]:
    """All bytes, for `read`."""
    return 0, stored.size


Part = Callable[[Stored], tuple[int, int]]


def read(stored: Stored, part: Part = everything) -> tuple[Stored, Piece]:
    """The asset, or an earlier version of one, and its bytes. Of an asset that is replaced now: both of the new one.

    part      which bytes, first and past-last, given the row; what it raises passes through
    raises    UnknownAsset (also when something else removed or changed the object), StoreAway
    """
    try:
        return stored, stores.current().read(stored.place, stored.stamp, *part(stored))
    except (Changed, NoObject) as fault:
        if isinstance(stored, Version):
            raise lost(stored, fault) from None
        with locks.held(stored.name):
            return read_settled(stored.name, part)


def read_settled(name: str, part: Part) -> tuple[Asset, Piece]:
    """The same while nobody else writes the name: its lock is held."""
    store, asset = stores.current(), find(name)
    try:
        if not is_intact(store, asset):
            restamp(store, asset)
        return asset, store.read(name, asset.stamp, *part(asset))
    except (Changed, NoObject) as fault:
        raise lost(asset, fault) from None


def lost(stored: Stored, fault: Exception) -> UnknownAsset:
    """The store has not what the index says."""
    logger.warning("the store has lost an asset", extra={"asset": stored.name, "fault": str(fault)})
    return UnknownAsset(f"the store has lost the bytes of {stored.name!r}: put them again")


def is_intact(store: AssetStore, stored: Stored) -> bool:
    """Whether the object is still the one that was stored."""
    return store.stamp(stored.place) == stored.stamp


def restamp(store: AssetStore, asset: Asset) -> None:
    """Take the same bytes for the same object, as after a restored backup; raises NoObject, Changed."""
    found, stamp = measure(store, asset.name)
    if found.sha256 != asset.sha256:
        raise Changed(f"the bytes have sha256 {found.sha256}, not {asset.sha256}")
    asset.stamp = stamp
    asset.save(update_fields=["stamp"])
