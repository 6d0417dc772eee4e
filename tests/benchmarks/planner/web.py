"""What a plan costs over HTTP, beside a view that only parses and answers: one server, one worker, in turns.

CPU is the worker's, as the kernel counts it in ticks: only the sum over many requests tells.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any

from tests import services
from tests.benchmarks.planner.memory import VARIABLES
from tests.benchmarks.planner.official import PAYLOADS
from tests.benchmarks.processes import TICK_S, children, own_cpu_s
from tests.live import PROJECT, environment

PATHS = {"plan": "/productionplan", "parse": "/parse-and-answer"}
SERVING = {"WEB_WORKERS": "1", "OPEN_RATE": "100000000/min", "ALLOWED_HOSTS": "127.0.0.1"}


class Worker:
    """The one worker of a server, and a kept-alive connection to it."""

    def __init__(self, pid: int, port: int) -> None:
        """`pid`: the worker's."""
        self._pid = pid
        self._connection = HTTPConnection("127.0.0.1", port)

    def cpu_s(self) -> float:
        """What it has used up to now."""
        return own_cpu_s(self._pid)

    def post(self, path: str, body: bytes) -> tuple[bytes, float]:
        """The answer and the seconds on the wall."""
        begin = time.perf_counter()
        self._connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content
        return content, time.perf_counter() - begin


@contextmanager
def serving() -> Iterator[Worker]:
    """gunicorn as the project configures it, with one worker."""
    with tempfile.TemporaryDirectory() as directory:
        home, port = Path(directory), services.free_port()
        variables = environment(home, PYTHONPATH=str(PROJECT), **{**VARIABLES, **SERVING})
        command = [sys.executable, "-P", "-m", "gunicorn", "-c", "python:buildserver.gunicorn_conf"]
        command += ["--bind", f"127.0.0.1:{port}", "tests.benchmarks.planner.wsgi:application"]
        log = home / "log"
        with log.open("wb") as output:
            server = subprocess.Popen(command, cwd=home, env=variables, stdout=output, stderr=output)
        try:
            services.wait_for(lambda: services.listens(port) and bool(children(server.pid)), server, log)
            (worker,) = children(server.pid)
            yield Worker(worker, port)
        finally:
            server.terminate()
            server.wait(60)


def web(rounds: int, requests: int, tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """A row a payload: CPU and median wall seconds of a request to each path; `requests` a path and round."""
    rows = []
    with serving() as worker:
        for number, payload in enumerate(PAYLOADS, 1):
            body = json.dumps(payload).encode()
            answers = {path: worker.post(path, body)[0] for path in PATHS.values() for _ in range(requests)}
            assert len(set(answers.values())) == 1, answers
            cpu, wall = dict.fromkeys(PATHS, 0.0), {name: list[float]() for name in PATHS}
            for turn in range(rounds):
                tell(f"HTTP, payload {number}: {turn + 1} of {rounds}")
                for name, path in PATHS.items():
                    begin = worker.cpu_s()
                    wall[name] += [worker.post(path, body)[1] for _ in range(requests)]
                    cpu[name] += worker.cpu_s() - begin
            cpu = {name: max(taken, TICK_S) for name, taken in cpu.items()}
            row = {"payload": number, "requests": rounds * requests}
            row |= {f"{name}_cpu_s": taken / (rounds * requests) for name, taken in cpu.items()}
            rows.append({**row, **{f"{name}_wall_s": median(times) for name, times in wall.items()}})
    return rows
