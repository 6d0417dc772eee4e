"""Storing and fetching assets: the index and the store change together.

The order of a put: the bytes are staged, counted and verified; then, with the name's lock held, the object appears and
its row is written. So there is no row without an object. An object whose row a crash prevented is taken up by the
next put of the same bytes.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db import DatabaseError
from django.utils import timezone

from assets import cursors, digests, locks, names, stores
from assets.conf import conf
from assets.digests import Claim
from assets.intake import Received, TooLarge, measure, receive
from assets.models import Asset
from assets.stores.base import AssetStore, Changed, NoObject, Piece, Source, Staged, Taken, Tangled

OCTETS = "application/octet-stream"
TEXT = "text/plain; charset=utf-8"
logger = logging.getLogger(__name__)


class UnknownAsset(LookupError):
    """There is no asset of this name."""


class Conflict(Exception):
    """Other bytes are there, and they were not to be replaced."""

    def __init__(self, name: str, sha256: str) -> None:
        """Carries the SHA-256 of what is there."""
        super().__init__(f"{name!r} has other bytes, with sha256 {sha256}; replace=true would replace them")
        self.name, self.sha256 = name, sha256


@dataclass(frozen=True)
class Put:
    """The asset as it is now; `created` unless exactly these bytes were there before."""

    asset: Asset
    created: bool


@dataclass(frozen=True)
class Page:
    """Rows in byte order of their names, and the cursor of the next page if there is one."""

    items: list[Asset]
    next: str | None


@dataclass(frozen=True)
class About:
    """What the sender says beside the bytes."""

    content_type: str = OCTETS
    created_by: str = ""


def put(
    name: str,
    source: Source,
    *,
    size_bytes: int | None = None,
    said: tuple[Claim, ...] = (),
    replace: bool = False,
    about: About = About(),
) -> Put:
    """Store what `source` gives, to its end, under the name. Not inside a transaction.

    size_bytes    how many bytes will come, if that is known
    said          the digests that the sender says the bytes have
    raises        BadName, TooLarge, CutShort, DigestMismatch, Conflict, Tangled, Busy, StoreFull, StoreAway;
                  what `source` raises passes through. Nothing is changed then.
    """
    store = stores.current()
    names.check(name, store.prefix_bytes)
    refuse_early(store, name, digests.claimed_sha256(said), size_bytes, replace=replace)
    with store.stage(name, content_type=about.content_type, size_bytes=size_bytes) as staged:
        received = receive(source, staged, size_bytes, said)
        with locks.held(name):
            return settle(store, name, staged, received, about, replace=replace)


def refuse_early(store: AssetStore, name: str, sha256: str | None, size_bytes: int | None, *, replace: bool) -> None:
    """Raise what is certain before the bytes come: TooLarge, Tangled, Conflict."""
    if size_bytes is not None and size_bytes > conf.max_bytes:
        raise TooLarge(f"{size_bytes} bytes are announced; at most {conf.max_bytes} are taken")
    refuse_tangled(name)
    row = Asset.objects.here().filter(name=name).first() if sha256 and not replace else None
    if row and row.sha256 != sha256 and is_intact(store, row):
        raise Conflict(name, row.sha256)


def refuse_tangled(name: str) -> None:
    """Raise Tangled when the index has a name that this one is a parent or a child of."""
    if other := Asset.objects.here().tangled_with(name).values_list("name", flat=True).first():
        raise Tangled(name, other)


def is_intact(store: AssetStore, row: Asset) -> bool:
    """Whether the object is still the one that was stored."""
    return store.stamp(row.name) == row.stamp


def settle(store: AssetStore, name: str, staged: Staged, received: Received, about: About, *, replace: bool) -> Put:
    """Make the staged bytes the asset, or leave what is there. The name's lock is held."""
    row = Asset.objects.here().filter(name=name).first()
    if row and is_intact(store, row):
        if row.sha256 == received.sha256:
            return Put(row, created=False)
        if not replace:
            raise Conflict(name, row.sha256)
    row = row or Asset(store=conf.location.identity, name=name)
    try:
        stamp = staged.publish(replace=replace)
    except Taken:
        return take_up(store, row, received, about)
    try:
        record(row, received, stamp, about)
    except DatabaseError:
        if row.pk is None:  # what was replaced cannot come back: put again, the same bytes take up what is there
            store.remove(name)
        raise
    if not store.tangles:
        withdraw_tangled(store, row)
    return Put(row, created=True)


def take_up(store: AssetStore, row: Asset, received: Received, about: About) -> Put:
    """What is there and not, or not so, in the index: the same bytes become the asset, others are a Conflict."""
    found, stamp = measure(store, row.name)
    if found.sha256 != received.sha256:
        raise Conflict(row.name, found.sha256)
    record(row, found, stamp, about)
    return Put(row, created=False)


def withdraw_tangled(store: AssetStore, asset: Asset) -> None:
    """Undo a put that another one, of a parent or a child, was quicker than: of two, the later one sees the other."""
    try:
        refuse_tangled(asset.name)
    except Tangled:
        asset.delete()
        store.remove(asset.name)
        raise


def record(row: Asset, received: Received, stamp: str, about: About) -> None:
    """Write the row of an object that is in the store."""
    row.sha256, row.size, row.image, row.stamp = received.sha256, received.size, received.image, stamp
    row.content_type, row.created_by, row.created_at = about.content_type, about.created_by, timezone.now()
    row.save()


def register(name: str) -> Asset:
    """Take an object that something else put into the store into the index. Raises BadName, NoObject, StoreAway."""
    store = stores.current()
    names.check(name, store.prefix_bytes)
    with locks.held(name):
        received, stamp = measure(store, name)
        row = Asset.objects.here().filter(name=name).first() or Asset(store=conf.location.identity, name=name)
        record(row, received, stamp, About(OCTETS if received.image is None else TEXT))
        return row


def find(name: str) -> Asset:
    """The row of the name; raises BadName, UnknownAsset."""
    names.check(name, stores.current().prefix_bytes)
    if (asset := Asset.objects.here().filter(name=name).first()) is None:
        raise UnknownAsset(f"there is no asset {name!r}")
    return asset


def everything(asset: Asset) -> tuple[int, int]:
    """All bytes, for `read`."""
    return 0, asset.size


def read(asset: Asset, part: Callable[[Asset], tuple[int, int]] = everything) -> tuple[Asset, Piece]:
    """The asset and its bytes. When it is replaced at this moment both are those of its new version.

    part      which bytes, first and past-last, given the asset; what it raises passes through
    raises    UnknownAsset (also when something else removed or changed the object), StoreAway
    """
    try:
        return asset, stores.current().read(asset.name, asset.stamp, *part(asset))
    except (Changed, NoObject):
        with locks.held(asset.name):
            return read_settled(asset.name, part)


def read_settled(name: str, part: Callable[[Asset], tuple[int, int]]) -> tuple[Asset, Piece]:
    """The same while nobody else writes the name: its lock is held."""
    store, asset = stores.current(), find(name)
    try:
        if not is_intact(store, asset):
            restamp(store, asset)
        return asset, store.read(name, asset.stamp, *part(asset))
    except (Changed, NoObject) as fault:
        logger.warning("the store has lost an asset", extra={"asset": name, "fault": str(fault)})
        raise UnknownAsset(f"the store has lost the bytes of {name!r}: put them again") from None


def restamp(store: AssetStore, asset: Asset) -> None:
    """Take the same bytes for the same object, as after a restored backup; raises NoObject, Changed."""
    found, stamp = measure(store, asset.name)
    if found.sha256 != asset.sha256:
        raise Changed(f"the bytes have sha256 {found.sha256}, not {asset.sha256}")
    asset.stamp = stamp
    asset.save(update_fields=["stamp"])


def page(*, prefix: str = "", places: list[str] | None = None, cursor: str = "", limit: int = 100) -> Page:
    """Assets by name.

    places    the prefixes that may be seen; None: all
    cursor    of the page before, empty for the first; raises BadCursor
    limit     rows of a page, 1 to 1,000
    """
    stores.current()
    rows = Asset.objects.here().below(names.narrowed(prefix, places)).order_by("name")
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


def delete(name: str) -> None:
    """Remove the asset: first its row, then the object. Raises BadName, UnknownAsset, Busy, StoreAway."""
    store = stores.current()
    with locks.held(name):
        find(name).delete()
        store.remove(name)


def check_store() -> None:
    """Pass when the store can be read and written now; raises StoreAway, StoreFull, BadLocation."""
    stores.current().check()
