"""The one connection of a process that writes to a sqlite file; who writes has it in turn.

sqlite lets one write at a time, and a connection forgets the pages that it knew whenever another one has written. With
a connection for each thread every write begins by reading them again, and who finds the file locked looks at growing
intervals: both cost more than the write. A writer of another process is met by sqlite's own way of waiting.
"""

import atexit
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

WAIT_S = 5.0  # as sqlite3 waits by default


@dataclass
class Writer:
    """A connection, and whose turn it is."""

    connection: BaseDatabaseWrapper
    turn: threading.Lock = field(default_factory=threading.Lock)


_writers: dict[tuple[str, str], Writer] = {}
_making = threading.Lock()
_of_parent: list[Any] = []


@contextmanager
def writer_of(connection: BaseDatabaseWrapper) -> Iterator[BaseDatabaseWrapper]:
    """The connection to write with, as long as nobody else of this process does; itself where many may at a time.

    raises  OperationalError where that takes longer than the connection waits for a lock (OPTIONS, timeout)
    """
    if connection.vendor != "sqlite" or connection.is_in_memory_db():  # type: ignore[attr-defined] # of sqlite
        yield connection
        return
    writer = _writers.get(key_of(connection)) or make(connection)
    wait_s = wait_s_of(connection)
    if not writer.turn.acquire(timeout=wait_s):
        raise OperationalError(f"database is locked: others of this process wrote for longer than {wait_s} s")
    try:
        yield writer.connection
    finally:
        writer.turn.release()


def key_of(connection: BaseDatabaseWrapper) -> tuple[str, str]:
    """What tells a writer from others: the database's alias, and its file, which a test may change."""
    return connection.alias, str(connection.settings_dict["NAME"])


def wait_s_of(connection: BaseDatabaseWrapper) -> float:
    """How long the connection waits for a lock."""
    options: Any = connection.settings_dict["OPTIONS"]
    return float(options.get("timeout", WAIT_S))


def make(connection: BaseDatabaseWrapper) -> Writer:
    """Of the database of a thread's connection; made once."""
    with _making:
        key = key_of(connection)
        if key not in _writers:
            made: BaseDatabaseWrapper = connections.create_connection(connection.alias)
            made.inc_thread_sharing()
            _writers[key] = Writer(made)
        return _writers[key]


def close_writers() -> None:
    """Close them all; who writes next makes another. Not while anybody writes."""
    with _making:
        for writer in _writers.values():
            writer.connection.close()
        _writers.clear()


def after_fork() -> None:
    """A connection in two processes destroys a database; closing it would give up the parent's locks."""
    global _making  # noqa: PLW0603 - the old one may be locked by a thread that is not here
    _making = threading.Lock()
    for writer in _writers.values():
        _of_parent.append(writer.connection.connection)
        writer.connection.connection = None
    _writers.clear()


atexit.register(close_writers)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=after_fork)
