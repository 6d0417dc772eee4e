"""The caches as a test has them: two "processes" of each kind, a clock that is moved, and a way to kill a writer."""

import itertools
from collections.abc import Collection, Sequence
from pathlib import Path as File
from typing import Any

from redis import Redis

from kvstore.backends import Row
from kvstore.cache.base import Answer, Cache
from kvstore.cache.none import Nothing
from kvstore.cache.pending import Pending
from kvstore.cache.shared import Begun, Shared
from kvstore.cache.stamps import ANY, Stamps, slot_of
from kvstore.keys import Path
from tests.kvstore.cache.rows import owner

LINGER_S = 60
PATH = Path("default/one")
SLOT = slot_of(PATH)
NEIGHBOUR = next(Path(f"default/{number}") for number in itertools.count() if slot_of(f"default/{number}") == SLOT)
MAX_BYTES = 2**20


class Kind:
    """Two caches that are to be coherent, each as in a process of its own.

    exclusive   a writer waits for another one whose paths share a lock with its own
    lingers     a dead writer may be committed yet, for LINGER_S
    unbounded   a live writer may take longer than LINGER_S
    """

    exclusive = False
    lingers = True
    unbounded = True
    caches: tuple[Cache, Cache]

    def reset(self) -> None:
        """Both caches empty, and no writer at work or in doubt."""

    def close(self) -> None:
        """Let go of connections."""

    def kill(self, token: Any) -> None:
        """What the kernel does when the process of a writer is killed."""

    def wait(self) -> None:
        """LINGER_S go by."""

    def forget(self) -> None:
        """What the cache keeps of PATH is evicted."""

    def flush(self) -> None:
        """All that the cache keeps is lost."""

    def committed(self, token: Any, row: Row) -> None:
        """What a cache that keeps the row which a writer wrote wants to know."""


class WithStamps(Kind):
    """Over stamps whose clock stands still, a table for each of both caches."""

    exclusive = True

    def __init__(self, files: Sequence[File | None], *, lingers: bool, one_process: bool = False) -> None:
        self.lingers = lingers
        self.now_ns = 10**12
        tables = [Stamps(file, LINGER_S if lingers else 0, lambda: self.now_ns) for file in files]
        self.tables = tables[0], tables[-1]
        self.one_process = one_process
        self.reset()

    def reset(self) -> None:
        first, second = (Shared(lambda table=table: table, MAX_BYTES) for table in self.tables)  # type: ignore[misc]
        self.caches = first, first if self.one_process else second
        for table in self.tables:
            for slot in (SLOT, ANY):
                table.mend(slot)  # notices
                self.wait()
                table.mend(slot)

    def kill(self, token: Begun) -> None:
        for stripe in token.write.stripes:
            token.stamps._unlock(stripe)

    def wait(self) -> None:
        self.now_ns += LINGER_S * 10**9


def shared(file: File, *, lingers: bool) -> WithStamps:
    """Two processes at one file: one table, since byte locks know of no two in a process."""
    return WithStamps([file], lingers=lingers)


def local() -> WithStamps:
    """One process."""
    return WithStamps([None], lingers=True, one_process=True)


def two_locals() -> WithStamps:
    """Two processes with a cache each that knows nothing of the other: wrong."""
    return WithStamps([None, None], lingers=False)


class Without(Kind):
    """none://."""

    def __init__(self) -> None:
        self.caches = Nothing(), Nothing()


class ClockedPending(Pending):
    """Redis's clock is a key."""

    clock = "local now_ms = tonumber(redis.call('GET', 'clock'))"


class InRedis(Kind):
    """Two processes at one Redis, whose clock stands still; the hashes of PATH and of all paths are open."""

    unbounded = False

    def __init__(self, url: str) -> None:
        self.redis = Redis.from_url(url)
        self.run = self.redis.info("server")["run_id"]
        self.caches = ClockedPending(url, owner, LINGER_S), ClockedPending(url, owner, LINGER_S)

    def reset(self) -> None:
        with self.redis.pipeline() as pipeline:
            pipeline.flushall()
            pipeline.set("clock", 10**12)
            for name in (PATH, ""):
                pipeline.hset(f"kvstore:{self.run}:{name}", "open", "first")
            pipeline.execute()

    def forget(self) -> None:
        self.redis.delete(f"kvstore:{self.run}:{PATH}")

    def flush(self) -> None:
        with self.redis.pipeline() as pipeline:
            pipeline.get("clock")
            pipeline.flushall()
            clock, _ = pipeline.execute()
        self.redis.set("clock", clock)

    def wait(self) -> None:
        self.redis.incrby("clock", LINGER_S * 1000)

    def close(self) -> None:
        self.redis.close()
        for cache in self.caches:
            assert isinstance(cache, Pending)
            cache.close()


class Box:
    """A write under way, and what it wrote."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.row: Row | None = None


class Wrong(Cache):
    """What the wrong caches share: one store that all processes see."""

    def __init__(self) -> None:
        self.rows: dict[Path, Row | None] = {}

    def ask(self, path: Path) -> Answer:
        return path in self.rows, self.rows.get(path), True

    def fill(self, path: Path, lease: Any, row: Row | None) -> None:
        self.rows[path] = row

    def begin(self, paths: Collection[Path] | None) -> Box:
        (path,) = paths or ()
        return Box(path)

    def end(self, write: Box, *, known: bool) -> None:
        """Nothing."""


class SetAfterWrite(Wrong):
    """The textbook: a reader keeps what it loaded, a writer what it wrote."""

    def end(self, write: Box, *, known: bool) -> None:
        self.rows[write.path] = write.row


class DeleteAfterWrite(Wrong):
    """The other textbook: a writer removes what is there."""

    def end(self, write: Box, *, known: bool) -> None:
        self.rows.pop(write.path, None)


class DirtyMark(Wrong):
    """A mark from before the commit until a writer stores what is no older than what is there."""

    def __init__(self) -> None:
        super().__init__()
        self.dirty: set[Path] = set()
        self.highest: dict[Path, int] = {}

    def _store(self, path: Path, row: Row | None) -> bool:
        revision = row.revision if row else 0
        if revision < self.highest.get(path, 0):
            return False
        self.rows[path], self.highest[path] = row, revision
        return True

    def ask(self, path: Path) -> Answer:
        return path in self.rows, self.rows.get(path), None if path in self.dirty else True

    def fill(self, path: Path, lease: Any, row: Row | None) -> None:
        if path not in self.dirty:
            self._store(path, row)

    def begin(self, paths: Collection[Path] | None) -> Box:
        box = super().begin(paths)
        self.dirty.add(box.path)
        self.rows.pop(box.path, None)
        return box

    def end(self, write: Box, *, known: bool) -> None:
        if known and self._store(write.path, write.row):
            self.dirty.discard(write.path)


class PendingByRevision(Wrong):
    """Pending writers, and an order by revision in place of leases; but a writer's end does not know its revision."""

    def __init__(self) -> None:
        super().__init__()
        self.pending: set[Box] = set()
        self.highest = 0

    def fill(self, path: Path, lease: Any, row: Row | None) -> None:
        revision = row.revision if row else 0
        if not self.pending and revision >= self.highest:
            self.rows[path], self.highest = row, revision

    def begin(self, paths: Collection[Path] | None) -> Box:
        box = super().begin(paths)
        self.pending.add(box)
        self.rows.pop(box.path, None)
        return box

    def end(self, write: Box, *, known: bool) -> None:
        self.pending.discard(write)


class InOneStore(Kind):
    """Two processes at a wrong cache."""

    def __init__(self, wrong: type[Wrong]) -> None:
        self.wrong = wrong
        self.reset()

    def reset(self) -> None:
        cache = self.wrong()
        self.caches = cache, cache

    def committed(self, token: Box, row: Row) -> None:
        token.row = row
