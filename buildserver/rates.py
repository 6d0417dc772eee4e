"""The rate limit of open routes that compute, counted for all workers without touching the database.

A sliding window (the previous window's count weighs by what of it is still inside) over a table of counters in a file
that the workers of a host map into memory, or in Redis where CACHE_URL names one and hosts must count together.
"""

import hashlib
import ipaddress
import logging
import mmap
import os
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from buildserver import env
from buildserver.access import address_of

try:
    import fcntl
except ImportError:  # Windows: one table a process
    fcntl = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)
SLOT = struct.Struct("<QIII4x")  # who (a hash), the window's number, its count, the previous window's count
WAYS = 4  # slots that one address may stand in
BUCKETS = 16_384


class Table:
    """Counters of addresses in shared memory: the oldest of a bucket's slots gives way to a newcomer."""

    def __init__(self, path: Path | None) -> None:
        """Map the file, made when missing; None: memory of this process alone."""
        size = SLOT.size * WAYS * BUCKETS
        self._thread = threading.Lock()
        self._file = -1
        if path is not None and fcntl is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Kept open: closing any descriptor of a file drops this process's locks on it.
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            os.ftruncate(self._file, size)
        self._memory = mmap.mmap(self._file, size)

    @contextmanager
    def _locked(self, offset: int) -> Iterator[None]:
        """One process and one thread at a time; the kernel gives the lock back when a worker is killed."""
        with self._thread:
            if self._file >= 0:
                fcntl.lockf(self._file, fcntl.LOCK_EX, 1, offset)
            try:
                yield
            finally:
                if self._file >= 0:
                    fcntl.lockf(self._file, fcntl.LOCK_UN, 1, offset)

    def count(self, who: int, window: int, limit: int) -> tuple[int, int]:
        """The counts of this window and the one before, this request included while below `limit`."""
        bucket = who % BUCKETS * WAYS * SLOT.size
        with self._locked(bucket):
            offsets = range(bucket, bucket + WAYS * SLOT.size, SLOT.size)
            slots = {offset: SLOT.unpack_from(self._memory, offset) for offset in offsets}
            offset = next((at for at, slot in slots.items() if slot[0] == who), None)
            if offset is None:
                offset = min(slots, key=lambda at: slots[at][1])
                slots[offset] = (who, window, 0, 0)
            _, seen, current, previous = slots[offset]
            if seen != window:
                current, previous = 0, (current if seen == window - 1 else 0)
            current = min(current + 1, limit + 1)
            SLOT.pack_into(self._memory, offset, who, window, current, previous)
        return current, previous


class RedisTable:
    """The same counters in Redis, for several hosts; the host's own table while Redis is away."""

    def __init__(self, url: str, fallback: Table) -> None:
        """Connect when first used; a window's counts are kept for two of it."""
        self._redis = redis.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5)
        self._fallback = fallback
        self._keep_s = 2 * (settings.OPEN_RATE or (0, 60))[1]

    def count(self, who: int, window: int, limit: int) -> tuple[int, int]:
        """The counts of this window and the one before, this request included."""
        name = f"buildserver:rate:{who:x}:"
        try:
            pipe = self._redis.pipeline(transaction=False)
            pipe.incr(f"{name}{window}")
            pipe.expire(f"{name}{window}", self._keep_s)
            pipe.get(f"{name}{window - 1}")
            current, _, previous = pipe.execute()
        except redis.RedisError as fault:
            logger.warning("rate limit counts on this host alone", extra={"fault": str(fault)})
            return self._fallback.count(who, window, limit)
        return int(current), int(previous or 0)


@cache
def table() -> Table | RedisTable:
    """The counters of this installation, mapped once a process."""
    local = Table(env.HOME / "var" / "rates")
    return RedisTable(settings.CACHE_URL, local) if settings.CACHE_URL.startswith("redis") else local


def hash_of(address: str) -> int:
    """64 bits for an address; of IPv6 the network of 64 bits counts, which is what one client has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        parsed = None
    if isinstance(parsed, ipaddress.IPv6Address):
        address = str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
    digest = hashlib.blake2b(address.encode(), digest_size=8, key=settings.SECRET_KEY.encode()[:64]).digest()
    return int.from_bytes(digest, "little") or 1


class OpenRate(BaseThrottle):
    """DRF's throttle for views with `throttle_scope = "open"`: OPEN_RATE requests an address."""

    def __init__(self) -> None:
        """One is made for each request."""
        self._wait_s: float | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether the address is still below its rate."""
        if settings.OPEN_RATE is None or getattr(view, "throttle_scope", None) != "open":
            return True
        limit, period_s = settings.OPEN_RATE
        window, into_s = divmod(time.time(), period_s)
        current, previous = table().count(hash_of(address_of(request)), int(window), limit)
        weighed = current + previous * (1 - into_s / period_s)
        self._wait_s = period_s - into_s
        return weighed <= limit

    def wait(self) -> float | None:
        """Seconds until the window ends."""
        return self._wait_s
