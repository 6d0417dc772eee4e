"""Solvers of others, each in a process of its own in `.venv-solvers` (make solvers): not two of them load together.

A script beside this file reads an instance a line, {"units": [[pmin, pmax, eur_per_mwh], ...], "low", "high",
"limit_s"}: outputs in tenths of MW, each 0 or pmin..pmax, their sum `low` to `high`, at the least cost. It answers
{"status", "outputs", "build_s", "solve_s"}: `optimal` and `infeasible` are proven, `feasible` and `unknown` not; the
CPU seconds of making the model and of solving it.
"""

import json
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from powerplant.units import Unit
from tests.live import PROJECT

PYTHON = PROJECT / ".venv-solvers" / "bin" / "python"
CPSAT = Path(__file__).with_name("cpsat.py")
HIGHS = Path(__file__).with_name("highs.py")


class Answer(NamedTuple):
    """What a solver says; its outputs may be floats."""

    status: str
    outputs: list[float] | None
    build_s: float
    solve_s: float


class Solver:
    """A running script."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def solve(self, units: Sequence[Unit], low: int, high: int | None = None, *, limit_s: float = 10) -> Answer:
        """The cheapest way to meet `low`, or a load from `low` to `high`; killed long after its time limit."""
        assert self._process.stdin
        assert self._process.stdout
        rows = [(unit.pmin, unit.pmax, unit.eur_per_mwh) for unit in units]
        asked = {"units": rows, "low": low, "high": low if high is None else high, "limit_s": limit_s}
        watch = threading.Timer(60 + 10 * limit_s, self._process.kill)
        watch.start()
        try:
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            watch.cancel()
        if not line:
            raise RuntimeError(f"{self._process.args!r} ended with {self._process.wait()}")
        return Answer(**json.loads(line))


@contextmanager
def running(script: Path) -> Iterator[Solver]:
    """The solver of `script` until the end."""
    command = [str(PYTHON), "-I", str(script)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Solver(process)
        finally:
            process.kill()
