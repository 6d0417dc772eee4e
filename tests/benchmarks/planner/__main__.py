"""Measure, and write planner.md, planner.json and planner.svg; see the package."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.machine import machine
from tests.benchmarks.planner import report
from tests.benchmarks.planner.agreement import agreement
from tests.benchmarks.planner.contest import contest
from tests.benchmarks.planner.diagnosis import diagnosis
from tests.benchmarks.planner.memory import memory
from tests.benchmarks.planner.official import official
from tests.benchmarks.planner.peers import available, versions
from tests.benchmarks.planner.web import web
from tests.benchmarks.runs import Benchmark, Part, draw, options, run, tell
from tests.powerplant import solvers

PLOT = Path(__file__).with_name("plot.py")
OURS = ("numpy", "django", "djangorestframework", "gunicorn", "msgspec")
PEERS = ("highspy", "ortools", "pypsa", "linopy")


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    official_rounds: int
    contest: Mapping[int, int]  # instances of each size
    limit_s: float  # of a peer, on the wall, for one instance
    diagnosis: tuple[int, ...]
    memory_plants: int
    memory_bytes: int
    memory_every: int  # request of all kinds
    by_sets: int
    by_cpsat: int
    web_rounds: int
    web_requests: int


FULL = Scale(
    official_rounds=15,
    contest={100: 9, 1000: 9, 10_000: 3, 50_000: 3},
    limit_s=20,
    diagnosis=(1000, 10_000, 50_000),
    memory_plants=100_000,
    memory_bytes=16 * 2**20,
    memory_every=1,
    by_sets=30_000,
    by_cpsat=5000,
    web_rounds=16,
    web_requests=250,
)
QUICK = Scale(
    official_rounds=1,
    contest={24: 1, 28: 1},
    limit_s=5,
    diagnosis=(200,),
    memory_plants=200,
    memory_bytes=2**15,
    memory_every=8,
    by_sets=250,
    by_cpsat=10,
    web_rounds=2,
    web_requests=10,
)


def parts(scale: Scale, tell: Callable[[str], None]) -> dict[str, Part]:
    """What is measured."""
    asked = scale.by_cpsat if "ortools" in versions() else 0
    limit = {"limit of a peer": f"{scale.limit_s:g} s"}

    def with_peers(measure: Callable[..., Any], what: object) -> Any:
        with available() as peers:
            return measure(what, peers, scale.limit_s, tell)

    return {
        "official": Part({"rounds": scale.official_rounds}, lambda: with_peers(official, scale.official_rounds)),
        "contest": Part(
            {**limit, "instances": "; ".join(f"{count} of n = {size:,}" for size, count in scale.contest.items())},
            lambda: with_peers(contest, scale.contest),
        ),
        "diagnosis": Part({"instances": "one of each"}, lambda: diagnosis(scale.diagnosis, tell)),
        "memory": Part(
            {"requests": "one of each"},
            lambda: memory(scale.memory_plants, scale.memory_bytes, scale.memory_every, tell),
        ),
        "web": Part({"rounds": scale.web_rounds}, lambda: web(scale.web_rounds, scale.web_requests, tell)),
        "agreement": Part({"limit of CP-SAT": "10 s"}, lambda: agreement(scale.by_sets, asked, tell)),
    }


BENCHMARK = Benchmark(
    name="planner",
    names=list(parts(QUICK, tell)),
    machine=lambda: machine(OURS, {name: versions()[name] for name in PEERS if name in versions()}),
    page=report.page,
    draw=lambda rows, file: "matplotlib" in versions() and draw(solvers.PYTHON, PLOT, rows, file),
    drawn="contest",
)

if __name__ == "__main__":
    asked = options(BENCHMARK, sys.argv[1:])
    run(BENCHMARK, parts(QUICK if asked.quick else FULL, tell), asked)
