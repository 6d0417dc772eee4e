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
from typing import Any, NamedTuple

import redis
from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from buildserver import env
from buildserver.addresses import address_of, plain_address

try:
    import fcntl
except ImportError:  # Windows: one table a process
    fcntl = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)
SLOT = struct.Struct("<QIII4x")  # who (a hash), the window's number, its count, the previous window's count
WAYS = 4  # slots that one address may stand in
BUCKETS = 16_384
ROUNDING = 1e-6  # of a request: who waits as long as told is not refused by the last bit of a float


class Window(NamedTuple):
    """A moment in a sliding window: its number, and the part of the one before that still counts, 1 down to 0."""

    number: int
    left: float


class Counts(NamedTuple):
    """Whether one more request was let through, and how many were in this window and in the one before."""

    accepted: bool
    current: int
    previous: int


def fits(current: int, previous: int, left: float, limit: int) -> bool:
    """Whether one more request stays within the limit. Those that were refused are not counted."""
    return previous * left + current + 1 <= limit + ROUNDING


class Table:
    """Counters of addresses in shared memory: the oldest of a bucket's slots gives way to a newcomer."""

    def __init__(self, path: Path | None) -> None:
        """Map the file, made when missing; None: memory of this process alone. Raises OSError."""
        size = SLOT.size * WAYS * BUCKETS
        self._thread = threading.Lock()
        self._file = -1
        if path is not None and fcntl is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Kept open: closing any descriptor of a file drops this process's locks on it.
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            # Not a hole: writing to a mapped hole of a full disk kills the process.
            getattr(os, "posix_fallocate", lambda file, _, end: os.ftruncate(file, end))(self._file, 0, size)
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

    def take(self, who: int, window: Window, limit: int) -> Counts:
        """Count a request if it fits."""
        bucket = who % BUCKETS * WAYS * SLOT.size
        with self._locked(bucket):
            offset, seen, current, previous = self._slot(who, bucket)
            if seen != window.number:
                current, previous = 0, (current if seen == window.number - 1 else 0)
            accepted = fits(current, previous, window.left, limit)
            SLOT.pack_into(self._memory, offset, who, window.number, current + accepted, previous)
        return Counts(accepted, current + accepted, previous)

    def _slot(self, who: int, bucket: int) -> tuple[int, int, int, int]:
        """Where the address stands, or takes the place of the oldest, and what the slot says: window and counts."""
        offsets = range(bucket, bucket + WAYS * SLOT.size, SLOT.size)
        slots = {offset: SLOT.unpack_from(self._memory, offset) for offset in offsets}
        for offset, (whose, seen, current, previous) in slots.items():
            if whose == who:
                return offset, seen, current, previous
        return min(slots, key=lambda offset: slots[offset][1]), 0, 0, 0


class RedisTable:
    """The same counters in Redis, for several hosts; the host's own table while Redis is away."""

    TAKE = """
        local current = tonumber(redis.call("GET", KEYS[1]) or "0")
        local previous = tonumber(redis.call("GET", KEYS[2]) or "0")
        if previous * tonumber(ARGV[1]) + current + 1 > ARGV[2] + 0.000001 then return {0, current, previous} end
        redis.call("SET", KEYS[1], current + 1, "EX", ARGV[3])
        return {1, current + 1, previous}
    """

    def __init__(self, url: str, fallback: Table) -> None:
        """Connect when first used; a window's counts are kept for two of it."""
        client = redis.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5)
        self._take = client.register_script(self.TAKE)
        self._fallback = fallback
        self._keep_s = 2 * (settings.OPEN_RATE or (0, 60))[1]

    def take(self, who: int, window: Window, limit: int) -> Counts:
        """Count a request if it fits, in one step."""
        names = [f"buildserver:rate:{who:x}:{number}" for number in (window.number, window.number - 1)]
        try:
            accepted, current, previous = self._take(keys=names, args=[window.left, limit, self._keep_s])
        except redis.RedisError as fault:
            logger.warning("rate limit counts on this host alone", extra={"fault": str(fault)})
            return self._fallback.take(who, window, limit)
        return Counts(bool(accepted), int(current), int(previous))


_making = threading.Lock()


def table() -> Table | RedisTable:
    """The counters of this installation, mapped once a process."""
    with _making:
        return _table()


@cache
def _table() -> Table | RedisTable:
    try:
        local = Table(env.HOME / "var" / "rates")
    except OSError as fault:
        logger.warning("rate limit counts in each process alone", extra={"fault": str(fault)})
        local = Table(None)
    return RedisTable(settings.CACHE_URL, local) if settings.CACHE_URL.startswith("redis") else local


def hash_of(address: str) -> int:
    """64 bits for an address; of IPv6 the network of 64 bits counts, which is what one client has."""
    try:
        parsed = plain_address(address)
    except ValueError:
        parsed = None
    if isinstance(parsed, ipaddress.IPv6Address):
        address = str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
    elif parsed is not None:
        address = str(parsed)
    digest = hashlib.blake2b(address.encode(), digest_size=8, key=settings.SECRET_KEY.encode()[:64]).digest()
    return int.from_bytes(digest, "little") or 1


def wait_s(counts: Counts, left: float, limit: int, period_s: int) -> float:
    """Seconds until one more request fits, if nobody asks meanwhile."""
    if counts.current < limit:  # the window before has to slide out further
        part = left - (limit - counts.current - 1) / counts.previous
    else:  # this one has to
        part = left + 1 - (limit - 1) / counts.current
    return round(part * period_s, 3)


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
        number, into_s = divmod(time.time(), period_s)
        left = 1 - into_s / period_s
        counts = table().take(hash_of(address_of(request)), Window(int(number), left), limit)
        self._wait_s = None if counts.accepted else wait_s(counts, left, limit, period_s)
        return counts.accepted

    def wait(self) -> float | None:
        """Seconds until the next request would be let through."""
        return self._wait_s
