"""Taking assets and their earlier versions away."""

from collections.abc import Callable

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from assets import locks, names, stores
from assets.conf import conf
from assets.models import Asset, Version
from assets.services.fetching import UnknownAsset, find
from assets.services.provenance import withdraw
from assets.stores.base import AssetStore


class Tagged(Exception):
    """An asset on which tags stand cannot be deleted."""

    def __init__(self, name: str, tags: list[str]) -> None:
        """Which tags is part of the message."""
        super().__init__(f"{name!r} has the tag {', '.join(tags)}: move or delete it first")
        self.tags = tags


def delete(name: str) -> None:
    """Remove the asset and all that it had before: first their rows, then the objects.

    raises    BadName, UnknownAsset, Tagged, Busy, StoreAway
    """
    delete_found(name, lambda _: True)


def delete_found(name: str, wanted: Callable[[Asset], bool]) -> None:
    """The same if the asset is the wanted one, which is looked at with its name's lock held; else UnknownAsset."""
    store = stores.current()
    with locks.held(name):
        asset = find(name)
        if not wanted(asset):
            raise UnknownAsset(f"{name!r} is another one by now")
        versions = Version.objects.here().filter(name=name)
        digests = list(versions.values_list("sha256", flat=True))
        try:
            with transaction.atomic(using=conf.database):
                versions.delete()
                withdraw(name)
                asset.delete()
        except (ProtectedError, IntegrityError):  # a tag may have come at this moment
            raise Tagged(name, sorted(asset.tags.values_list("name", flat=True))) from None
        store.remove(name)
    for sha256 in digests:
        release(store, sha256)


def release(store: AssetStore, sha256: str) -> None:
    """Remove bytes that no version has any more."""
    with locks.held_bytes(sha256):
        if not Version.objects.here().filter(sha256=sha256).exists():
            store.remove(names.kept(sha256))
