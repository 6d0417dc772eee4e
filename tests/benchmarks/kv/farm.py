"""Servers, each a process group of its own on a free port of loopback, started when first asked for and then kept.

Their data is in a temporary directory, and all of them end with the farm.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from tests import services
from tests.benchmarks.kv.postgres import postgres

STOP_S = 40
START_S = 90
Made = TypeVar("Made")


@dataclass(frozen=True)
class Server:
    """A running server.

    pid      the process that started all others of it
    behind   the processes it works with: a database's, Redis's
    """

    port: int
    pid: int
    behind: tuple[int, ...] = ()


@dataclass(frozen=True)
class Backend:
    """A database or Redis: where it is, and its process."""

    url: str
    pid: int


class Farm:
    """What runs, by name."""

    def __init__(self, stack: ExitStack, home: Path) -> None:
        """All ends with `stack`; `home` is an empty directory."""
        self.home = home
        self._stack = stack
        self._kept: dict[str, object] = {}
        self._numbers = count()
        self._processes: list[subprocess.Popen[bytes]] = []

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """What `make` gave the first time this name was asked for."""
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]  # type: ignore[return-value]

    def directory(self, name: str) -> Path:
        """An empty directory."""
        self.home.mkdir(exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f"{name.replace('/', '-').replace(' ', '-')}-", dir=self.home))

    def start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        cwd: Path | None = None,
        behind: Sequence[Backend] = (),
        port: int | None = None,
    ) -> Server:
        """The program once it answers; `{port}` in an argument or a variable is replaced by its port."""
        port = port or services.free_port()
        arguments = [argument.replace("{port}", str(port)) for argument in command]
        variables = {key: value.replace("{port}", str(port)) for key, value in environment.items()}
        log = self.directory(f"log-{name}") / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                arguments,
                cwd=cwd or self.home,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes.append(process)
        self._stack.callback(self._stop, process)
        services.wait_for(lambda: answers(port), process, log, START_S)
        return Server(port, process.pid, tuple(backend.pid for backend in behind))

    def _stop(self, process: "subprocess.Popen[bytes]") -> None:
        """End it; all are told at once, since each takes its time."""
        for other in self._processes:
            if other.poll() is None:
                other.terminate()
        self._processes.clear()
        stop(process)

    def database(self, name: str) -> Backend:
        """An empty database in the one MariaDB."""
        label = "".join(letter if letter.isalnum() else "_" for letter in name.lower())
        with self.mariadb_cursor(self._mariadb) as cursor:
            cursor.execute(f"CREATE DATABASE {label} CHARACTER SET utf8mb4")
        return replace(self._mariadb, url=f"{self._mariadb.url.rpartition('/')[0]}/{label}")

    @contextmanager
    def mariadb_cursor(self, database: Backend) -> Iterator[Any]:
        """A cursor in it."""
        import MySQLdb  # noqa: PLC0415 - compiled, and so not everywhere

        parts = urlsplit(database.url)
        who = {"host": parts.hostname, "port": parts.port, "user": parts.username, "password": parts.password}
        connection = MySQLdb.connect(**who, database=parts.path[1:])
        try:
            yield connection.cursor()
            connection.commit()
        finally:
            connection.close()

    @cached_property
    def _mariadb(self) -> Backend:
        directory = self.directory("mariadb")
        url = self._stack.enter_context(services.mariadb(directory))
        found = Backend(url, int((directory / "pid").read_text()))
        with self.mariadb_cursor(found) as cursor:
            cursor.execute("SET GLOBAL max_connections = 500")  # of all variants together, each thread keeping one
        return found

    def redis(self, name: str) -> Backend:
        """A database of this name in the one Redis: two services must not take each other's keys for their own."""
        number = self.once(f"redis {name}", lambda: next(self._numbers))
        return replace(self._redis, url=f"{self._redis.url.rpartition('/')[0]}/{number}")

    @cached_property
    def _redis(self) -> Backend:
        """It keeps nothing on disk."""
        import redis  # noqa: PLC0415 - where it is asked for

        url = self._stack.enter_context(services.redis(self.directory("redis")))
        client = redis.Redis.from_url(url)
        pid = int(client.info("server")["process_id"])  # type: ignore[index]
        client.close()
        return Backend(url, pid)

    @cached_property
    def postgres(self) -> Backend:
        """The one PostgreSQL."""
        return Backend(*self._stack.enter_context(postgres(self.directory("postgres"))))


@contextmanager
def farm() -> Iterator[Farm]:
    """An empty one, with a home that others may pass through: PostgreSQL does not run as root."""
    home = Path(tempfile.mkdtemp(prefix="bench-kv-"))
    home.chmod(0o711)
    try:
        with ExitStack() as stack:
            yield Farm(stack, home)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def answers(port: int) -> bool:
    """Whether a request has any answer: ours listens before it has prepared all, and granian then listens anew."""
    connection = HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    return True


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Wait for the end of a server that was told to, and end what of its group is left after that."""
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if not gone(process.pid, 1):
        os.killpg(process.pid, signal.SIGKILL)
        gone(process.pid, STOP_S)


def gone(group: int, limit_s: float) -> bool:
    """Whether no process of the group is left, or is left within that time."""
    end = time.monotonic() + limit_s
    while in_group(group):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def in_group(group: int) -> bool:
    """Whether any process of it is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
