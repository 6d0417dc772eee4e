"""No acknowledged write is lost and no read is older than one, whichever part is killed -9 under a write load."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import services
from tests.conftest import Start
from tests.kvstore.faults.clients import KEYS, Clients, Seen
from tests.kvstore.faults.serving import Served, serving
from tests.kvstore.linearizable import Operation, violations
from tests.live import Service
from tests.waiting import until

pytestmark = pytest.mark.live
SERVING = {"OPEN_RATE": "none", "LOG_LEVEL": "ERROR"}
OPERATIONS = 250  # of each client

needs_mariadb = pytest.mark.service("mariadbd")
needs_redis = pytest.mark.service("redis-server")


@pytest.fixture
def variables(request: pytest.FixtureRequest) -> dict[str, str]:
    """Of a service with this database and this cache: `sqlite shm`, `mariadb redis`."""
    database, cache = request.param.split()
    found = {**SERVING, "CACHE_URL": f"{cache}://"}
    if cache == "redis":
        found["CACHE_URL"] = request.getfixturevalue("empty_redis")
    if database == "mariadb":
        found["DATABASE_URL"] = request.getfixturevalue("empty_mariadb")
    return found


@pytest.fixture
def empty_redis(tmp_path: Path) -> Iterator[str]:
    """Of one installation alone, as a Redis database must be."""
    (tmp_path / "redis").mkdir()
    with services.redis(tmp_path / "redis") as url:
        yield url


@pytest.fixture
def empty_mariadb(tmp_path: Path) -> Iterator[str]:
    with services.mariadb(tmp_path / "mariadb") as url:
        yield url


def workers(service: Service | Served) -> list[int]:
    """The processes that answer."""
    master = service.process.pid
    return [int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()]


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def check(service: Service | Served, seen: Seen, *, away: bool = False) -> None:
    """What the clients saw is one order of events, and the service has what it acknowledged last."""
    finally_read = [read(service, key) for key in KEYS]
    assert violations([*seen.operations, *finally_read]) == []
    acknowledged = [one for one in seen.operations if one.write and one.revision is not None]
    assert len({one.revision for one in acknowledged}) == len(acknowledged) > 0
    assert seen.without_retry_after == 0
    assert {status for _, status in seen.statuses} <= {200, 201, 204, 404, *([503] if away else [])}


def read(service: Service | Served, key: str) -> Operation:
    """What the key holds when all is over."""
    answer = service.call("GET", f"/api/v1/namespaces/faults/keys/{key}")
    content = answer.text if answer.status_code == 200 else None
    return Operation(key, float("inf"), float("inf"), int(answer.headers["X-KV-Revision"]), content)


@pytest.mark.parametrize("count", ["2", "4"])
@pytest.mark.parametrize(
    "variables",
    [
        "sqlite shm",
        pytest.param("mariadb shm", marks=needs_mariadb),
        pytest.param("mariadb redis", marks=[needs_mariadb, needs_redis]),
    ],
    indirect=True,
)
def test_workers_killed_under_load_lose_nothing(start: Start, variables: dict[str, str], count: str) -> None:
    service = start(**variables, WEB_WORKERS=count)
    with Clients(service.url, service.key, OPERATIONS).working() as clients:
        for kills in range(1, 9):
            clients.wait_for(kills / 10)
            kill(workers(service)[kills % int(count)])
            until(lambda: len(workers(service)) == int(count))
    check(service, clients.seen)


@pytest.mark.parametrize("variables", ["sqlite shm", pytest.param("mariadb none", marks=needs_mariadb)], indirect=True)
def test_a_server_killed_under_load_has_all_it_acknowledged_when_it_is_started_again(
    start: Start, variables: dict[str, str]
) -> None:
    service = start(**variables)
    with Clients(service.url, service.key, OPERATIONS).working() as clients:
        clients.wait_for(0.5)
        for pid in [service.process.pid, *workers(service)]:
            kill(pid)
    service.process.wait()
    again = start(**variables, PRESHARED_KEYS=f"owner:{service.key}")
    again.key = service.key
    again.session.headers["Authorization"] = f"Bearer {service.key}"
    check(again, clients.seen)


@needs_mariadb
def test_a_database_killed_under_load_is_503_meanwhile_and_loses_nothing(start: Start, tmp_path: Path) -> None:
    with services.mariadb_server(tmp_path / "mariadb") as (url, database):
        service = start(**SERVING, DATABASE_URL=url)
        with Clients(service.url, service.key, OPERATIONS).working() as clients:
            for kills in (1, 2):
                clients.wait_for(kills / 4)
                refused = clients.seen.statuses["PUT", 503]
                database.kill()
                clients.until(lambda seen, refused=refused: seen.statuses["PUT", 503] > refused)  # type: ignore[misc]
                assert service.call("GET", f"/api/v1/namespaces/faults/keys/{KEYS[0]}").status_code == 503
                assert service.call("GET", "/readyz").status_code == 503
                database.start()
                until(lambda: service.call("GET", "/readyz").status_code == 200)
        assert clients.seen.statuses["PUT", 503]
        check(service, clients.seen, away=True)


@needs_mariadb
@needs_redis
@pytest.mark.parametrize("snapshot", [False, True], ids=["empty", "from a snapshot"])
def test_a_redis_killed_under_load_stops_writes_not_reads_and_nothing_from_before_is_a_hit(
    start: Start, tmp_path: Path, empty_mariadb: str, snapshot: bool
) -> None:
    (tmp_path / "redis").mkdir()
    with services.redis_server(tmp_path / "redis") as (url, cache):
        service = start(**SERVING, DATABASE_URL=empty_mariadb, CACHE_URL=url)
        with Clients(service.url, service.key, OPERATIONS).working() as clients:
            clients.wait_for(0.3)
            if snapshot:
                save_snapshot(url)
            refused = clients.seen.statuses["PUT", 503]
            reads = clients.seen.statuses["GET", 200]
            cache.kill()
            clients.until(lambda seen: seen.statuses["PUT", 503] > refused and seen.statuses["GET", 200] > reads + 10)
            assert clients.seen.statuses["PUT", 503] > refused
            cache.start()
            until(lambda: service.call("GET", "/readyz").status_code == 200)
        assert not clients.seen.statuses["GET", 503]
        check(service, clients.seen, away=True)


@needs_mariadb
@needs_redis
def test_workers_killed_under_load_leave_nothing_old_in_a_redis_that_caches(
    tmp_path: Path, empty_mariadb: str, empty_redis: str
) -> None:
    with serving(tmp_path, empty_redis, linger_s=2, DATABASE_URL=empty_mariadb) as service:
        with Clients(service.url, service.key, 3 * OPERATIONS).working() as clients:
            for kills in range(1, 5):
                clients.wait_for(kills / 6)
                kill(workers(service)[0])
                until(lambda: len(workers(service)) == 2)
                clients.until(lambda _: bool(cached(empty_redis)))
        assert cached(empty_redis)
        check(service, clients.seen)


def test_the_same_check_catches_a_cache_of_each_process(tmp_path: Path) -> None:
    """In the first round that two workers answer: the kernel may give all connections of a round to one."""
    with serving(tmp_path, "memory://") as service:
        assert any(violations(seen_in(service, f"round-{number}")) for number in range(20))


def seen_in(service: Served, namespace: str) -> list[Operation]:
    with Clients(service.url, service.key, OPERATIONS, namespace=namespace).working() as clients:
        pass
    return clients.seen.operations


def cached(url: str) -> int:
    """How many rows Redis holds now."""
    from redis import Redis  # noqa: PLC0415 - here alone

    with Redis.from_url(url) as client:
        return sum(bool(client.hexists(name, "value")) for name in client.scan_iter(type="hash"))


def save_snapshot(url: str) -> None:
    """Have Redis begin with what it holds now when it is started again."""
    from redis import Redis  # noqa: PLC0415 - here alone

    with Redis.from_url(url) as client:
        client.save()


def test_a_reader_that_resumes_misses_no_change_while_workers_are_killed(start: Start) -> None:
    service = start(**SERVING, WEB_WORKERS="3", MAX_WATCHERS="4")
    told: list[tuple[int, str, str]] = []
    over = threading.Event()

    def follow() -> None:
        since = 0
        with contextlib.closing(service.session):
            while True:
                last = over.is_set()
                try:
                    answer = service.call(
                        "GET", f"/api/v1/namespaces/faults/changes?since={since}&wait=1&limit=50"
                    ).json()
                except OSError:
                    continue
                if "changes" in answer:
                    told.extend((change["revision"], change["key"], change["op"]) for change in answer["changes"])
                    since = answer["revision"]
                    if last and not answer["changes"]:
                        return

    follower = threading.Thread(target=follow)
    follower.start()
    try:
        with Clients(service.url, service.key, OPERATIONS).working() as clients:
            for kills in range(1, 6):
                clients.wait_for(kills / 8)
                kill(workers(service)[0])
                until(lambda: len(workers(service)) == 3)
    finally:
        over.set()
        follower.join()
    revisions = [revision for revision, _, _ in told]
    assert revisions == list(range(1, revisions[-1] + 1))
    acknowledged = {
        (one.revision, one.key, "delete" if one.content is None else "put")
        for one in clients.seen.operations
        if one.write and one.revision
    }
    assert acknowledged <= set(told)
