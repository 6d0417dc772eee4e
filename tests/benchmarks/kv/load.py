"""Requests to one server: by wrk to measure, by a few connections to fill it and to read what it has."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from math import ceil
from pathlib import Path
from typing import Any

from tests.benchmarks.kv.dialects import JSON, Request

LUA = Path(__file__).with_name("wrk.lua")
CONNECTIONS = 16
TRIES = 100
FAULTS = ("connect", "read", "write", "status", "timeout")


class Wrong(Exception):
    """An answer was not the right one."""


class Conflict(Wrong):
    """The answer was 409."""


@dataclass(frozen=True)
class Load:
    """Requests of one kind.

    requests  a file with one a line, as wrk.lua reads it
    each      one after the other, and not any of them at any time
    """

    port: int
    method: str
    headers: Mapping[str, str]
    requests: Path
    each: bool = False

    @classmethod
    def of(cls, port: int, method: str, headers: Mapping[str, str], requests: Iterable[Request], file: Path) -> "Load":
        """Of these requests, kept in the file."""
        with file.open("w") as lines:
            lines.writelines(f"{path}\t{body}\n" if body else f"{path}\n" for path, body in requests)
        return cls(port, method, headers, file)

    def run(self, seconds: float, seed: int) -> dict[str, Any]:
        """What wrk tells: requests, seconds, p50 and p99, errors of each kind."""
        headers = {**(JSON if self.method != "GET" else {}), **self.headers}
        variables = {
            "KV_METHOD": self.method,
            "KV_HEADERS": "".join(f"{name}: {value}\n" for name, value in headers.items()),
            "KV_REQUESTS": str(self.requests),
            "KV_SEED": str(seed),
            "KV_ORDER": "each" if self.each else "any",
        }
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{ceil(seconds)}s", "--timeout", "10s", "-s", str(LUA)]
        command.append(f"http://127.0.0.1:{self.port}")
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        with subprocess.Popen(command, env={**os.environ, **variables}, **pipes) as wrk:
            if seconds < 1:  # wrk knows whole seconds, and ends as well when it is interrupted
                time.sleep(seconds)
                wrk.send_signal(signal.SIGINT)
            told, _ = wrk.communicate()
        if wrk.returncode:
            raise RuntimeError(f"wrk ended with {wrk.returncode}: {told}")
        found: dict[str, Any] = json.loads(told.rstrip().rpartition("\n")[2])
        return found


def has_wrk() -> bool:
    """Whether there is anything to measure with."""
    return shutil.which("wrk") is not None


def connected(port: int) -> closing[HTTPConnection]:
    """A connection that is closed at the end."""
    return closing(HTTPConnection("127.0.0.1", port, timeout=60))


def ask(
    connection: HTTPConnection, method: str, headers: Mapping[str, str], request: Request, taken: Sequence[int] = (200,)
) -> bytes:
    """The answer to one request; raises Wrong when its status is none of those taken."""
    content = {**JSON, **headers} if request.body else headers
    try:
        connection.request(method, request.path, request.body or None, dict(content))
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, HTTPException) as fault:
        raise Wrong(f"{method} {request.path[:100]} was not answered: {fault!r}") from fault
    if answer.status not in taken:
        shown = body[:200].decode(errors="replace")
        raise (Conflict if answer.status == HTTPStatus.CONFLICT else Wrong)(
            f"{method} {request.path[:100]} answered {answer.status}: {shown}"
        )
    return body


def ask_all(port: int, method: str, headers: Mapping[str, str], requests: Sequence[Request]) -> None:
    """Send all of them, by as many connections as wrk has; each must be answered by a success.

    A conflict is tried again: Kinto refuses a write by it that has the millisecond of another.
    """

    def some(first: int) -> None:
        with connected(port) as connection:
            for request in requests[first::CONNECTIONS]:
                for left in reversed(range(TRIES)):
                    try:
                        ask(connection, method, headers, request, (200, 201, 204))
                        break
                    except Conflict:
                        if not left:
                            raise

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(some, range(CONNECTIONS)))
