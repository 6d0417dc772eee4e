"""Where the records are, and how several questions are asked of one moment."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, router

from kvstore.backends import Rows, committed, rows_of, session
from kvstore.models import Record


def alias_of_records() -> str:
    """The database of the records; for reads too, since a replica may not have yet what was acknowledged."""
    return router.db_for_write(Record)


@contextmanager
def reading() -> Iterator[Rows]:
    """Questions, each of its own moment."""
    connection = connections[alias_of_records()]
    with session(connection) as cursor:
        yield rows_of(connection, cursor)


@contextmanager
def writing_rows() -> Iterator[Rows]:
    """A transaction of its own, committed at the end; an exception undoes it."""
    connection = connections[alias_of_records()]
    with committed(connection) as cursor:
        yield rows_of(connection, cursor)


@contextmanager
def snapshot() -> Iterator[Rows]:
    """Questions that all see the same moment, and lock nothing; inside a transaction, what that sees."""
    with reading() as rows:
        if connections[alias_of_records()].in_atomic_block:
            yield rows
            return
        rows.begin_snapshot()
        try:
            yield rows
        finally:
            rows.end_snapshot()
