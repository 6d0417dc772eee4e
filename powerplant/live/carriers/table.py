"""The log in two tables of Django's database, for MySQL and MariaDB."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from django.db import connections, transaction

from powerplant.live.carriers.log import LOCK, Log


class Table(Log):
    """Time is the server's, since the processes may be on several hosts."""

    WATCHED = "SELECT 1 FROM powerplant_live_watch WHERE until > UNIX_TIMESTAMP(NOW(6))"
    SIGN = """
INSERT INTO powerplant_live_watch (id, until) VALUES (1, UNIX_TIMESTAMP(NOW(6)) + %s)
ON DUPLICATE KEY UPDATE until = VALUES(until)
"""
    LOCK = f"{LOCK} FOR UPDATE"

    def __init__(self, alias: str) -> None:
        """In the database `alias`, by this thread's own connection."""
        super().__init__()
        self._alias = alias

    def watched(self) -> bool:
        """Whether any process gave a sign of life lately."""
        connections[self._alias].close_if_unusable_or_obsolete()  # the first statement after a rest
        return super().watched()

    def close(self) -> None:
        """Close the connection."""
        connections[self._alias].close()

    def _cursor(self) -> AbstractContextManager[Any]:
        return connections[self._alias].cursor()

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        with transaction.atomic(using=self._alias), self._cursor() as cursor:
            yield cursor
