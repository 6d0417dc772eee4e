"""The log in a sqlite file of its own, which is made when somebody first watches and may be removed at any time."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from powerplant.live.carriers.log import Log

BUSY_TIMEOUT_S = 5
SCHEMA = """
PRAGMA journal_mode=WAL;
CREATE TABLE powerplant_live (end_bytes INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE powerplant_live_watch (id INTEGER PRIMARY KEY, until REAL NOT NULL);
"""
BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class Cursor:
    """sqlite's own cursor with Django's placeholders."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        """Over this one."""
        self._cursor = cursor
        self.fetchone, self.fetchall = cursor.fetchone, cursor.fetchall

    def execute(self, statement: str, values: Any = ()) -> None:
        """One statement."""
        self._cursor.execute(statement.replace("%s", "?"), values)

    def executemany(self, statement: str, rows: Any) -> None:
        """One statement for each row."""
        self._cursor.executemany(statement.replace("%s", "?"), rows)


class File(Log):
    """Nothing here outlives its minute, so nothing waits for the disk (synchronous OFF)."""

    WATCHED = "SELECT 1 FROM powerplant_live_watch WHERE until > (julianday('now') - 2440587.5) * 86400"
    SIGN = """
INSERT INTO powerplant_live_watch (id, until) VALUES (1, (julianday('now') - 2440587.5) * 86400 + %s)
ON CONFLICT (id) DO UPDATE SET until = excluded.until
"""

    def __init__(self, path: Path) -> None:
        """In this file; its directory must be there."""
        super().__init__()
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._inode = 0

    def watched(self) -> bool:
        """Whether any process gave a sign of life lately; where there is no file, none ever did."""
        return self._path.exists() and super().watched()

    def watch(self) -> None:
        """Make the file where it is missing, and watch."""
        if not self._path.exists():
            make(self._path)
            self._sign_at = float("-inf")
        super().watch()

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _cursor(self) -> Iterator[Cursor]:
        try:
            cursor = self._open().cursor()
            with contextlib.closing(cursor):
                yield Cursor(cursor)
        except sqlite3.DatabaseError as fault:
            if getattr(fault, "sqlite_errorcode", 0) & 0xFF in BROKEN:
                self._discard()
            raise

    @contextmanager
    def _transaction(self) -> Iterator[Cursor]:
        with self._cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")

    def _open(self) -> sqlite3.Connection:
        """The connection, to the file that has the name now."""
        inode = self._path.stat().st_ino
        if self._connection is None or inode != self._inode:
            self.close()
            self._inode = inode
            self._connection = sqlite3.connect(
                f"{self._path.as_uri()}?mode=rw", uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None
            )
            self._connection.execute("PRAGMA synchronous=OFF")
        return self._connection

    def _discard(self) -> None:
        """Remove a file that is broken, which a power failure may leave; another process's new one stays."""
        self.close()
        with contextlib.suppress(OSError):
            if self._path.stat().st_ino == self._inode:
                for suffix in ("", "-wal", "-shm"):
                    Path(f"{self._path}{suffix}").unlink(missing_ok=True)


def make(path: Path) -> None:
    """Make the file aside and give it its name once it is whole: turning to WAL bears no other process beside it."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(partial)) as connection:
        connection.executescript(SCHEMA)
    try:
        with contextlib.suppress(FileExistsError):  # another process was first
            os.link(partial, path)
    finally:
        partial.unlink()
