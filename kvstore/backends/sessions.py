"""Cursors and transactions of the driver itself: Django's wrappers around each statement cost more than the statement.

Faults come as Django's exceptions all the same. Where somebody looks on (queries that are logged, execute_wrapper), or
a test has a transaction around all, Django's own are used.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Protocol

from django.db import Error, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from kvstore.backends.writers import writer_of

IDLE_S = 1.0
USED_AT = "kvstore_used_at"  # of a connection, by the monotonic clock


class Cursor(Protocol):
    """What the statements need of a cursor; placeholders are %s."""

    @property
    def rowcount(self) -> int:
        """How many rows the last statement changed."""

    def execute(self, statement: str, values: Any = ..., /) -> Any:
        """Run a statement."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> Any:
        """All further rows."""


class QMarks:
    """A cursor of sqlite3, whose placeholders are question marks."""

    def __init__(self, cursor: Any) -> None:
        """Over the driver's cursor."""
        self._cursor = cursor
        self.fetchone, self.fetchall = cursor.fetchone, cursor.fetchall

    @property
    def rowcount(self) -> int:
        """How many rows the last statement changed."""
        return int(self._cursor.rowcount)

    def execute(self, statement: str, values: Any = ()) -> None:
        """Run a statement."""
        self._cursor.execute(with_qmarks(statement), values)


@cache
def with_qmarks(statement: str) -> str:
    """The same for sqlite3; no statement here has a % or a ? of its own."""
    return statement.replace("%s", "?")


@contextmanager
def session(connection: BaseDatabaseWrapper) -> Iterator[Cursor]:
    """A cursor whose statements are committed one by one, unless there is a transaction around them."""
    if watched(connection):
        with connection.cursor() as cursor:
            yield cursor
        return
    be_alive(connection)
    with connection.wrap_database_errors:
        yield driver_cursor(connection)


@contextmanager
def committed(connection: BaseDatabaseWrapper) -> Iterator[Cursor]:
    """A cursor in a transaction of its own that is committed at the end; an exception undoes it.

    raises  RuntimeError inside another transaction, which could undo what was acknowledged
    """
    if watched(connection):
        with transaction.atomic(using=connection.alias, durable=True), connection.cursor() as cursor:
            yield cursor
        return
    with writer_of(connection) as writer, session(writer) as cursor:
        cursor.execute("BEGIN IMMEDIATE" if connection.vendor == "sqlite" else "START TRANSACTION")
        try:
            yield cursor
            cursor.execute("COMMIT")
        except BaseException:
            undo(writer, cursor)
            raise


def be_alive(connection: BaseDatabaseWrapper) -> None:
    """Connect, anew where a server has dropped a connection that lay idle; a busy one is not asked each time."""
    now = time.monotonic()
    kept: Any = connection
    if connection.connection is not None and now - getattr(kept, USED_AT, now) > IDLE_S and not connection.is_usable():
        connection.close()
    setattr(kept, USED_AT, now)
    connection.ensure_connection()


def undo(connection: BaseDatabaseWrapper, cursor: Cursor) -> None:
    """End a transaction without a trace; a connection that cannot do that is closed, which does it too."""
    try:
        with connection.wrap_database_errors:
            cursor.execute("ROLLBACK")
    except Error:
        connection.close()


def watched(connection: BaseDatabaseWrapper) -> bool:
    """Whether Django is to see each statement, or has a transaction open."""
    return connection.in_atomic_block or connection.queries_logged or bool(connection.execute_wrappers)


def driver_cursor(connection: BaseDatabaseWrapper) -> Cursor:
    """A cursor without Django around it."""
    driver: Any = connection.connection
    if connection.vendor != "sqlite":
        found: Cursor = driver.cursor()
        return found
    import sqlite3  # noqa: PLC0415 - where it is used

    return QMarks(sqlite3.Connection.cursor(driver))
