"""One writer a name: whoever stores, replaces or deletes it holds its lock, in whatever process of this index.

A lock is kept by what dies with its holder: the connection to MySQL, or a lock on a file beside the sqlite database.
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from django.db import DatabaseError, connections, router

from assets.conf import conf
from assets.models import Asset

try:
    import fcntl
except ImportError:  # Windows: the threads of one process
    fcntl = None  # type: ignore[assignment]

WAIT_S = 20
BUCKETS = 4096
KINDS = ("names", "bytes")
THREADS = tuple(threading.Lock() for _ in range(256 * len(KINDS)))


class Busy(Exception):
    """Somebody else has been writing the name for longer than one waits."""


def held(name: str) -> AbstractContextManager[None]:
    """Nobody else writes the name meanwhile. Not inside a transaction: the lock would be given back before its end."""
    return lock_of("names", name)


def held_bytes(sha256: str) -> AbstractContextManager[None]:
    """Nobody else keeps these bytes of earlier versions, or lets go of them. Taken after a lock of a name, if any."""
    return lock_of("bytes", sha256)


def lock_of(kind: str, what: str) -> AbstractContextManager[None]:
    """The lock of something of this kind. Kinds do not wait for one another."""
    connection: Any = connections[router.db_for_write(Asset)]
    digest = hashlib.sha256(f"{kind}\0{conf.location.identity}\0{what}".encode())
    if connection.vendor == "mysql":
        return on_connection(connection, f"assets:{digest.hexdigest()[:48]}")
    if fcntl is not None and connection.vendor == "sqlite" and not connection.is_in_memory_db():
        directory = Path(f"{connection.settings_dict['NAME']}-locks", kind)
        return on_file(directory, int(digest.hexdigest()[:8], 16) % BUCKETS)
    return on_thread(256 * KINDS.index(kind) + digest.digest()[0])


@contextmanager
def on_connection(connection: Any, key: str) -> Iterator[None]:
    """MySQL's own locks by name; raises Busy."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(%s, %s)", [key, WAIT_S])
        if cursor.fetchone() != (1,):
            raise Busy(f"the name has been written by another for {WAIT_S} s")
    try:
        yield
    finally:
        # A lost connection has lost its locks too.
        with suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT RELEASE_LOCK(%s)", [key])


@contextmanager
def on_file(directory: Path, number: int) -> Iterator[None]:
    """A lock on one of a few thousand empty files: names that share one wait for each other, no more."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / f"{number:03x}").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def on_thread(number: int) -> Iterator[None]:
    """A lock among the threads of this process, where there is nothing better."""
    with THREADS[number]:
        yield
