"""Plans in a bounded table, which every process that watches polls; and a row that says until when one does.

A plan's key is where its text ends in the log of all texts, in bytes. So the order of keys is that of commits (the row
is locked first), `> position` misses none, and the last KEPT_BYTES are what is above the end less KEPT_BYTES.
"""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar

KEPT_BYTES = 16 * 2**20
WATCHED_S = 10  # after a watcher's last sign of life

LOCK = "SELECT until FROM powerplant_live_watch WHERE id = 1"
END = "SELECT COALESCE(MAX(end_bytes), 0) FROM powerplant_live"
INSERT = "INSERT INTO powerplant_live (end_bytes, data) VALUES (%s, %s)"
TRIM = "DELETE FROM powerplant_live WHERE end_bytes <= %s"
READ = "SELECT end_bytes, data FROM powerplant_live WHERE end_bytes > %s ORDER BY end_bytes"


class Log:
    """The statements; a subclass knows its database's way of time, locks and connections."""

    WATCHED: ClassVar[str]
    SIGN: ClassVar[str]
    LOCK: ClassVar[str] = LOCK

    def __init__(self) -> None:
        """Not watching."""
        self._position: int | None = None
        self._sign_at = float("-inf")

    @property
    def watching(self) -> bool:
        """Between `watch` and `unwatch`."""
        return self._position is not None

    def watched(self) -> bool:
        """Whether any process gave a sign of life lately."""
        with self._cursor() as cursor:
            cursor.execute(self.WATCHED)
            return cursor.fetchone() is not None

    def write(self, texts: Sequence[bytes]) -> None:
        """Append them in one transaction, and drop the oldest above the bound."""
        with self._transaction() as cursor:
            cursor.execute(self.LOCK)
            cursor.fetchall()
            cursor.execute(END)
            end, rows = cursor.fetchone()[0], []
            for text in texts:
                end += len(text)
                rows.append((end, text))
            cursor.executemany(INSERT, rows)
            cursor.execute(TRIM, [end - KEPT_BYTES])

    def watch(self) -> None:
        """Give a sign of life when it is time; begin at the end, also where the log was made anew meanwhile."""
        now = time.monotonic()
        if self._position is not None and now < self._sign_at:
            return
        with self._cursor() as cursor:
            cursor.execute(self.SIGN, [WATCHED_S])
            cursor.execute(END)
            end = cursor.fetchone()[0]
        if self._position is None or self._position > end:
            self._position = end
        self._sign_at = now + WATCHED_S / 3

    def read(self) -> list[bytes]:
        """What was appended since."""
        with self._cursor() as cursor:
            cursor.execute(READ, [self._position])
            rows = cursor.fetchall()
        if rows:
            self._position = rows[-1][0]
        return [bytes(text) for _, text in rows]

    def unwatch(self) -> None:
        """Forget the position; the sign of life ends by itself, since other processes may share it."""
        self._position = None

    def _cursor(self) -> AbstractContextManager[Any]:
        """A cursor, each statement committed by itself."""
        raise NotImplementedError

    def _transaction(self) -> AbstractContextManager[Any]:
        """A cursor, whose statements are committed together."""
        raise NotImplementedError
