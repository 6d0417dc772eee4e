"""One writer a name: whoever stores, replaces or deletes it holds its lock, in whatever process of this index.

A lock is kept by what dies with its holder: the connection to MySQL, or a lock on a file beside the sqlite database.
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
THREADS = tuple(threading.Lock() for _ in range(256))


class Busy(Exception):
    """Somebody else has been writing the name for longer than one waits."""


@contextmanager
def held(name: str) -> Iterator[None]:
    """Nobody else writes the name meanwhile. Not inside a transaction: the lock would be given back before its end."""
    connection: Any = connections[router.db_for_write(Asset)]
    digest = hashlib.sha256(f"{conf.location.identity}\0{name}".encode())
    file = str(connection.settings_dict["NAME"])
    if connection.vendor == "mysql":
        lock = on_connection(connection, f"assets:{digest.hexdigest()[:48]}")
    elif fcntl is not None and connection.vendor == "sqlite" and not connection.is_in_memory_db():
        lock = on_file(Path(f"{file}-locks"), int(digest.hexdigest()[:8], 16) % BUCKETS)
    else:
        lock = on_thread(digest.digest()[0])
    with lock:
        yield


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
    directory.mkdir(exist_ok=True)
    with (directory / f"{number:03x}").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def on_thread(number: int) -> Iterator[None]:
    """A lock among the threads of this process, where there is nothing better."""
    with THREADS[number]:
        yield
