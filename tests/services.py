"""Throw-away servers of other projects, each in a directory of its own on a free port of loopback."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest

PACKAGES = {
    "mariadbd": "mariadb-server",
    "mariadb": "mariadb-server",
    "mariadb-install-db": "mariadb-server",
    "redis-server": "redis-server",
    "nginx": "nginx-light",
    "wrk": "wrk",
    "chromium": "chromium",
    "MySQLdb": "mysqlclient (a C compiler and libmariadb-dev, then make test again)",
    ".venv-solvers": "it with make solvers",
}
SBIN = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])


def need(program: str) -> str:
    """The program's path; without it the test is skipped, or fails where REQUIRE_SERVICES=1."""
    found = shutil.which(program, path=SBIN)
    if not found:
        missing(program)
    return str(found)


def missing(program: str) -> None:
    """Skip, or fail, saying what to install."""
    sentence = f"{program} is missing: install {PACKAGES[program]}"
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(sentence)
    pytest.skip(sentence)


def free_port() -> int:
    """A port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A program that listens, and that a test may kill and start again."""

    def __init__(self, command: list[str], port: int, log: Path) -> None:
        """Not started yet."""
        self.command, self.port, self.log = command, port, log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it listens."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        wait_for(lambda: listens(self.port), self.process, self.log)

    def kill(self) -> None:
        """End it at once, without a chance to tidy up."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def __enter__(self) -> Self:
        """Started."""
        self.start()
        return self

    def __exit__(self, *_fault: object) -> None:
        """Killed."""
        self.kill()


def listens(port: int) -> bool:
    """Whether something accepts connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, limit_s: float = 60) -> None:
    """Poll until it holds; a program that ended, or a minute gone by, fails with its log."""
    end = time.monotonic() + limit_s
    while not condition():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"{process.args!r} does not listen: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.02)


@contextmanager
def mariadb(directory: Path) -> Iterator[str]:
    """DATABASE_URL of an empty MariaDB."""
    with mariadb_server(directory) as (url, _):
        yield url


@contextmanager
def mariadb_server(directory: Path) -> Iterator[tuple[str, Server]]:
    """The same with the server itself."""
    server = need("mariadbd")
    try:
        import MySQLdb  # noqa: F401, PLC0415 - compiled, and so not everywhere
    except ImportError:
        missing("MySQLdb")
    data, port = directory / "data", free_port()
    user = ["--user=root"] if os.geteuid() == 0 else []
    install = [need("mariadb-install-db"), "--no-defaults", f"--datadir={data}", *user]
    install += ["--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run(install, check=True, stdout=subprocess.DEVNULL)
    command = [server, "--no-defaults", *user, f"--datadir={data}", f"--port={port}", "--bind-address=127.0.0.1"]
    command += [
        f"--socket={directory / 'socket'}",
        f"--pid-file={directory / 'pid'}",
        f"--tmpdir={directory}",  # another server that starts would sweep ours out of a shared one
        "--innodb-flush-log-at-trx-commit=1",
    ]
    with Server(command, port, directory / "log") as started:
        client = [need("mariadb"), "--no-defaults", f"--socket={directory / 'socket'}", "-uroot", "-e"]
        grant = "CREATE DATABASE buildserver CHARACTER SET utf8mb4;"
        grant += "CREATE USER 'builder'@'127.0.0.1' IDENTIFIED BY 'tests';"
        grant += "GRANT ALL ON *.* TO 'builder'@'127.0.0.1';"
        subprocess.run([*client, grant], check=True)
        yield f"mysql://builder:tests@127.0.0.1:{port}/buildserver", started


@contextmanager
def redis(directory: Path, port: int | None = None) -> Iterator[str]:
    """CACHE_URL of an empty Redis, on a free port where none is given."""
    with redis_server(directory, port) as (url, _):
        yield url


@contextmanager
def redis_server(directory: Path, port: int | None = None) -> Iterator[tuple[str, Server]]:
    """The same with the server itself."""
    port = port or free_port()
    command = [need("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(directory), "--save", ""]
    with Server(command, port, directory / "log") as started:
        yield f"redis://127.0.0.1:{port}/0", started


@contextmanager
def nginx(directory: Path, upstream: str) -> Iterator[str]:
    """The address of an nginx that passes everything to `upstream`."""
    port = free_port()
    config = directory / "nginx.conf"
    config.write_text(f"""
        daemon off; master_process off; pid {directory}/pid; error_log stderr; worker_processes 1;
        events {{ }}
        http {{
            access_log off; client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy;
            fastcgi_temp_path {directory}/f; uwsgi_temp_path {directory}/u; scgi_temp_path {directory}/s;
            server {{
                listen 127.0.0.1:{port};
                location / {{
                    proxy_pass {upstream}; proxy_http_version 1.1; proxy_set_header Connection "";
                    proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                }}
            }}
        }}""")
    with Server([need("nginx"), "-c", str(config), "-p", str(directory), "-e", "stderr"], port, directory / "log"):
        yield f"http://127.0.0.1:{port}"
