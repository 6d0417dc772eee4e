"""The SQL of the store: one module a database, chosen by the connection.

Raw, because the ORM has no `version + 1` in an upsert, and takes ten times as long to say it. Every function of a
backend works inside the transaction of its caller.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

from kvstore.backends.mariadb import MariaDB
from kvstore.backends.rows import Buried, Head, Logged, Put, Row, Rows, Stored, Versions, When, moment
from kvstore.backends.sessions import Cursor, committed, session
from kvstore.backends.sqlite import Sqlite

__all__ = [
    "Buried",
    "Head",
    "Logged",
    "Put",
    "Row",
    "Rows",
    "Stored",
    "Versions",
    "When",
    "committed",
    "moment",
    "rows_of",
    "session",
]


def rows_of(connection: BaseDatabaseWrapper, cursor: Cursor) -> Rows:
    """The statements of this connection's database over its cursor."""
    return MariaDB(connection, cursor) if connection.vendor == "mysql" else Sqlite(connection, cursor)
