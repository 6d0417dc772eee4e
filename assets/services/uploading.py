"""Bytes that clients send in parts, straight into the store, and that are an asset once they are verified.

An upload is open until it is completed (see `verifying`) or aborted, or until it expires.
"""

import json
import logging
import secrets
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import DatabaseError
from django.db.models import QuerySet
from django.utils import timezone

from assets import labels, names, stores
from assets.conf import conf
from assets.digests import Claim
from assets.intake import CutShort, receive
from assets.models import Upload
from assets.services.putting import About, Put, copy, refuse_early
from assets.stores.base import Source, StoreFault

LIFE = timedelta(days=1)
LEASE = timedelta(seconds=60)  # after which who verifies and says nothing is taken for gone
MIB = 2**20
PART_BYTES = 8 * MIB
MAX_PARTS = 1000
logger = logging.getLogger(__name__)


class UnknownUpload(LookupError):
    """There is no such upload, or none any more."""


class PartsMissing(Exception):
    """Not all parts are there, each of its size."""

    def __init__(self, numbers: list[int]) -> None:
        """The first ones are part of the message."""
        some = ", ".join(map(str, numbers[:10])) + (", …" if len(numbers) > 10 else "")  # noqa: PLR2004 - enough to see
        super().__init__(f"of {len(numbers)} parts not all bytes are there: {some}")
        self.numbers = numbers


class Closed(Exception):
    """The upload takes no parts any more."""


def begin(name: str, size_bytes: int, sha256: str, *, replace: bool, about: About) -> Upload | Put:
    """Expect the parts of an asset; or the asset, where the store has these bytes and the sender may read them.

    raises    as `put`
    """
    store = stores.current()
    names.check(name, store.prefix_bytes)
    labels.check(about.labels)
    refuse_early(store, name, sha256, size_bytes, replace=replace)
    if known := copy(name, sha256, replace=replace, about=about):
        return known
    store.check_room(size_bytes)
    now, key = timezone.now(), secrets.token_hex(16)
    upload = Upload(
        id=key, store=conf.location.identity, name=name, size=size_bytes, part_size=part_size_of(size_bytes),
        sha256=sha256, content_type=about.content_type, labels=json.dumps(dict(about.labels)), replace=replace,
        token=store.begin_parts(key, about.content_type), state=Upload.OPEN, state_at=now, created_at=now,
        created_by=about.created_by, expires_at=now + LIFE,
    )  # fmt: skip
    try:
        upload.save(force_insert=True)
    except DatabaseError:
        with suppress(StoreFault):
            store.drop_parts(key, upload.token)
        raise
    return upload


def part_size_of(size_bytes: int) -> int:
    """8 MiB, or as many whole MiB as leave at most 1,000 parts."""
    return max(PART_BYTES, -(-size_bytes // (MAX_PARTS * MIB)) * MIB)


def find_upload(key: str) -> Upload:
    """Raises UnknownUpload."""
    conf.prepare()
    rows = Upload.objects.filter(store=conf.location.identity, pk=key, expires_at__gt=timezone.now())
    if (upload := rows.first()) is None:
        raise UnknownUpload("there is no such upload, or none any more")
    return upload


def missing(upload: Upload) -> list[int]:
    """The parts that are not there, or not of their size."""
    store = stores.current()
    if upload.state != Upload.OPEN or store.stamp(names.whole(upload.pk)) is not None:
        return []
    there = store.part_sizes(upload.pk, upload.token)
    return [number for number in range(1, upload.part_count + 1) if there.get(number) != upload.part_bytes(number)]


def part_bytes(upload: Upload, number: int) -> int:
    """The size of a part, counted from 1; raises UnknownUpload."""
    if not 1 <= number <= upload.part_count:
        raise UnknownUpload(f"there is no part {number}; there are 1 to {upload.part_count}")
    return upload.part_bytes(number)


def part_url(upload: Upload, number: int) -> str | None:
    """The store's own address for a part, until the upload expires; None: we take it."""
    left_s = int((upload.expires_at - timezone.now()).total_seconds())
    return stores.current().part_url(upload.pk, upload.token, number, max(1, left_s))


def take_part(upload: Upload, number: int, source: Source, said: tuple[Claim, ...] = ()) -> None:
    """Keep a part. One that comes again takes the place of the one before.

    raises    Closed, UnknownUpload (no such part), CutShort, DigestMismatch, StoreFull, StoreAway
    """
    if upload.state != Upload.OPEN:
        raise Closed(f"the upload takes no parts any more: {upload.get_state_display()}")
    store, size_bytes = stores.current(), part_bytes(upload, number)
    with store.stage(names.part(upload.pk, number), content_type="", size_bytes=size_bytes) as staged:
        receive(Bounded(source, size_bytes), staged, size_bytes, said)
        staged.publish(replace=True)


class Bounded:
    """A source that ends with CutShort where more comes than there is to come."""

    def __init__(self, source: Source, size_bytes: int) -> None:
        """`size_bytes` are to come."""
        self._source, self._left = source, size_bytes

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        data = self._source.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise CutShort(f"{-self._left} bytes or more came beyond the end of the part")
        return data


def drop(upload: Upload) -> None:
    """Its parts; what cannot be dropped now is when it expires."""
    try:
        stores.current().drop_parts(upload.pk, upload.token)
    except StoreFault as fault:
        logger.warning("parts of an upload are left", extra={"upload": upload.pk, "fault": str(fault)})


def abort(upload: Upload) -> None:
    """Forget it and its parts. Raises Closed while it is being verified, StoreAway."""
    gone = Upload.objects.filter(pk=upload.pk).exclude(state=Upload.VERIFYING).delete()[0]
    if not gone:
        raise Closed("the upload is being verified; abort it afterwards, or delete the asset")
    stores.current().drop_parts(upload.pk, upload.token)


def expired(now: datetime) -> QuerySet[Upload]:
    """Those whose time is over, and that nobody verifies."""
    old = Upload.objects.filter(store=conf.location.identity, expires_at__lte=now)
    return old.exclude(state=Upload.VERIFYING, state_at__gte=now - LEASE)


def forget(key: str) -> bool:
    """Forget an expired upload and its parts, unless it is gone or verified by now; whether it went."""
    upload = expired(timezone.now()).filter(pk=key).first()
    if upload is None:
        return False
    stores.current().drop_parts(upload.pk, upload.token)
    upload.delete()
    return True
