"""How bytes come to be an asset."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from django.db import DatabaseError, transaction
from django.utils import timezone

from assets import digests, labels, locks, names, stores
from assets.conf import conf
from assets.digests import Claim
from assets.intake import Received, TooLarge, measure, receive
from assets.models import Asset, Label, Stored, Version
from assets.services.fetching import is_intact
from assets.stores.base import AssetStore, Changed, Source, Staged, Taken, Tangled

OCTETS = "application/octet-stream"
TEXT = "text/plain; charset=utf-8"


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
class About:
    """What the sender says beside the bytes, and which assets it may read.

    labels      are set; others that the same bytes have already stay
    may_read    prefixes of names; None: all. Bytes of an asset that may be read are copied within the store
    """

    content_type: str = OCTETS
    created_by: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    may_read: list[str] | None = field(default_factory=list)


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
    raises        BadName, BadLabel, TooLarge, CutShort, DigestMismatch, Conflict, Tangled, Busy, StoreFull, StoreAway;
                  what `source` raises passes through. Nothing is changed then.
    """
    store, sha256 = stores.current(), digests.claimed_sha256(said)
    names.check(name, store.prefix_bytes)
    labels.check(about.labels)
    refuse_early(store, name, sha256, size_bytes, replace=replace)
    known = find_known(store, name, sha256, about.may_read) if sha256 else None
    with staging(store, name, known, about, size_bytes) as staged:
        received = receive(source, None if known else staged, size_bytes, said)
        with locks.held(name):
            return settle(store, name, staged, received, about, replace=replace)


def copy(name: str, sha256: str, *, replace: bool = False, about: About) -> Put | None:
    """Make bytes that are known the asset, without their being sent; None where none are that the sender may read.

    raises    as `put`
    """
    store = stores.current()
    names.check(name, store.prefix_bytes)
    labels.check(about.labels)
    refuse_early(store, name, sha256, None, replace=replace)
    known = find_known(store, name, sha256, about.may_read)
    if known is None:
        return None
    received = Received(known.sha256, known.size, known.image)
    with staging(store, name, known, about, known.size) as staged, locks.held(name):
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


def find_known(store: AssetStore, name: str, sha256: str, may_read: list[str] | None) -> Stored | None:
    """What has these bytes in the store: the name itself, or what the sender may read."""
    for kind in (Asset, Version):
        rows = kind.objects.here().filter(sha256=sha256)
        seen = rows.filter(name=name) | (rows if may_read is None else rows.below(may_read))
        for row in seen[:3]:
            if is_intact(store, row):
                found: Stored = row
                return found
    return None


@contextmanager
def staging(
    store: AssetStore, name: str, known: Stored | None, about: About, size_bytes: int | None
) -> Iterator[Staged]:
    """Where the bytes go before they are the asset: nowhere if the store has them."""
    if known is None:
        with store.stage(name, content_type=about.content_type, size_bytes=size_bytes) as staged:
            yield staged
    elif known.place == name:
        yield Already(name)
    else:
        copied = store.stage_copy(
            known.place, known.stamp, name, content_type=about.content_type, size_bytes=known.size
        )
        with copied as staged:
            yield staged


class Already:
    """The bytes that the name has."""

    def __init__(self, name: str) -> None:
        """Nothing is to be done."""
        self._name = name

    def write(self, data: bytes) -> None:
        """They are there."""

    def publish(self, *, replace: bool) -> str:  # noqa: ARG002 - the form of all that is staged
        """Whoever was to find them there does not."""
        raise Changed(f"{self._name!r} had these bytes and has them no more: send them again")


def settle(store: AssetStore, name: str, staged: Staged, received: Received, about: About, *, replace: bool) -> Put:
    """Make the staged bytes the asset, or leave what is there. The name's lock is held."""
    row = Asset.objects.here().filter(name=name).first()
    with ExitStack() as held:
        gives_way = None
        if row and is_intact(store, row):
            if row.sha256 == received.sha256:
                say(row, about.labels)
                return Put(row, created=False)
            if not replace:
                raise Conflict(name, row.sha256)
            held.enter_context(locks.held_bytes(row.sha256))
            gives_way = version_of(store, row)
        row = row or Asset(store=conf.location.identity, name=name)
        try:
            stamp = staged.publish(replace=replace)
        except Taken:
            return take_up(store, row, received, about)
        try:
            record(row, received, stamp, about, gives_way)
        except DatabaseError:
            if row.pk is None:  # what was replaced cannot come back: put again, the same bytes take up what is there
                store.remove(name)
            raise
    if not store.tangles:
        withdraw_tangled(store, row)
    return Put(row, created=True)


def version_of(store: AssetStore, row: Asset) -> Version:
    """What the row has, kept in the store; not yet in the index."""
    shared = {name: getattr(row, name) for name in ("store", "name", "sha256", "size", "content_type", "image")}
    made = {name: getattr(row, name) for name in ("created_at", "created_by")}
    stamp = store.keep(row.name, row.stamp, row.sha256, row.size)
    return Version(**shared, **made, stamp=stamp, replaced_at=timezone.now())


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


def record(row: Asset, received: Received, stamp: str, about: About, gives_way: Version | None = None) -> None:
    """Write the row of an object that is in the store, with its labels; and of the one that gave way to it."""
    row.sha256, row.size, row.image, row.stamp = received.sha256, received.size, received.image, stamp
    row.content_type, row.created_by, row.created_at = about.content_type, about.created_by, timezone.now()
    row.downloads = 0
    with transaction.atomic(using=conf.database):
        if row.pk is not None:  # else it had nothing before
            current = [received.sha256, *([gives_way.sha256] if gives_way else [])]
            Version.objects.here().filter(name=row.name, sha256__in=current).delete()
            row.labels.all().delete()
        if gives_way:
            gives_way.save()
        row.save()
        say(row, about.labels)


def say(row: Asset, said: Mapping[str, str]) -> None:
    """Set these labels."""
    wanted = [Label(asset=row, key=key, value=value) for key, value in said.items()]
    if wanted:
        with transaction.atomic(using=conf.database):
            row.labels.filter(key__in=list(said)).delete()
            Label.objects.bulk_create(wanted)


def register(name: str) -> Asset:
    """Take an object that something else put into the store into the index, or what became of one that is there.

    raises    BadName, NoObject, Busy, StoreAway
    """
    store = stores.current()
    names.check(name, store.prefix_bytes)
    with locks.held(name):
        received, stamp = measure(store, name)
        row = Asset.objects.here().filter(name=name).first() or Asset(store=conf.location.identity, name=name)
        if row.sha256 == received.sha256:  # the same bytes, written anew
            row.stamp = stamp
            row.save(update_fields=["stamp"])
        else:
            record(row, received, stamp, About(OCTETS if received.image is None else TEXT))
        return row
