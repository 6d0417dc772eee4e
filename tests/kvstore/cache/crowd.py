"""Processes of several threads that read and write a few keys through a cache at once, and are killed meanwhile.

    python -m tests.kvstore.cache.crowd shm|redis|memory WHERE DIRECTORY

WHERE is the cache's file or URL. The database is sqlite in DIRECTORY. Each process writes what it asked and was told
into a file of its own, a line at a time: `R key start end revision content loaded` for a read, `W key start content`
before a write, and `A content end revision` once it is acknowledged. Some kill themselves in the middle of a write, and
some are killed wherever they are; others take their place, PROCESSES in all, CROWD at a time, OPERATIONS each.
"""

import os
import random
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path as File

from kvstore.backends import Row
from kvstore.cache.base import Cache
from kvstore.cache.local import Local
from kvstore.cache.pending import Pending
from kvstore.cache.shared import Shared
from kvstore.cache.stamps import Stamps
from kvstore.keys import Path
from tests.kvstore.cache.rows import owner, row

PROCESSES, CROWD, THREADS, OPERATIONS = 20, 4, 3, 450
KEYS = {"shm": 6, "memory": 6, "redis": 60}  # a dead writer's token closes its key in Redis for a minute
WRITES, SLOW, DIES = 0.25, 0.1, 0.003  # parts of the operations, of the loads, of the writes' steps
MAX_BYTES = 2**20
WRITE = """
INSERT INTO record VALUES (?, 1, ?)
ON CONFLICT (path) DO UPDATE SET revision = revision + 1, content = excluded.content RETURNING revision
"""


def cache_of(kind: str, where: str) -> Cache:
    """A new one, as a process makes it."""
    if kind == "redis":
        return Pending(where, owner)
    return Shared(lambda: Stamps(File(where), 0), MAX_BYTES) if kind == "shm" else Local(MAX_BYTES, 0)


class Client:
    """A thread of a process."""

    def __init__(self, cache: Cache, keys: int, database: str, log: int, name: str) -> None:
        self.cache, self.log, self.name = cache, log, name
        self.keys = [Path(f"default/{number}") for number in range(keys)]
        self.chance = random.Random(name)  # noqa: S311 - the same each time
        self.records = sqlite3.connect(database, timeout=60, isolation_level=None, check_same_thread=False)
        self.records.execute("PRAGMA synchronous=FULL")

    def work(self) -> None:
        """Read and write."""
        for number in range(OPERATIONS // THREADS):
            key = self.chance.choice(self.keys)
            if self.chance.random() < WRITES:
                self.write(key, f"{self.name}.{number}")
            else:
                self.read(key)
        self.records.close()

    def read(self, key: Path) -> None:
        """Through the cache."""
        loads: list[Row | None] = []

        def load() -> Row | None:
            loads.append(self.load(key))
            return loads[0]

        start = time.monotonic_ns()
        found = self.cache.read(key, load)
        shown = f"{found.revision} {found.value.decode()}" if found else "0 -"
        self.say(f"R {key} {start} {time.monotonic_ns()} {shown} {len(loads)}")

    def load(self, key: Path) -> Row | None:
        """From the database, sometimes slowly."""
        query = "SELECT revision, content FROM record WHERE path = ?"
        found = self.records.execute(query, [key]).fetchone()
        if self.chance.random() < SLOW:
            for _ in range(200):
                self.records.execute(query, [key]).fetchone()
        return row(found[0], found[1].encode()) if found else None

    def write(self, key: Path, content: str) -> None:
        """In a transaction; perhaps the last thing that this process does."""
        self.say(f"W {key} {time.monotonic_ns()} {content}")
        with self.cache.changing([key]):
            self.perhaps_die()
            with self.transaction():
                ((revision,),) = self.records.execute(WRITE, [key, content]).fetchall()
                self.perhaps_die()
            self.perhaps_die()
        self.say(f"A {content} {time.monotonic_ns()} {revision}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.records.execute("BEGIN IMMEDIATE")
        yield
        self.records.execute("COMMIT")

    def perhaps_die(self) -> None:
        if self.chance.random() < DIES:
            os.kill(os.getpid(), signal.SIGKILL)

    def say(self, line: str) -> None:
        os.write(self.log, f"{line}\n".encode())


def process(kind: str, where: str, directory: File, number: int, inherited: Cache) -> None:
    """All of one process. Every second one has its cache from before the fork."""
    inherited.after_fork()
    threading.excepthook = lambda fault: (sys.excepthook(*fault[:3]), os._exit(1))  # type: ignore[assignment,arg-type]
    cache = inherited if number % 2 and kind != "memory" else cache_of(kind, where)
    log = os.open(directory / f"{number}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    clients = [Client(cache, KEYS[kind], str(directory / "db"), log, f"{number}.{thread}") for thread in range(THREADS)]
    threads = [threading.Thread(target=client.work) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def start(kind: str, where: str, directory: File, number: int, inherited: Cache) -> int:
    """The id of a new process."""
    pid = os.fork()
    if not pid:
        status = 1
        try:
            process(kind, where, directory, number, inherited)
            status = 0
        finally:
            os._exit(status)
    return pid


def main(kind: str, where: str, home: str) -> None:
    """Keep the crowd going; it tells how many ended well and how many were killed."""
    directory = File(home)
    with sqlite3.connect(directory / "db") as records:
        records.execute("PRAGMA journal_mode=WAL")
        records.execute("CREATE TABLE record (path TEXT PRIMARY KEY, revision INTEGER, content TEXT)")
    records.close()
    inherited = cache_of(kind, where)
    chance = random.Random(0)  # noqa: S311 - the same each time
    numbers, there, ended = iter(range(PROCESSES)), {}, {0: 0, signal.SIGKILL: 0}
    while True:
        while len(there) < CROWD and (number := next(numbers, None)) is not None:
            # Every third one is killed once it has told so many lines.
            at_bytes = chance.randrange(200, 20_000) if number % 3 == 0 else sys.maxsize
            there[start(kind, where, directory, number, inherited)] = directory / f"{number}.log", at_bytes
        if not there:
            break
        for pid, (log, at_bytes) in there.items():
            if log.exists() and log.stat().st_size >= at_bytes:
                os.kill(pid, signal.SIGKILL)
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid:
            ended[os.waitstatus_to_exitcode(status) * -1] += 1
            del there[pid]
        else:
            time.sleep(0.001)
    sys.stdout.write(f"{ended[0]} {ended[signal.SIGKILL]}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
