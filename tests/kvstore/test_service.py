"""Changes of the running service, whose workers are processes of their own, and bodies as its HTTP server has them."""

import contextlib
import http.client
import io
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import requests

from kvstore import exports, metadata
from tests import services
from tests.conftest import Start
from tests.live import PROJECT, Service, environment
from tests.waiting import until

pytestmark = pytest.mark.live
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def on_mariadb(tmp_path_factory: pytest.TempPathFactory, mariadb: str) -> Iterator[Service]:
    """The service over MariaDB, started once for the tests of this file."""
    running = Service(tmp_path_factory.mktemp("service"), OPEN_RATE="none", DATABASE_URL=mariadb)
    yield running
    running.stop()


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.service("mariadbd"))])
def served(request: pytest.FixtureRequest) -> Service:
    """A service of two workers over each database."""
    name = "service" if request.param == "sqlite" else "on_mariadb"
    found: Service = request.getfixturevalue(name)
    return found


@pytest.fixture(params=["sqlite", pytest.param("mariadb", marks=pytest.mark.service("mariadbd"))])
def on_the_host(request: pytest.FixtureRequest, start: Start) -> Service:
    """A service over each database that is written to from this host alone, and so may cache here."""
    if request.param == "sqlite":
        found: Service = request.getfixturevalue("service")
        return found
    return start(OPEN_RATE="none", DATABASE_URL=request.getfixturevalue("mariadb"), CACHE_URL="shm://")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Service]]:
    """A service of one worker with one place, on each server that a test names."""

    @cache
    def start(server: str) -> Service:
        variables = {"WEB_SERVER": server, "WEB_WORKERS": "1", "MAX_WATCHERS": "1", "OPEN_RATE": "none"}
        started.append(Service(tmp_path_factory.mktemp("service"), **variables))
        return started[-1]

    started: list[Service] = []
    yield start
    for service in started:
        service.stop()


@pytest.fixture
def namespace() -> str:
    """One that no other test writes to: the services go on from test to test."""
    return f"live-{os.getpid()}-{next(NUMBERS)}"


class Watching:
    """A client that watches: the events that it was sent, and how the stream ended."""

    def __init__(self, service: Service, namespace: str, query: str = "", **headers: str) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=60)
        url = f"/api/v1/namespaces/{namespace}/changes?{query}"
        sent = {"Authorization": f"Bearer {service.key}", "Accept": "text/event-stream", **headers}
        self.connection.request("GET", url, headers=sent)
        self.socket = self.connection.sock
        self.answer = self.connection.getresponse()
        self.revisions: list[int] = []
        self.changes: list[dict[str, Any]] = []
        self.ended = threading.Event()
        self.fault: Exception | None = None
        self.status = self.answer.status
        if self.status == 200:
            assert self.answer.readline() == b": watching\n"
            threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            while line := self.answer.readline():
                if line.startswith(b"id: "):
                    self.revisions.append(int(line.removeprefix(b"id: ")))
                if line.startswith(b"data: "):
                    self.changes.append(json.loads(line.removeprefix(b"data: ")))
        except (OSError, http.client.HTTPException, ValueError) as fault:
            self.fault = fault
        self.ended.set()

    def sees(self, *revisions: int) -> None:
        """Wait until it was sent these, in this order and nothing else."""
        until(lambda: len(self.changes) >= len(revisions))
        assert self.revisions == [change["revision"] for change in self.changes] == list(revisions)

    def leave(self) -> None:
        """Go away without a word."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        if self.status == 200:
            assert self.ended.wait(60)
        self.connection.close()


Watch = Callable[..., Watching]


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Lets clients watch; those that are still there leave at the end."""
    there: list[Watching] = []

    def watch(*args: Any, **headers: str) -> Watching:
        there.append(Watching(*args, **headers))
        return there[-1]

    yield watch
    for client in there:
        client.leave()


def put(
    service: Service, namespace: str, key: str = "a", session: requests.Session | None = None, **options: Any
) -> requests.Response:
    """Write a value, or fail."""
    url = f"{service.url}/api/v1/namespaces/{namespace}/keys/{key}"
    answer = (session or service.session).put(
        url, data=b"1", timeout=60, headers={"Authorization": f"Bearer {service.key}"}, **options
    )
    assert answer.status_code in (200, 201), answer.text
    return answer


def on_each_worker(service: Service, count: int = 2) -> list[requests.Session]:
    """A kept-alive connection to each of the workers."""
    sessions: dict[int, requests.Session] = {}

    def found() -> bool:
        session = requests.Session()
        session.trust_env = False
        pid = session.get(f"{service.url}/status", timeout=60).json()["pid"]
        sessions.setdefault(pid, session)
        return len(sessions) >= count

    until(found)
    return list(sessions.values())


def test_what_any_worker_commits_every_watcher_sees_in_order(served: Service, namespace: str, watch: Watch) -> None:
    clients = [watch(served, namespace), watch(served, namespace)]
    sessions = on_each_worker(served)
    for number in range(20):
        put(served, namespace, str(number), sessions[number % 2])
    for client in clients:
        client.sees(*range(1, 21))
        assert [change["key"] for change in client.changes] == [str(number) for number in range(20)]


def test_a_watcher_that_comes_again_is_told_what_it_missed(served: Service, namespace: str, watch: Watch) -> None:
    client = watch(served, namespace)
    put(served, namespace)
    client.sees(1)
    client.leave()
    for _ in range(3):
        put(served, namespace)
    again = watch(served, namespace, **{"Last-Event-ID": str(client.revisions[-1])})
    again.sees(2, 3, 4)
    put(served, namespace)
    again.sees(2, 3, 4, 5)


def test_a_long_poll_is_answered_by_what_another_worker_commits(served: Service, namespace: str) -> None:
    one, other = on_each_worker(served)
    for since in range(3):
        told: list[Any] = []

        def ask(since: int = since, told: list[Any] = told) -> None:
            url = f"{served.url}/api/v1/namespaces/{namespace}/changes?since={since}&wait=60"
            told.append(one.get(url, timeout=60, headers={"Authorization": f"Bearer {served.key}"}).json())

        asking = threading.Thread(target=ask)
        asking.start()
        put(served, namespace, session=other)
        asking.join()
        assert told[0]["revision"] == since + 1
        assert [change["revision"] for change in told[0]["changes"]] == [since + 1]


def test_who_watches_learns_of_an_expiry(served: Service, namespace: str, watch: Watch) -> None:
    client = watch(served, namespace)
    put(served, namespace, params={"ttl": "0.01"})
    client.sees(1, 2)
    assert [change["op"] for change in client.changes] == ["put", "expire"]


@pytest.mark.parametrize("server", ["gunicorn", "granian"])
def test_who_finds_no_place_is_told_when_to_come_again_and_finds_the_one_that_another_left(
    server: str, alone: Callable[[str], Service], watch: Watch, namespace: str
) -> None:
    service = alone(server)
    client = watch(service, namespace)
    for query, headers in (("", {"Accept": "text/event-stream"}), ("?wait=1", {})):
        refused = service.call("GET", f"/api/v1/namespaces/{namespace}/changes{query}", headers=headers)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert refused.json()["detail"] == "all 1 places for watchers of this worker are taken"
    put(service, namespace)
    client.sees(1)
    client.leave()

    def finds_a_place() -> bool:
        put(service, namespace)  # granian sees that the client has gone when it sends
        return watch(service, namespace, "since=1").status == 200

    until(finds_a_place)
    assert '"level":"ERROR"' not in service.output


def test_after_a_worker_was_killed_a_watcher_resumes_and_misses_nothing(
    alone: Callable[[str], Service], watch: Watch, namespace: str
) -> None:
    service = alone("gunicorn")
    clients: list[Watching] = []
    # The server sees that the client of another test left when it looks.
    until(lambda: clients.append(watch(service, namespace)) or clients[-1].status == 200)  # type: ignore[func-returns-value]
    put(service, namespace)
    clients[-1].sees(1)
    said = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(service.process.pid)], capture_output=True, text=True, check=False
    ).stdout
    (worker,) = map(int, said.split())
    os.kill(worker, signal.SIGKILL)
    assert clients[-1].ended.wait(60)
    put(service, namespace)
    again = watch(service, namespace, **{"Last-Event-ID": "1"})
    assert again.status == 200
    put(service, namespace)
    again.sees(2, 3)


# --- bodies and heads over the wire -------------------------------------------------------------------------------


def exchange(service: Service, data: bytes, *, half_close: bool = False) -> bytes:
    """What the server sends until it closes the connection."""
    url = urlsplit(service.url)
    with socket.create_connection((url.hostname, url.port), timeout=30) as connection:
        connection.sendall(data)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def raw(service: Service, line: str, *headers: str, body: bytes = b"") -> bytes:
    """A request's bytes."""
    lines = [f"{line} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {service.key}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def statuses(received: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1.1 (\d+)", received)]


def manage(variables: Mapping[str, str], *arguments: str, data: bytes = b"") -> bytes:
    """What a command told on its standard output."""
    line = [sys.executable, str(PROJECT / "manage.py"), *arguments]
    return subprocess.run(line, env=dict(variables), input=data, check=True, capture_output=True).stdout


def test_what_is_written_beside_the_service_each_worker_shows_at_once(on_the_host: Service, namespace: str) -> None:
    service, url = on_the_host, f"/api/v1/namespaces/{namespace}/keys/a"
    put(service, namespace)
    sessions = on_each_worker(service)

    def shown() -> set[str]:
        """What every worker has, asked until each has it from its cache."""
        headers = {"Authorization": f"Bearer {service.key}"}
        return {each.get(service.url + url, headers=headers, timeout=60).text for each in sessions for _ in range(3)}

    def shell(*lines: str) -> None:
        start = "from django.utils import timezone; from kvstore import store; from kvstore.keys import path_of"
        manage(
            service.environment,
            "shell",
            "--no-imports",
            "-c",
            "\n".join([start, f'NS, A = "{namespace}", "a"', *lines]),
        )

    assert shown() == {"1"}
    shell('store.put(path_of(NS, A), store.Value(b"shell", "text/plain"), now=timezone.now())')
    assert shown() == {"shell"}
    times = '"expires_at": null, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"'
    lines = [
        f'{{"kvstore": 1, "namespace": "{namespace}", "revision": 1, "version_floor": 0}}',
        f'{{"key": "a", "version": 1, "value": "import", {times}}}',
        f'{{"end": "{namespace}", "records": 1, "changes": 0, "more": false}}\n',
    ]
    manage(service.environment, "kv_import", "--on-conflict", "replace", data="\n".join(lines).encode())
    assert shown() == {'"import"'}
    # Past the store nobody is told, which shows that all this came from caches; the sweep tells everyone.
    shell(
        "from django.db import connection",
        """CHANGE = "UPDATE kvstore_record SET value = X'70617374' WHERE path = %s\"""",
        "connection.cursor().execute(CHANGE, [path_of(NS, A)])",
    )
    assert shown() == {'"import"'}
    manage(service.environment, "kv_sweep")
    assert shown() == {"past"}
    shell("from kvstore.store import namespaces; namespaces.delete(NS, now=timezone.now())")
    assert {json.loads(problem)["status"] for problem in shown()} == {404}


def test_of_a_head_no_body_is_sent_and_the_connection_goes_on(served: Service, namespace: str) -> None:
    put(served, namespace)
    for path, accept in (("keys/a", "*/*"), ("keys", "*/*"), ("changes?wait=60", "text/event-stream")):
        url = f"/api/v1/namespaces/{namespace}/{path}"
        head = raw(served, f"HEAD {url}", f"Accept: {accept}")
        received = exchange(served, head + raw(served, "GET /ping", "Connection: close"))
        assert statuses(received) == [200, 200]
        assert received.split(b"\r\n\r\n")[1].startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (["Content-Length: 100"], b"only this"),
        (["Transfer-Encoding: chunked"], b"9\r\nonly this\r\n"),
        (["Transfer-Encoding: chunked"], b"9\r\nonly th"),
    ],
)
def test_a_body_cut_short_is_refused_and_nothing_is_written(
    served: Service, namespace: str, headers: list[str], body: bytes
) -> None:
    put(served, namespace)
    url = f"/api/v1/namespaces/{namespace}/keys/a"
    received = exchange(served, raw(served, f"PUT {url}", *headers, body=body), half_close=True)
    assert statuses(received) == [400]
    shown = served.call("GET", url)
    assert (shown.content, shown.headers["ETag"]) == (b"1", '"1"')


def test_a_chunked_body_is_kept_whole_and_refused_above_the_limit(served: Service, namespace: str) -> None:
    url = f"/api/v1/namespaces/{namespace}/keys/a"
    for size_bytes, status in ((2**20, 201), (2**20 + 1, 413)):
        chunks = iter([b"x" * (2**19), b"y" * (size_bytes - 2**19)])
        assert served.call("PUT", url, data=chunks).status_code == status
    assert served.call("GET", url).content == b"x" * 2**19 + b"y" * 2**19


def test_bytes_and_metadata_go_over_the_wire_as_they_are(served: Service, namespace: str) -> None:
    url = f"/api/v1/namespaces/{namespace}/keys/a%2Fb%20%C3%A9"
    value = bytes(range(256)) * 16
    sent = {"Content-Type": "image/png", "X-Meta-Who": "é😀".encode()}
    assert served.call("PUT", url, data=value, headers=sent).json() == {"key": "a/b é", "version": 1}
    shown = served.call("GET", url)
    assert (shown.content, shown.headers["Content-Type"]) == (value, "image/png")
    assert shown.headers["X-Meta-Who"].encode("latin-1").decode() == "é😀"
    assert shown.headers["Content-Security-Policy"] == "sandbox"


# --- from one database to another ---------------------------------------------------------------------------------


@pytest.mark.service("mariadbd")
def test_the_commands_carry_records_from_sqlite_to_mariadb_and_back_without_loss(start: Start, tmp_path: Path) -> None:
    service = start(OPEN_RATE="none")
    values = {
        "Case": b"\x00\xff", "case": b"", "a ": b"text", "a": b'{"n": 123456789012345678901234567890}',
        "e\u0301": b"[ ]", "\u00e9": bytes(range(256)) * 400, "\U0001f600/\uffff": b"last",
    }  # fmt: skip
    for number, (key, value) in enumerate(values.items()):
        path = f"/api/v1/namespaces/{'ab'[number % 2]}/keys/{quote(key, safe='')}"
        kind = "application/json" if value[:1] in (b"{", b"[") else f'image/x-{number}; a="{number}"'
        headers = {"Content-Type": kind, "X-Meta-Owner": '\u00fc"\\'.encode()}
        for _ in range(number % 3 + 1):
            answer = service.call("PUT", path, data=value, headers=headers, params={"ttl": "1000000.000001"})
            assert answer.status_code in (200, 201)
    assert service.call("DELETE", "/api/v1/namespaces/a/keys/a%20").status_code == 204
    service.stop()
    first = manage(service.environment, "kv_export")
    (tmp_path / "mariadb").mkdir()
    with services.mariadb(tmp_path / "mariadb") as url:
        there = environment(tmp_path, DATABASE_URL=url)
        manage(there, "migrate", "-v0")
        manage(there, "kv_import", "--on-conflict", "fail", data=first)
        second = manage(there, "kv_export")
    (tmp_path / "again").mkdir()
    back = environment(tmp_path / "again")
    manage(back, "migrate", "-v0")
    manage(back, "kv_import", "--on-conflict", "fail", data=second)
    assert manage(back, "kv_export") == second == first
    del values["a "]
    told = [item for _, item in exports.read(io.BytesIO(first), 2**20) if isinstance(item, exports.Record)]
    assert {item.key: item.value for item in told} == values
    assert {item.meta for item in told} == {metadata.text_of({"owner": 'ü"\\'})}
    assert all(item.expires_at and item.expires_at > item.updated_at for item in told)
