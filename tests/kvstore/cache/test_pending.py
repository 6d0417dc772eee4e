"""The cache in Redis: restarts, what it forgets, when it is away; and reads that share a load."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path as File
from typing import Any

import msgspec
import pytest
from django.db import DatabaseError
from redis import Redis
from redis.exceptions import RedisError

from kvstore.cache import runs
from kvstore.cache.base import CacheAway
from kvstore.cache.pending import Pending
from kvstore.cache.runs import Away, Runs, Script
from kvstore.keys import Path
from tests import services
from tests.kvstore.cache.conftest import Database, run_of
from tests.kvstore.cache.kinds import LINGER_S, ClockedPending
from tests.kvstore.cache.rows import owner, row
from tests.waiting import until

pytestmark = pytest.mark.service("redis-server")
A, B = Path("default/a"), Path("default/b")


@pytest.fixture
def cache(redis: Redis, redis_url: str) -> Iterator[Pending]:
    """One whose Redis has been up for a while."""
    made = Pending(redis_url, owner)
    yield made
    made.close()


@pytest.fixture
def clocked(redis: Redis, redis_url: str) -> Iterator[ClockedPending]:
    """One whose clock is a key."""
    redis.set("clock", 10**12)
    made = ClockedPending(redis_url, owner, LINGER_S)
    yield made
    made.close()


def later(redis: Redis, seconds: float) -> None:
    redis.incrby("clock", int(seconds * 1000))


def keeps(cache: Pending, load: Database, path: Path = A) -> bool:
    """Whether a second read asks nobody."""
    cache.read(path, load)
    before = load.loads
    cache.read(path, load)
    return load.loads == before


class Server:
    """A Redis that is stopped and started on the same port."""

    def __init__(self, directory: File, *options: str) -> None:
        self.port = services.free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.directory = directory
        self.options = options
        self.running: services.Server | None = None

    def start(self) -> None:
        """Start it; it loads what it saved."""
        command = [services.need("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--dir", str(self.directory), "--save", "", *self.options]
        self.running = services.Server(command, self.port, self.directory / "log")
        self.running.start()

    def kill(self) -> None:
        """Kill it."""
        running, self.running = self.running, None
        if running:
            running.kill()

    def client(self) -> Redis:
        return Redis.from_url(self.url)

    def warm(self) -> None:
        """As if it had been up for a while."""
        with self.client() as client:
            client.hset(f"kvstore:{run_of(client)}:", "open", "first")


@pytest.fixture
def server(tmp_path: File) -> Iterator[Server]:
    made = Server(tmp_path)
    made.start()
    yield made
    made.kill()


@pytest.fixture
def restless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits after a failure."""
    monkeypatch.setattr(runs, "REST_S", 0)


# --- a writer's life -----------------------------------------------------------------------------------------------


def test_a_killed_writer_closes_its_path_for_the_life_of_its_token(
    redis: Redis, clocked: Pending, load: Database
) -> None:
    redis.hset(f"kvstore:{run_of(redis)}:", "open", "first")
    clocked.begin([A])
    later(redis, LINGER_S - 1)
    assert not keeps(clocked, load)
    assert keeps(clocked, load, B)
    later(redis, 1)
    assert keeps(clocked, load)


def test_a_killed_writer_of_any_path_closes_all(redis: Redis, clocked: Pending, load: Database) -> None:
    clocked.begin(None)
    later(redis, LINGER_S - 1)
    assert not keeps(clocked, load)
    later(redis, 1)
    assert keeps(clocked, load)


def test_an_outcome_that_is_not_known_gives_the_token_its_whole_life_anew(
    redis: Redis, clocked: Pending, load: Database
) -> None:
    write = clocked.begin([A])
    later(redis, LINGER_S - 1)
    clocked.end(write, known=False)
    later(redis, LINGER_S - 1)
    assert not keeps(clocked, load)
    later(redis, 1)
    assert keeps(clocked, load)


def test_a_write_that_outlived_its_token_is_told_all_the_same(redis: Redis, clocked: Pending, load: Database) -> None:
    with clocked.changing([A]):
        later(redis, LINGER_S)
        assert keeps(clocked, load)  # before it is committed
        load.row = row(1)
    assert clocked.read(A, load) == row(1)


def test_the_path_is_open_when_the_last_of_its_writers_has_ended(cache: Pending, load: Database) -> None:
    first, second = cache.begin([A]), cache.begin([A])
    cache.end(first, known=True)
    assert cache.ask(A) == (False, None, None)
    cache.end(second, known=True)
    assert keeps(cache, load)


def test_what_is_kept_ends_by_itself(redis: Redis, cache: Pending, load: Database) -> None:
    cache.read(A, load)
    with cache.changing([B]):
        pass
    run = run_of(redis)
    lives = {name.decode().removeprefix(f"kvstore:{run}:"): redis.ttl(name) for name in redis.scan_iter("kvstore:*")}
    assert lives.keys() == {"", A, B}
    assert 3600 <= lives[A] <= 3960
    assert 3600 <= lives[B] <= 3960
    assert lives[""] >= 24 * 3600


# --- what Redis forgets --------------------------------------------------------------------------------------------


def test_in_the_first_minute_of_a_redis_nothing_is_kept(redis: Redis, clocked: Pending, load: Database) -> None:
    redis.delete(f"kvstore:{run_of(redis)}:")
    assert not keeps(clocked, load)
    later(redis, LINGER_S - 1)
    assert not keeps(clocked, load)
    later(redis, 1)
    assert keeps(clocked, load)


def test_a_writer_that_comes_first_opens_nothing_for_others(redis: Redis, clocked: Pending, load: Database) -> None:
    redis.delete(f"kvstore:{run_of(redis)}:")
    with clocked.changing(None):
        pass
    assert not keeps(clocked, load)
    later(redis, LINGER_S)
    assert keeps(clocked, load)


def test_a_flush_is_as_a_restart(redis: Redis, clocked: Pending, load: Database) -> None:
    assert keeps(clocked, load)
    clock = redis.get("clock")
    redis.flushall()
    redis.set("clock", clock or b"")
    load.row = row(1)
    assert clocked.read(A, load) == row(1)
    assert not keeps(clocked, load)


@pytest.fixture
def evicting(redis: Redis) -> Iterator[Redis]:
    """A Redis that may evict any key."""
    redis.config_set("maxmemory", "1gb")
    redis.config_set("maxmemory-policy", "allkeys-lru")
    yield redis
    redis.config_set("maxmemory", 0)
    redis.config_set("maxmemory-policy", "noeviction")


def test_where_redis_evicts_a_new_path_is_kept_after_the_life_of_a_token(
    evicting: Redis, clocked: Pending, load: Database
) -> None:
    assert not keeps(clocked, load)
    later(evicting, LINGER_S)
    assert keeps(clocked, load)
    with clocked.changing([A]):
        pass
    assert keeps(clocked, load)


def test_a_token_that_was_evicted_is_not_forgotten(evicting: Redis, clocked: Pending, load: Database) -> None:
    later(evicting, LINGER_S)
    with clocked.changing([A]):
        evicting.delete(f"kvstore:{run_of(evicting)}:{A}")
        with clocked_writer(clocked):
            pass
        assert not keeps(clocked, load)
        load.row = row(1)
    assert clocked.read(A, load) == row(1)


class clocked_writer:  # noqa: N801 - reads as what it is
    """Another writer of A, in another process."""

    def __init__(self, cache: Pending) -> None:
        self.cache = cache

    def __enter__(self) -> None:
        self.write = self.cache.begin([A])

    def __exit__(self, *_: object) -> None:
        self.cache.end(self.write, known=True)


def test_an_evicted_path_is_not_made_by_the_end_of_a_write(evicting: Redis, clocked: Pending) -> None:
    name = f"kvstore:{run_of(evicting)}:{A}"
    with clocked.changing([A]):
        evicting.delete(name)
    assert not evicting.exists(name)


def test_a_row_of_another_release_is_a_miss(redis: Redis, cache: Pending, load: Database) -> None:
    assert keeps(cache, load)
    redis.hset(f"kvstore:{run_of(redis)}:{A}", "value", msgspec.msgpack.encode({"value": 1}))
    load.row = row(1)
    assert cache.read(A, load) == row(1)


# --- restarts ------------------------------------------------------------------------------------------------------


def test_nothing_of_before_a_restart_is_a_hit(server: Server, load: Database) -> None:
    cache = Pending(server.url, owner)
    server.warm()
    assert keeps(cache, load)
    server.kill()
    load.row = row(1)  # by a writer that died after its commit
    server.start()
    assert cache.read(A, load) == row(1)
    assert not keeps(cache, load)
    server.warm()
    assert keeps(cache, load)
    cache.close()


@pytest.mark.usefixtures("restless")
def test_nothing_of_before_a_restart_is_a_hit_when_redis_loads_an_old_snapshot(server: Server, load: Database) -> None:
    cache = Pending(server.url, owner)
    server.warm()
    assert keeps(cache, load)
    with server.client() as client:
        client.save()
        before = run_of(client)
    with cache.changing([A]):
        load.row = row(1)
    server.kill()
    server.start()
    with server.client() as client:
        old = client.hget(f"kvstore:{before}:{A}", "value")
    assert old == msgspec.msgpack.encode(None)  # it is there
    assert cache.read(A, load) == row(1)
    server.warm()
    assert cache.read(A, load) == row(1)
    cache.close()


@pytest.mark.usefixtures("restless")
def test_a_write_during_which_redis_was_restarted_ends_well(server: Server, load: Database) -> None:
    cache = Pending(server.url, owner)
    server.warm()
    cache.read(A, load)
    with cache.changing([A]):
        server.kill()
        server.start()
        assert not keeps(cache, load)
        load.row = row(1)
    assert cache.read(A, load) == row(1)
    cache.close()


@pytest.mark.usefixtures("restless")
def test_a_lease_of_before_a_restart_is_worth_nothing(server: Server, load: Database) -> None:
    cache = Pending(server.url, owner)
    server.warm()
    lease = cache.ask(A)[2]
    server.kill()
    server.start()
    server.warm()
    cache.fill(A, lease, row(1))
    assert cache.read(A, load) is None
    cache.close()


def test_names_are_those_of_the_run_that_the_connection_reaches(server: Server) -> None:
    calls, echo = Runs(server.url, owner), Script("return KEYS")
    (first,) = calls.call(echo, ["a"])
    server.kill()
    server.start()
    (second,) = calls.call(echo, ["a"])
    with server.client() as client:
        assert second.decode() == f"kvstore:{run_of(client)}:a"
    assert first != second
    calls.close()


# --- away ----------------------------------------------------------------------------------------------------------


class Time:
    """Seconds that stand still."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_while_redis_is_away_reads_ask_the_database_and_writes_are_refused(
    server: Server, load: Database, caplog: pytest.LogCaptureFixture
) -> None:
    cache, time = Pending(server.url, owner), Time()
    cache._runs._clock = time
    server.warm()
    cache.read(A, load)
    server.kill()
    load.row = row(1)
    assert [cache.read(A, load), cache.read(A, load)] == [row(1), row(1)]
    for told in ("Redis did not answer a moment ago", "Error 111 connecting to"):
        with pytest.raises(CacheAway, match=f"^the cache cannot be told of the write: {told}"), cache.changing([A]):
            raise AssertionError("it began")
        time.now_s += runs.REST_S
    assert [record.getMessage() for record in caplog.records] == ["the cache's Redis is away, or refuses"] * 2
    server.start()
    server.warm()
    time.now_s += runs.REST_S
    with cache.changing([A]):
        load.row = row(2)
    assert cache.read(A, load) == row(2)
    assert keeps(cache, load)
    cache.close()


def test_owners_that_share_a_redis_do_not_meet(redis: Redis, redis_url: str, load: Database) -> None:
    mine, other = Pending(redis_url, owner), Pending(redis_url, lambda: "other")
    redis.hset(f"other:{run_of(redis)}:", "open", "first")
    load.row = row(1)
    assert keeps(mine, load)
    theirs = Database()
    theirs.row = row(7)
    assert other.read(A, theirs) == row(7)
    with other.changing(None):
        theirs.row = row(8)
    before = load.loads
    assert mine.read(A, load) == row(1)
    assert load.loads == before
    assert other.read(A, theirs) == row(8)
    mine.close()
    other.close()


def test_an_owner_that_cannot_be_told_yet_is_asked_again(redis: Redis, redis_url: str, load: Database) -> None:
    told: list[str] = []

    def tell() -> str:
        if not told:
            raise DatabaseError("away")
        return told[0]

    cache = Pending(redis_url, tell)
    load.row = row(1)
    with pytest.raises(DatabaseError, match=r"^away$"):
        cache.read(A, load)
    with pytest.raises(DatabaseError, match=r"^away$"), cache.changing([A]):
        pytest.fail("begun without a name")
    told.append("kvstore")
    assert keeps(cache, load)
    cache.close()


def test_after_a_failure_one_call_at_a_time_tries_again() -> None:
    calls, time, tried = Runs("redis://127.0.0.1:1/0", owner), Time(), []
    calls._clock = time
    answers: list[Any] = [RedisError("first"), RedisError("second"), "back", "back"]

    def call(*_: object) -> Any:
        tried.append(time.now_s)
        with pytest.raises(Away, match=r"^Redis did not answer a moment ago$"):
            meanwhile.call(Script(""), [])
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    meanwhile = calls
    calls._call = call  # type: ignore[method-assign]
    calls._rests_until_s = time.now_s
    for fault in ("first", "second"):
        with pytest.raises(Away, match=f"^{fault}$"):
            calls.call(Script(""), [])
        with pytest.raises(Away, match=r"^Redis did not answer a moment ago$"):
            calls.call(Script(""), [])
        time.now_s += runs.REST_S
    assert calls.call(Script(""), []) == "back"
    assert calls._rests_until_s < 0
    assert tried == [1000, 1001, 1002]


def test_a_write_that_redis_is_not_told_the_end_of_is_acknowledged_and_never_hidden(
    server: Server, load: Database
) -> None:
    cache, other = Pending(server.url, owner), Pending(server.url, owner)
    server.warm()
    cache.read(A, load)
    with cache.changing([A]):
        load.row = row(1)
        cache._runs._rests_until_s = float("inf")
    assert other.read(A, load) == row(1)
    assert not keeps(other, load)  # until the life of the token is over
    other.close()
    cache.close()


def test_a_redis_that_does_not_answer_in_time_is_away(load: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "TIMEOUT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        cache = Pending(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", owner)
        assert cache.read(A, load) is None
        with pytest.raises(CacheAway), cache.changing([A]):
            raise AssertionError("it began")
    cache.close()


def test_a_redis_that_refuses_is_away(server: Server, load: Database) -> None:
    cache = Pending(server.url, owner)
    with server.client() as client:
        client.config_set("requirepass", "secret")
    told = "^the cache cannot be told of the write: Authentication required.$"
    with pytest.raises(CacheAway, match=told), cache.changing([A]):
        raise AssertionError("it began")
    assert cache.read(A, load) is None
    cache.close()


def test_a_full_redis_keeps_nothing_new_and_can_still_be_told_of_writes(
    redis: Redis, cache: Pending, load: Database
) -> None:
    cache.read(A, load)
    redis.config_set("maxmemory", 1)
    try:
        assert cache.ask(A)[0]
        assert not keeps(cache, load, B)
        with cache.changing([A, B]):
            load.row = row(1)
        assert [cache.read(A, load), cache.read(B, load)] == [row(1), row(1)]
    finally:
        redis.config_set("maxmemory", 0)


def test_scripts_that_redis_forgot_are_sent_again(redis: Redis, cache: Pending, load: Database) -> None:
    assert keeps(cache, load)
    redis.script_flush()
    assert keeps(cache, load)


def test_a_connection_that_broke_while_it_lay_idle_is_made_anew(redis: Redis, cache: Pending, load: Database) -> None:
    cache.read(A, load)
    redis.client_kill_filter(_type="normal", skipme=True)
    assert keeps(cache, load)
    with cache.changing([A]):
        load.row = row(1)
    assert cache.read(A, load) == row(1)


def test_there_are_no_more_connections_than_calls_at_a_time(redis: Redis, cache: Pending, load: Database) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: cache.read(Path(f"default/{number}"), load), range(200)))
    assert 1 <= len(cache._runs._idle) <= 4


def test_a_server_that_tells_no_run_is_away(monkeypatch: pytest.MonkeyPatch, redis_url: str) -> None:
    monkeypatch.setattr(runs, "RUN", runs.re.compile(b"no such thing"))
    calls = Runs(redis_url, owner)
    with pytest.raises(Away, match=r"^Redis does not tell its run_id$"):
        calls.call(Script("return 1"), [])


def test_what_is_no_address_is_told_at_once() -> None:
    with pytest.raises(ValueError, match="Redis URL must specify"):
        Pending("http://127.0.0.1", owner)


def test_a_redis_with_tls_is_spoken_to_with_tls() -> None:
    assert Runs("rediss://127.0.0.1:1/0", owner)._class.__name__ == "SSLConnection"


def test_a_forked_process_has_connections_and_loads_of_its_own(cache: Pending, load: Database) -> None:
    _, _, lease = cache.ask(A)
    parents = list(cache._runs._idle)
    cache._loading[A, lease] = Future()  # of a thread that was not copied
    with cache._runs._resting:
        cache.after_fork()
        assert cache.read(A, load) is None
    assert not set(parents) & set(cache._runs._idle)
    for connection in parents:
        connection.disconnect()


# --- one load for all who miss ---------------------------------------------------------------------------------------


class Slow:
    """A database that answers when it is let; `asked` counts the questions."""

    def __init__(self, answer: Callable[[], Any]) -> None:
        self.asked = 0
        self.let = threading.Event()
        self.answer = answer

    def __call__(self) -> Any:
        self.asked += 1
        assert self.let.wait(60)
        return self.answer()


def readers(cache: Pending, load: Slow, count: int) -> list[Any]:
    """What many readers get that miss while the first one loads."""
    found: list[Any] = []

    def read() -> None:
        try:
            found.append(cache.read(A, load))
        except DatabaseError as fault:
            found.append(fault)

    threads = [threading.Thread(target=read) for _ in range(count)]
    for thread in threads:
        thread.start()
    until(lambda: load.asked)
    future = next(iter(cache._loading.values()))
    until(lambda: len(future._condition._waiters) == count - 1 or load.asked == count)  # type: ignore[attr-defined]
    load.let.set()
    for thread in threads:
        thread.join()
    return found


def test_readers_that_miss_at_the_same_time_share_a_load(cache: Pending) -> None:
    load = Slow(lambda: row(1))
    assert readers(cache, load, 4) == [row(1)] * 4
    assert load.asked == 1
    assert cache._loading == {}


def test_a_load_that_fails_is_everybodys_own(cache: Pending) -> None:
    load = Slow(lambda: (_ for _ in ()).throw(DatabaseError("away")))
    assert [str(fault) for fault in readers(cache, load, 3)] == ["away"] * 3
    assert load.asked == 3
    assert cache._loading == {}


def test_a_reader_that_comes_after_a_write_shares_no_load_of_before(cache: Pending, load: Database) -> None:
    early = Slow(lambda: None)
    thread = threading.Thread(target=cache.read, args=[A, early])
    thread.start()
    until(lambda: early.asked)
    with cache.changing([A]):
        load.row = row(1)
    assert cache.read(A, load) == row(1)
    early.let.set()
    thread.join()
    assert cache.read(A, load) == row(1)
