"""The service started, used, stopped and started again as a user does it."""

import contextlib
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from buildserver import serve
from tests import services
from tests.conftest import Start
from tests.live import PROJECT, Service, environment

pytestmark = pytest.mark.live


def test_the_first_start_makes_everything_and_the_second_shows_no_secret(start: Start, tmp_path: Path) -> None:
    service = start()
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert service.call("GET", "/authorize").json()["key"] == "owner"
    assert service.call("POST", "/save", json={"key": "k", "value": 1}).status_code == 201
    key, password = service.key, service.password
    assert key
    assert password
    assert service.stop() == 0
    again = start()
    again.session.headers["Authorization"] = f"Bearer {key}"
    assert again.call("GET", "/get?key=k").json()["value"] == 1
    assert (again.key, again.password) == ("", "")
    assert key not in again.output
    assert again.stop() == 0


def test_the_line_it_tells_works_when_pasted(service: Service) -> None:
    line = next(line for line in service.output.splitlines() if line.strip().startswith("curl "))
    said = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    assert said.stdout == """{"message":"The received message is: 'hello'"}"""


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("server", ["gunicorn", "granian"])
def test_a_signal_ends_all_that_was_started(start: Start, sign: int, server: str, tmp_path: Path) -> None:
    service = start("--mock-s3", WEB_SERVER=server)
    assert service.call("GET", "/buildserver/list-assets").json()["assets"][0]["build"] == "ci-devspike-3028"
    group = children(service.process.pid)
    assert len(group) >= 3
    assert service.stop(sign) in (0, 130, -sign)
    for pid in group:
        gone(pid)
    assert not list((tmp_path / "tmp").iterdir())


def children(pid: int) -> list[int]:
    said = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False).stdout
    direct = [int(word) for word in said.split()]
    return direct + [grandchild for child in direct for grandchild in children(child)]


def gone(pid: int) -> None:
    """Wait for the process to end; it fails through the test's own limit, not by a sleep."""
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        descriptor = os.pidfd_open(pid)
        import select  # noqa: PLC0415

        assert select.select([descriptor], [], [], 30)[0], f"process {pid} is still there"
        os.close(descriptor)


def test_a_kill_9_of_the_server_ends_the_mock_too(start: Start) -> None:
    service = start("--mock-s3")
    group = children(service.process.pid)
    service.stop(signal.SIGKILL)
    for pid in group:
        gone(pid)


def refused(tmp_path: Path, *arguments: str, **variables: str) -> str:
    command = [sys.executable, "-m", "buildserver.cli", "serve", *arguments]
    ended = subprocess.run(
        command, cwd=PROJECT, env=environment(tmp_path, **variables), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1, ended.stdout
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_a_busy_port_is_told_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        said = refused(tmp_path, PORT=str(port))
    assert f"127.0.0.1:{port} cannot be listened on" in said
    assert f"PORT={port + 1} ./runapp" in said


def test_a_mock_is_refused_off_loopback(tmp_path: Path) -> None:
    everywhere = "0.0.0.0"  # noqa: S104 - it is refused
    assert "is for loopback only, not for HOST=0.0.0.0" in refused(tmp_path, "--mock-s3", HOST=everywhere)
    assert "is for loopback only" in refused(tmp_path, HOST=everywhere, BUILDSERVER_MOCK_S3="1")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"PORT": "eighty"}, "PORT: 'eighty' is not a whole number from 0 to 65535"),
        ({"WEB_SERVER": "apache"}, "WEB_SERVER: 'apache' is none of gunicorn, granian"),
        ({"HOST": "no.such.host.invalid"}, "cannot be listened on"),
        ({"WEB_WORKERS": "none"}, "WEB_WORKERS: 'none' is not a whole number"),
        ({"KVSTORE_HISTORY_DAYS": "999999"}, "KVSTORE_HISTORY_DAYS: '999999' is not a whole number from 0 to 36500"),
        ({"CLOSED_ROUTES": "process"}, "CLOSED_ROUTES: 'process' are not all paths that begin with /"),
        ({"ASSETS_URL": "ftp://x"}, "ASSETS_URL: "),
        ({"CACHE_URL": "memcached://x"}, "CACHE_URL: it is none of shm:// none:// redis://"),
        ({"PRESHARED_KEYS": "owner"}, "PRESHARED_KEYS, entry 1: there is no colon"),
        ({}, "no key is configured"),
        ({"PRESHARED_KEYS": "owner:key"}, "SECRET_KEY is not set"),
    ],
)
def test_a_wrong_or_missing_value_names_its_variable(variables: dict[str, str], said: str, tmp_path: Path) -> None:
    assert said in refused(tmp_path, **variables)


@pytest.mark.parametrize("command", ["check", "migrate", "collectstatic --noinput", "make_key ci kv:read"])
def test_commands_need_no_key_and_nothing_prepared(command: str, tmp_path: Path) -> None:
    line = [sys.executable, "manage.py", *command.split()]
    ended = subprocess.run(line, cwd=PROJECT, env=environment(tmp_path), capture_output=True, text=True, check=False)
    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False), ended.stderr


def test_the_servers_environment_has_no_secret_of_the_file(start: Start) -> None:
    service = start()
    for pid in [service.process.pid, *children(service.process.pid)]:
        variables = Path(f"/proc/{pid}/environ").read_bytes()
        assert service.key.encode() not in variables
        assert b"SECRET_KEY" not in variables


def test_blank_variables_do_not_hide_those_of_the_file(start: Start) -> None:
    first = start()
    first.stop()
    again = start(PRESHARED_KEYS="", SECRET_KEY=" ")
    again.session.headers["Authorization"] = f"Bearer {first.key}"
    assert again.call("GET", "/authorize").json()["key"] == "owner"
    assert again.key == ""


def test_home_cannot_stand_in_the_file_that_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BUILDSERVER_HOME=/elsewhere\n")
    assert "BUILDSERVER_HOME: it says where" in refused(tmp_path)


def test_who_connects_before_the_server_runs_gets_small_packets_at_once_too() -> None:
    with serve.listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("server", ["gunicorn", "granian"])
def test_tells_each_request_in_a_line_to_stdout(server: str, start: Start) -> None:
    service = start(WEB_SERVER=server)
    service.call("GET", "/get/a%20b?token=hidden", headers={"X-Request-ID": "here"})
    service.stop()
    (line,) = [line for line in service.output.splitlines() if '"request_id":"here"' in line]
    said = json.loads(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000", said.pop("time"))
    assert 0 < said.pop("ms") < 60_000
    assert list(said.items()) == [
        *(("level", "INFO"), ("logger", "buildserver.requests"), ("message", "request")),
        *(("method", "GET"), ("path", "/get/a b"), ("status", 404), ("key", "owner"), ("address", "127.0.0.1")),
        ("request_id", "here"),
    ]


@pytest.mark.parametrize("host", ["127.0.0.2", "::1"])
def test_the_host_that_was_asked_for_is_allowed(host: str, start: Start) -> None:
    assert start(HOST=host).call("GET", "/ping").status_code == 200


def test_no_header_moves_the_service_to_another_path(start: Start) -> None:
    service = start(CLOSED_ROUTES="/process")
    moved = {"SCRIPT_NAME": "/x", "X-Forwarded-Prefix": "/x", "Authorization": ""}
    answer = service.call("POST", "/x/process", json={"message": "hello"}, headers=moved)
    assert answer.status_code == 404
    assert service.call("GET", "/x/admin/", headers=moved).status_code == 404


def test_reload_starts_anew_when_a_source_file_changes(start: Start) -> None:
    service = start("--reload", WEB_WORKERS="1")
    before = service.call("GET", "/status").json()["pid"]
    end = time.monotonic() + 60
    while service.call("GET", "/status").json()["pid"] == before:
        os.utime(PROJECT / "buildserver" / "views.py")  # the worker may not have looked at it yet
        assert time.monotonic() < end, service.output
    assert service.stop() == 0


def test_serves_by_granian_the_same(start: Start) -> None:
    service = start(WEB_SERVER="granian")
    assert service.call("GET", "/authorize").json()["key"] == "owner"
    assert service.call("GET", "/get/%FF").status_code == 400
    body = iter([b'{"message":', b' "hello"}'])
    answer = service.call("POST", "/process", data=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, "send Content-Length" in answer.json()["detail"]) == (411, True)
    assert service.call("GET", "/metrics").status_code == 200
    assert service.stop() in (0, -signal.SIGTERM)


def test_serves_on_mariadb_the_same(mariadb: str, start: Start) -> None:
    service = start(DATABASE_URL=mariadb)
    assert service.call("GET", "/readyz").json()["database"] == "OK"
    assert service.call("POST", "/save", json={"key": "Case", "value": 1}).status_code == 201
    assert service.call("GET", "/get/case").status_code == 404
    assert service.call("GET", "/get/Case").json()["value"] == 1
    assert service.call("PUT", "/buildserver/put-asset?build=b", data=b"bytes").status_code == 201
    assert service.call("GET", "/buildserver/get-asset?build=b").content == b"bytes"
    assert service.stop() == 0


def test_metrics_are_those_of_all_workers(start: Start) -> None:
    service = start()
    for _ in range(20):
        requests.get(service.url + "/ping", timeout=30)
    counted = re.search(r'method="GET",route="ping",status="200"} (\d+)', service.call("GET", "/metrics").text)
    assert counted
    assert int(counted[1]) == 20
    assert service.stop() == 0


def test_behind_nginx_the_clients_address_counts(start: Start, tmp_path: Path) -> None:
    service = start(OPEN_RATE="2/h", TRUSTED_PROXIES="127.0.0.1")
    with services.nginx(tmp_path, service.url) as url:

        def ask(address: str) -> int:
            headers = {"X-Forwarded-For": address}
            return requests.post(url + "/process", json={"message": "x"}, headers=headers, timeout=30).status_code

        # nginx appends the address it sees, loopback, which is trusted; the one before it is the client's.
        assert [ask("192.0.2.1") for _ in range(3)] == [200, 200, 429]
        assert ask("192.0.2.2") == 200
    assert service.stop() == 0
