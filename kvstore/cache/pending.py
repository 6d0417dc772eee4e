"""A cache for several hosts (redis://): rows in Redis, and beside each the writers that may be changing it.

A hash a path:
    open        an id, new each time the hash is opened; missing while a writer may be at work
    value any   a row, and the id under which the hash of all paths was open when it was loaded
    w:TOKEN     a writer and its deadline by Redis's clock
and one such hash, without a value, for writers that may change any path. The names are the run's (see `runs`).

A writer begins: it adds its token and removes `open` and `value`. It commits. It ends: it takes its token away, and
when no other is there, opens the hash under a new id. Only then is the write acknowledged. A reader asks: it gets the
value, or as its lease the ids under which both hashes are open, or nothing. It loads, and its fill is taken only if
both are still open under these ids. Each of these steps is one script, which Redis runs as a whole.

Why a hit is never old: **a hit is what the database holds at the moment of the look**, as in `shared`, with ids for
even stamps. The value was loaded after both hashes were seen open, so no writer that was to be committed was pending,
and they have not been closed since, so none has begun. Hence late fills are refused whatever they carry, and writers
may end in any order: the last one of those that overlap opens the hash, and nothing was cached meanwhile. (An order by
revision would not do instead: a writer's end does not know its revision, and so could not refuse a reader that loaded
the one before.)

A writer that dies leaves its token, which keeps the hash closed for LINGER_S: longer than from a write's begin to when
the database carries out its COMMIT, or never will. So a transaction must be shorter than that; what a longer one wrote
may be hidden from its commit until its end (where it dies between, for an entry's life). If the end cannot be told,
the write may be acknowledged all the same: since its begin nothing can be hit, and when the token's life is over what
is loaded is what was committed. One that does not know its outcome gets its token's whole life anew.

What Redis forgets: its tokens are lost together with the values, but what is loaded next must not be kept while their
writers may be at work. So a missing hash is closed for LINGER_S, as if by a stranger: that of all paths always (after a
restart, a flush, its eviction), that of a path where Redis may have evicted it (maxmemory, and a policy that evicts).
Nothing of an earlier run is ever a hit, whatever snapshot Redis loads, since its names are of that run. A replica that
takes over is another run; but while two masters serve, each is right for its own clients only.

Redis away: readers ask the database, writers are refused before they begin. Readers of this process that hold the same
lease share one load: that is right since the lease, were a writer to have begun, would be another.
"""

import os
import random
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import NamedTuple

import msgspec

from kvstore.backends import Row
from kvstore.cache.base import LINGER_S, Answer, Cache, CacheAway, Load
from kvstore.cache.runs import Away, Runs, Script
from kvstore.keys import Path

ENTRY_LIFE_S = 3600
JITTER = 0.1  # of an entry's life, so that those that were filled together do not end together
ANY = ""  # no path is empty
WHOLE = msgspec.msgpack.Encoder()
ROW = msgspec.msgpack.Decoder(Row | None)

CLOCK = """
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
"""
COMMON = """
local linger_ms, life_ms, id = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]

local memory
local function evicts()
    memory = memory or redis.call('INFO', 'memory')
    return not (memory:find('maxmemory:0\\r', 1, true) or memory:find('maxmemory_policy:noeviction', 1, true))
end

-- What is missing may have had writers.
local function restore(key, is_any)
    if redis.call('EXISTS', key) == 0 and (is_any or evicts()) then
        redis.call('HSET', key, 'w:stranger', now_ms + linger_ms)
    end
end

-- Open a closed hash under the id, unless a writer is there whose life is not over.
local function open(key)
    local fields, pending = redis.call('HGETALL', key), false
    for at = 1, #fields, 2 do
        if tonumber(fields[at + 1]) > now_ms then
            pending = true
        else
            redis.call('HDEL', key, fields[at])
        end
    end
    if not pending then redis.call('HSET', key, 'open', id) end
    redis.call('PEXPIRE', key, life_ms)
end
"""
ASK = """
local value = redis.call('HMGET', KEYS[1], 'value', 'any', 'open')
local any = redis.call('HGET', KEYS[2], 'open')
if value[1] and value[2] == any then return {value[1]} end
local ids = {value[3], any}
for at, key in ipairs(KEYS) do
    if not ids[at] then
        restore(key, at == 2)
        open(key)
        ids[at] = redis.call('HGET', key, 'open')
    end
end
if ids[1] and ids[2] then return ids end
return {}
"""
FILL = """
if redis.call('HGET', KEYS[1], 'open') == ARGV[4] and redis.call('HGET', KEYS[2], 'open') == ARGV[5] then
    redis.call('HSET', KEYS[1], 'value', ARGV[6], 'any', ARGV[5])
    redis.call('PEXPIRE', KEYS[1], life_ms)
    redis.call('PEXPIRE', KEYS[2], 24 * life_ms)
end
"""
BEGIN = """
for _, key in ipairs(KEYS) do
    restore(key, ARGV[4] == 'any')
    redis.call('HDEL', key, 'open', 'value', 'any')
    redis.call('HSET', key, 'w:' .. id, now_ms + linger_ms)
    redis.call('PEXPIRE', key, life_ms)
end
"""
END = """
for _, key in ipairs(KEYS) do
    local there = redis.call('EXISTS', key) == 1
    redis.call('HDEL', key, 'open', 'value', 'any', 'w:' .. id)
    if ARGV[4] ~= 'known' then
        redis.call('HSET', key, 'w:' .. id, now_ms + linger_ms)
        there = true
    end
    if there then open(key) end
end
"""


class Lease(NamedTuple):
    """The ids under which the hash of a path and that of all paths were open before the load."""

    id: bytes
    any_id: bytes


class Begun(NamedTuple):
    """A write under way."""

    token: str
    names: Sequence[str]


class Pending(Cache):
    """Rows in Redis."""

    clock = CLOCK

    def __init__(self, url: str, owner: Callable[[], str], linger_s: float = LINGER_S) -> None:
        """Connect when first used.

        owner     tells the name of the database whose rows these are; it may raise, as a load may
        linger_s  from a write's begin until its commit is there or never will be, whatever becomes of its process
        """
        self._runs = Runs(url, owner)
        self._linger_ms = int(linger_s * 1000)
        self._ask, self._fill, self._begin, self._end = (
            Script(self.clock + COMMON + text) for text in (ASK, FILL, BEGIN, END)
        )
        self._loading: dict[tuple[Path, Lease], Future[Row | None]] = {}

    def read(self, path: Path, load: Load) -> Row | None:
        """As every cache, but with one load for those that miss at the same time under the same lease."""
        hit, row, lease = self.ask(path)
        if hit:
            return row
        if lease is None:
            return load()
        mine: Future[Row | None] = Future()
        first = self._loading.setdefault((path, lease), mine)
        if first is not mine:
            with suppress(Exception):
                return first.result()
            return load()  # its own fault, if there is one again
        try:
            row = load()
            mine.set_result(row)
        except BaseException as fault:
            mine.set_exception(fault)
            raise
        finally:
            del self._loading[path, lease]
        self.fill(path, lease, row)
        return row

    def ask(self, path: Path) -> Answer:
        """The value, else a lease if both hashes are open."""
        try:
            found = self._runs.call(self._ask, [path, ANY], *self._arguments(new_id()))
        except Away:
            return False, None, None
        if len(found) == 1:
            with suppress(msgspec.MsgspecError):  # of a release with other columns
                return True, ROW.decode(found[0]), None
        return False, None, Lease(*found) if len(found) == 2 else None  # noqa: PLR2004 - two ids

    def fill(self, path: Path, lease: Lease, row: Row | None) -> None:
        """Keep it if both are still open under the ids of the lease."""
        with suppress(Away):
            self._runs.call(self._fill, [path, ANY], *self._arguments(""), *lease, WHOLE.encode(row))

    def begin(self, paths: Collection[Path] | None) -> Begun:
        """Add a token to each hash, and remove what it holds."""
        names, token = [ANY] if paths is None else list(paths), new_id()
        try:
            if names:
                self._runs.call(self._begin, names, *self._arguments(token), "any" if paths is None else "")
        except Away as fault:
            raise CacheAway(f"the cache cannot be told of the write: {fault}") from fault
        return Begun(token, names)

    def end(self, write: Begun, *, known: bool) -> None:
        """Take the token away, or give it its whole life anew."""
        with suppress(Away):
            if write.names:
                self._runs.call(self._end, write.names, *self._arguments(write.token), "known" if known else "")

    def after_fork(self) -> None:
        """New connections; the loads that were under way are the parent's."""
        self._runs.after_fork()
        self._loading = {}

    def close(self) -> None:
        """Close what is idle."""
        self._runs.close()

    def _arguments(self, id_: str) -> tuple[int, int, str]:
        """Those that all scripts have."""
        life_s = ENTRY_LIFE_S * (1 + JITTER * random.random())  # noqa: S311 - spreads load, guards nothing
        return self._linger_ms, int(life_s * 1000), id_


def new_id() -> str:
    """Never given before."""
    return os.urandom(12).hex()
