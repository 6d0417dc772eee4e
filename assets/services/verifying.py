"""How parts that are all there become an asset.

They are joined under a name that is no asset's, read to their end and compared with the digest that was announced; then
the asset appears as after any put. That may take longer than a request waits, so a thread of the process that was asked
does it, and what is known of it is in the database: where the process ends, any other takes it up when it is asked
again. Joining and settling may be done again.
"""

import json
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import closing, suppress
from datetime import timedelta
from functools import cache

from django.db import DatabaseError, connections
from django.db.models import Q
from django.utils import timezone

from assets import locks, names, stores
from assets.digests import Claim, DigestMismatch
from assets.intake import Counting
from assets.models import Upload
from assets.services.putting import About, Conflict, settle
from assets.services.uploading import LEASE, PartsMissing, drop, missing
from assets.stores.base import AssetStore, Piece, StoreFull, Tangled

BEAT_S = 10.0
WAIT_S = 5.0  # how long a request waits for the end
AT_ONCE = 2
logger = logging.getLogger(__name__)


class Failed(Exception):
    """The upload was refused for good; `status` as the first to hear of it was told."""

    def __init__(self, status: int, detail: str) -> None:
        """What it was told."""
        super().__init__(detail)
        self.status = status


def complete(upload: Upload) -> Upload:
    """Verify the whole and make it the asset; what is known of that when it is done, or after WAIT_S.

    raises    PartsMissing; what keeps it from being done now: StoreAway, Busy, DatabaseError
    """
    if upload.state == Upload.OPEN and (lacking := missing(upload)):
        raise PartsMissing(lacking)
    if claimed(upload):
        job = start(lambda: verify(upload))
        with suppress(NotYet):
            job.result(WAIT_S)
    upload.refresh_from_db()
    return upload


def claimed(upload: Upload) -> bool:
    """Whether it is ours to verify: nobody did, or who did is gone."""
    now = timezone.now()
    free = Q(state=Upload.OPEN) | Q(state=Upload.VERIFYING, state_at__lt=now - LEASE)
    rows = Upload.objects.filter(free, pk=upload.pk)
    return rows.update(state=Upload.VERIFYING, state_at=now) == 1


def start(job: Callable[[], None]) -> "Future[None]":
    """Have a thread do it."""
    return pool().submit(in_thread, job)


def in_thread(job: Callable[[], None]) -> None:
    """The job, on connections that nobody else uses."""
    try:
        job()
    finally:
        connections.close_all()


@cache
def pool() -> ThreadPoolExecutor:
    """Few threads: each reads as fast as the store gives."""
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="assets-verify")


def verify(upload: Upload) -> None:
    """Make it an asset, or note why not; where that cannot be said now it is open again, and what kept it is raised."""
    try:
        store = stores.current()
        store.join(upload.pk, upload.token)
        put_whole(store, upload)
        note(upload, Upload.DONE)
    except (DigestMismatch, Conflict, Tangled, StoreFull) as fault:
        note(upload, Upload.FAILED, fault)
    except BaseException as fault:
        logger.warning("an upload could not be verified", extra={"upload": upload.pk, "fault": repr(fault)})
        with suppress(DatabaseError):
            Upload.objects.filter(pk=upload.pk).update(state=Upload.OPEN, state_at=timezone.now())
        raise
    else:
        drop(upload)


def put_whole(store: AssetStore, upload: Upload) -> None:
    """Read it to its end, and settle it; raises DigestMismatch, and as `put`."""
    whole = names.whole(upload.pk)
    opened = store.whole(whole)
    counting, beat = Counting((Claim("sha256", "sha256", bytes.fromhex(upload.sha256)),)), Beat(upload)
    with closing(Piece(opened.stream, opened.size_bytes)) as pieces:
        for data in pieces:
            counting.see(data)
            beat()
    received = counting.received()
    about = About(upload.content_type, upload.created_by, json.loads(upload.labels))
    moved = store.stage_move(
        whole, opened.stamp, upload.name, content_type=upload.content_type, size_bytes=received.size
    )
    with moved as staged, locks.held(upload.name):
        settle(store, upload.name, staged, received, about, replace=upload.replace)


class Beat:
    """Says now and then that it goes on."""

    def __init__(self, upload: Upload) -> None:
        """Of this upload."""
        self._upload, self._next = upload, timezone.now() + timedelta(seconds=BEAT_S)

    def __call__(self) -> None:
        """It goes on."""
        now = timezone.now()
        if now >= self._next:
            self._next = now + timedelta(seconds=BEAT_S)
            Upload.objects.filter(pk=self._upload.pk).update(state_at=now)


STATUS: dict[type[Exception], int] = {DigestMismatch: 422, Conflict: 409, Tangled: 409, StoreFull: 507}


def note(upload: Upload, state: str, fault: Exception | None = None) -> None:
    """What became of it."""
    status = None if fault is None else STATUS[type(fault)]
    rows = Upload.objects.filter(pk=upload.pk)
    rows.update(state=state, state_at=timezone.now(), fault_status=status, fault=str(fault or ""))
    if fault is not None:
        drop(upload)


def raise_failed(upload: Upload) -> None:
    """Pass unless it was refused, else raise Failed."""
    if upload.state == Upload.FAILED:
        raise Failed(upload.fault_status or 409, upload.fault)
