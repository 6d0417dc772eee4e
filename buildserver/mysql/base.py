"""Django's connection to MySQL and MariaDB, which sees by itself whether it lives."""

import select

from django.db.backends.mysql import base
from MySQLdb import Error
from MySQLdb.connections import Connection


class DatabaseWrapper(base.DatabaseWrapper):
    """Pings the server only where there is a doubt; Django asks before the first statement of each request."""

    def is_usable(self) -> bool:
        """Whether a kept connection can be used.

        A server that stops, restarts or loses patience closes it, which can be read at this end: a silent connection
        lives. Nothing was sent yet, so that a write may go to a new connection as well as a read.
        """
        return (not self.errors_occurred and is_silent(self.connection)) or super().is_usable()


def is_silent(connection: Connection) -> bool:
    """Whether the connection is open at this end, and nothing came that was not asked for."""
    try:
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN)
    except (AttributeError, ValueError, Error):  # Windows has no `poll`; the others are closed here
        return False
    return not poll.poll(0)
