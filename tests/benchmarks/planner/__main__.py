"""Measure, and write planner.md, planner.json and planner.svg; see the package."""

import json
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.planner import report
from tests.benchmarks.planner.agreement import agreement
from tests.benchmarks.planner.contest import contest
from tests.benchmarks.planner.diagnosis import diagnosis
from tests.benchmarks.planner.machine import machine, now
from tests.benchmarks.planner.memory import memory
from tests.benchmarks.planner.official import official
from tests.benchmarks.planner.peers import available, versions
from tests.benchmarks.planner.web import web
from tests.live import PROJECT
from tests.powerplant import solvers

PLOT = Path(__file__).with_name("plot.py")


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


def parts(scale: Scale, tell: Callable[[str], None]) -> dict[str, tuple[dict[str, object], Callable[[], Any]]]:
    """Each part: with what it runs, and how."""
    asked = scale.by_cpsat if "ortools" in versions() else 0
    limit = {"limit of a peer": f"{scale.limit_s:g} s"}

    def with_peers(measure: Callable[..., Any], what: object) -> Any:
        with available() as peers:
            return measure(what, peers, scale.limit_s, tell)

    return {
        "official": ({"rounds": scale.official_rounds}, lambda: with_peers(official, scale.official_rounds)),
        "contest": (
            {**limit, "instances": "; ".join(f"{count} of n = {size:,}" for size, count in scale.contest.items())},
            lambda: with_peers(contest, scale.contest),
        ),
        "diagnosis": ({"instances": "one of each"}, lambda: diagnosis(scale.diagnosis, tell)),
        "memory": (
            {"requests": "one of each"},
            lambda: memory(scale.memory_plants, scale.memory_bytes, scale.memory_every, tell),
        ),
        "web": ({"rounds": scale.web_rounds}, lambda: web(scale.web_rounds, scale.web_requests, tell)),
        "agreement": ({"limit of CP-SAT": "10 s"}, lambda: agreement(scale.by_sets, asked, tell)),
    }


def options(arguments: list[str]) -> Namespace:
    """The command line."""
    parser = ArgumentParser(prog="python -m tests.benchmarks.planner", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few small instances, to see that all of it works")
    parser.add_argument("--only", action="append", choices=list(parts(QUICK, print)), help="measure this part anew")
    parser.add_argument("--output", type=Path, default=PROJECT / "reports", help="the directory for what is written")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> None:
    """Measure each part, and write all down after each."""
    asked = options(arguments)
    asked.output.mkdir(parents=True, exist_ok=True)
    kept = asked.output / "planner.json"
    data = json.loads(kept.read_text()) if asked.only and kept.exists() else {"parts": {}, "told": {"parts": {}}}
    data["told"]["machine"] = machine()
    for name, (with_options, measure) in parts(QUICK if asked.quick else FULL, tell).items():
        if asked.only and name not in asked.only:
            continue
        begun = now()
        data["parts"][name] = measure()
        told = {"when": begun["when"], "before": begun["load"], "after": now()["load"], "options": with_options}
        data["told"]["parts"][name] = told
        kept.write_text(json.dumps(data, indent=1) + "\n")
        drawn = draw(data["parts"].get("contest"), asked.output / "planner.svg")
        (asked.output / "planner.md").write_text(report.page({**data["parts"], "plot": drawn}, data["told"]))
        tell("")


def draw(rows: object, file: Path) -> bool:
    """The picture, where matplotlib is at hand."""
    if not rows or "matplotlib" not in versions():
        return False
    command = [str(solvers.PYTHON), "-I", str(PLOT), str(file)]
    subprocess.run(command, input=json.dumps(rows), text=True, check=True)
    return True


def tell(sentence: str) -> None:
    """Where it is, to a terminal alone."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{sentence}")
        sys.stderr.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
