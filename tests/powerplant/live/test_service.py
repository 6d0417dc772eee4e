"""The stream of the running service, whose workers are processes of their own."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests import services
from tests.conftest import Start
from tests.live import Service
from tests.powerplant.test_views import payload
from tests.waiting import until

pytestmark = pytest.mark.live
STREAM = "/api/v1/plans/stream"
ONE = {"WEB_WORKERS": "1", "MAX_WATCHERS": "1", "OPEN_RATE": "none"}
FILE = "var/db.live.sqlite3"


class Watching:
    """A client that watches: what it was sent, and how the stream ended."""

    def __init__(self, service: Service, url: str = "") -> None:
        self.connection = http.client.HTTPConnection(urlsplit(url or service.url).netloc, timeout=60)
        self.connection.request("GET", STREAM, headers={"Authorization": f"Bearer {service.key}"})
        self.socket = self.connection.sock
        self.answer = self.connection.getresponse()
        self.plans: list[dict[str, Any]] = []
        self.ended = threading.Event()
        self.fault: Exception | None = None
        self.status = self.answer.status
        if self.status == 200:
            assert self.answer.readline() == b": watching\n"
            threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            while line := self.answer.readline():
                if line.startswith(b"data: "):
                    self.plans.append(json.loads(line.removeprefix(b"data: ")))
        except (OSError, http.client.HTTPException, ValueError) as fault:
            self.fault = fault
        self.ended.set()

    def leave(self) -> None:
        """Go away without a word."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        if self.status == 200:
            assert self.ended.wait(60)
        self.connection.close()

    def loads(self) -> list[float]:
        """Of the plans that it was sent."""
        return [plan["request"]["load"] for plan in self.plans]

    def sees(self, load: float) -> None:
        """Wait for the plan of this load."""
        until(lambda: load in self.loads())


Watch = Callable[..., Watching]


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Lets clients watch; those that are still there leave at the end."""
    there: list[Watching] = []

    def watch(service: Service, url: str = "") -> Watching:
        there.append(Watching(service, url))
        return there[-1]

    yield watch
    for client in there:
        client.leave()


def ask(service: Service, load: float, session: requests.Session | None = None) -> requests.Response:
    """A plan for this load."""
    answer = (session or requests).post(f"{service.url}/productionplan", json=payload(load=load), timeout=60)
    assert answer.status_code == 200
    return answer


def on_each_worker(service: Service, count: int) -> dict[int, requests.Session]:
    """A kept-alive connection to each of the workers, by their ids."""
    sessions: dict[int, requests.Session] = {}

    def found() -> bool:
        session = requests.Session()
        pid = session.get(f"{service.url}/status", timeout=60).json()["pid"]
        sessions.setdefault(pid, session)
        return len(sessions) >= count

    until(found)
    return sessions


def workers(service: Service) -> list[int]:
    said = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(service.process.pid)], capture_output=True, text=True, check=False
    ).stdout
    return [int(word) for word in said.split()]


@pytest.mark.parametrize(
    ("server", "carrier"),
    [
        ("gunicorn", "sqlite"),
        ("granian", "sqlite"),
        pytest.param("gunicorn", "mariadb", marks=pytest.mark.service("mariadbd")),
        pytest.param("gunicorn", "redis_url", marks=pytest.mark.service("redis-server")),
    ],
)
def test_what_any_worker_computes_every_watcher_sees(
    server: str, carrier: str, start: Start, watch: Watch, request: pytest.FixtureRequest
) -> None:
    variables = {"sqlite": "", "mariadb": "DATABASE_URL", "redis_url": "CACHE_URL"}
    elsewhere = {variables[carrier]: request.getfixturevalue(carrier)} if carrier != "sqlite" else {}
    service = start(WEB_SERVER=server, OPEN_RATE="none", **elsewhere)
    clients = [watch(service), watch(service)]
    asked: dict[float, Any] = {}
    for session in on_each_worker(service, 2).values():
        for _ in range(20):
            load = 400.0 + len(asked)
            asked[load] = ask(service, load, session).json()
        session.close()
    for client in clients:
        until(lambda client=client: len(client.plans) >= len(asked))  # type: ignore[misc]
        assert sorted(client.loads()) == sorted(asked)
        assert all(plan["answer"] == asked[plan["request"]["load"]] for plan in client.plans)


def test_while_nobody_watches_nothing_is_written(start: Start, tmp_path: Path, watch: Watch) -> None:
    service = start(**ONE)
    for load in range(400, 420):
        ask(service, load)
    assert not (tmp_path / FILE).exists()
    client = watch(service)
    ask(service, 420)
    client.sees(420)


@pytest.mark.parametrize("server", ["gunicorn", "granian"])
def test_who_finds_no_place_is_told_when_to_come_again_and_finds_the_one_that_another_left(
    server: str, start: Start, watch: Watch
) -> None:
    service = start(WEB_SERVER=server, **ONE)
    client = watch(service)
    refused = service.call("GET", STREAM)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert refused.json()["detail"] == "all 1 places for watchers of this worker are taken"
    client.leave()
    until(lambda: ask(service, 400) and watch(service).status == 200)  # granian sees it when it sends
    assert '"level":"ERROR"' not in service.output


def test_who_takes_nothing_is_cut_off_while_plans_and_others_go_on(start: Start, watch: Watch) -> None:
    service = start(**{**ONE, "MAX_WATCHERS": "2"})
    address = urlsplit(service.url)
    with socket.socket() as stuck:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.connect((address.hostname, address.port))
        head = f"GET {STREAM} HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {service.key}\r\n\r\n"
        stuck.sendall(head.encode())
        assert stuck.recv(12) == b"HTTP/1.1 200"
        client, number = watch(service), 0

        def another_finds_a_place() -> bool:
            nonlocal number
            number += 1
            large = payload(load=400 + number % 100, comment="x" * 900_000)
            assert requests.post(f"{service.url}/productionplan", json=large, timeout=60).status_code == 200
            until(lambda: len(client.plans) >= number)
            return watch(service).status == 200

        until(another_finds_a_place)
        assert not client.ended.is_set()
    assert '"level":"ERROR"' not in service.output


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("server", ["gunicorn", "granian"])
def test_a_server_that_is_told_to_stop_ends_its_streams_properly(
    server: str, sign: int, start: Start, watch: Watch
) -> None:
    service = start(WEB_SERVER=server, MAX_WATCHERS="3")
    clients = [watch(service) for _ in range(3)]
    assert [client.status for client in clients] == [200] * 3
    if (server, sign) == ("gunicorn", signal.SIGINT):
        for pid in workers(service):  # as a terminal does
            os.kill(pid, sign)
    assert service.stop(sign) in (0, 130, -sign)
    for client in clients:
        assert client.ended.wait(60)
        assert client.fault is None  # the end was said, not cut


def test_a_worker_that_is_told_to_stop_ends_its_streams_and_the_next_one_serves(start: Start, watch: Watch) -> None:
    service = start(**ONE)
    client, (worker,) = watch(service), workers(service)
    os.kill(worker, signal.SIGTERM)
    assert client.ended.wait(60)
    assert client.fault is None
    until(lambda: watch(service).status == 200)


def test_a_worker_that_is_killed_leaves_nothing_taken(start: Start, watch: Watch) -> None:
    service = start(**ONE)
    client, (worker,) = watch(service), workers(service)
    os.kill(worker, signal.SIGKILL)
    assert client.ended.wait(60)
    following = watch(service)
    assert following.status == 200
    ask(service, 400)
    following.sees(400)


def test_goes_on_when_its_file_was_removed(start: Start, watch: Watch, tmp_path: Path) -> None:
    service = start(OPEN_RATE="none")
    client = watch(service)
    ask(service, 400)
    client.sees(400)
    for file in (tmp_path / "var").glob("db.live.sqlite3*"):
        file.unlink()
    sessions = on_each_worker(service, 2)
    for number, session in enumerate(sessions.values()):

        def seen(load: float = 500 + number, session: requests.Session = session) -> bool:
            ask(service, load, session)
            return load in client.loads()

        until(seen)
        session.close()
    assert not client.ended.is_set()


def test_plans_go_on_where_nothing_can_be_carried_and_are_seen_once_it_can(
    start: Start, watch: Watch, tmp_path: Path
) -> None:
    service = start(**ONE)
    (tmp_path / FILE).mkdir()
    refused = service.call("GET", STREAM)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert "what carries them between the workers is away" in refused.json()["detail"]
    for load in range(400, 420):
        ask(service, load)
    (tmp_path / FILE).rmdir()
    found: list[Watching] = []
    until(lambda: found.append(watch(service)) or found[-1].status == 200)  # type: ignore[func-returns-value]
    ask(service, 420)
    found[-1].sees(420)
    assert service.output.count("live plans are not carried") == 1


@pytest.mark.service("redis-server")
def test_plans_go_on_while_redis_is_away_and_are_seen_once_it_is_back(
    start: Start, watch: Watch, tmp_path: Path
) -> None:
    (tmp_path / "redis").mkdir()
    port = services.free_port()
    with services.redis(tmp_path / "redis", port) as url:
        service = start(CACHE_URL=url, **ONE)
        client = watch(service)
        ask(service, 400)
        client.sees(400)
    for load in range(401, 420):
        ask(service, load)
    until(lambda: "live plans are not carried" in service.output)
    with services.redis(tmp_path / "redis", port):
        until(lambda: "live plans are carried again" in service.output)
        ask(service, 420)
        client.sees(420)
    assert service.output.count("live plans are not carried") <= 2  # the second one at the end of this Redis


def test_of_a_large_body_in_chunks_the_size_is_shown(start: Start, watch: Watch) -> None:
    service = start(**ONE)
    client, body = watch(service), json.dumps(payload(comment="x" * 2**20)).encode()
    chunks = iter([body[:1000], body[1000:]])
    answer = service.call("POST", "/productionplan", data=chunks, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    until(lambda: client.plans)
    assert client.plans == [{"request": None, "answer": None, "too_large_bytes": len(body)}]


@pytest.mark.service("nginx")
def test_a_proxy_holds_back_neither_plans_nor_the_news_that_the_client_left(
    start: Start, watch: Watch, tmp_path: Path
) -> None:
    service = start(**ONE)
    with services.nginx(tmp_path, service.url) as url:
        client = watch(service, url)
        ask(service, 400)
        client.sees(400)
        client.leave()
        until(lambda: watch(service, url).status == 200)
