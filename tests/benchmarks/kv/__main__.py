"""Measure, and write kv.md, kv.json and kv.svg; see the package."""

import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks import runs
from tests.benchmarks.kv import report
from tests.benchmarks.kv.batch import batch
from tests.benchmarks.kv.farm import Farm, farm
from tests.benchmarks.kv.hot import hot
from tests.benchmarks.kv.keys import keys
from tests.benchmarks.kv.layers import layers
from tests.benchmarks.kv.load import has_wrk
from tests.benchmarks.kv.namespaces import namespaces
from tests.benchmarks.kv.rounds import How
from tests.benchmarks.kv.routes import routes
from tests.benchmarks.kv.variants import BY_NAME, DEFAULTS, PEERS, VARIANTS, Ours, name_of, programs_told
from tests.benchmarks.machine import machine
from tests.benchmarks.runs import Benchmark, Part, options, run, tell

PLOT = Path(__file__).with_name("plot.py")
OURS = ("django", "djangorestframework", "gunicorn", "granian", "msgspec", "redis")
OF_PEERS = ("kinto", "fastapi", "uvicorn", "gunicorn")


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    how: How
    quick: bool
    databases: tuple[str, ...]  # of many keys
    counts: tuple[int, ...]  # of keys
    servers: tuple[str, ...]  # of the layers


FULL = Scale(How(5, 2, 1000), False, ("sqlite", "MariaDB"), (1000, 500_000), ("gunicorn", "granian"))
QUICK = Scale(How(1, 0.5, 100), True, ("sqlite",), (1000, 2000), ("gunicorn",))
NAMESPACES = (1, 8)
ROUTES = [BY_NAME[name_of(Ours(server))] for server in ("gunicorn", "granian")]


def parts(scale: Scale, of: Farm) -> dict[str, Part]:
    """What is measured."""
    how = scale.how
    told = {"rounds": how.rounds, "seconds a cell": how.seconds, "hot keys": how.keys}
    chosen = [variant for variant in VARIANTS if variant.quick or not scale.quick]
    stores = [BY_NAME[name_of(served)] for served in DEFAULTS.values()]
    return {
        "hot": Part(told, lambda: hot(chosen, of, how, tell)),
        "layers": Part(told, lambda: layers(scale.servers, of, how, tell)),
        "routes": Part(told, lambda: routes(ROUTES[: 1 if scale.quick else None], of, how, tell)),
        "keys": Part(told, lambda: keys(scale.databases, scale.counts, of, how, tell)),
        "batch": Part(told, lambda: batch(stores, of, how, tell)),
        "namespaces": Part(told, lambda: namespaces(stores[-1], NAMESPACES, of, how, tell)),
    }


def versions() -> dict[str, str]:
    """What others there are."""
    peers = runs.versions(PEERS)
    return {**{name: peers[name] for name in OF_PEERS if name in peers}, **programs_told()}


def draw(found: Mapping[str, Any], file: Path) -> bool:
    """The picture, where matplotlib is at hand."""
    return "matplotlib" in runs.versions(PEERS) and runs.draw(PEERS, PLOT, found["rows"], file)


BENCHMARK = Benchmark(
    name="kv",
    names=("hot", "layers", "routes", "keys", "batch", "namespaces"),
    machine=lambda: machine(OURS, versions()),
    page=report.page,
    draw=draw,
    drawn="hot",
)

if __name__ == "__main__":
    asked = options(BENCHMARK, sys.argv[1:])
    if not has_wrk():
        raise SystemExit("bench-kv: wrk is missing, by which everything is measured: apt install wrk")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # told to stop: what was started ends all the same
    with farm() as running:
        run(BENCHMARK, parts(QUICK if asked.quick else FULL, running), asked)
