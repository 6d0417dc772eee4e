"""A run: each part is measured, and all is written down after each, so that one part can be run again alone."""

import json
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tests.benchmarks.machine import now
from tests.live import PROJECT


class Part(NamedTuple):
    """With what it runs, for the page, and how."""

    options: Mapping[str, object]
    measure: Callable[[], Any]


@dataclass(frozen=True)
class Benchmark:
    """What is called `name` in its package, its files and its target of make.

    names    of the parts
    machine  what the figures come from
    page     the page, of what all parts gave and of what is told of them
    draw     makes the picture of what the part `drawn` gave, if it can
    """

    name: str
    names: Sequence[str]
    machine: Callable[[], Mapping[str, Any]]
    page: Callable[[Mapping[str, Any], Mapping[str, Any]], str]
    draw: Callable[[Any, Path], bool]
    drawn: str


def options(benchmark: Benchmark, arguments: Sequence[str]) -> Namespace:
    """The command line."""
    description = f"Measure, and write {benchmark.name}.md, {benchmark.name}.json and {benchmark.name}.svg."
    parser = ArgumentParser(prog=f"python -m tests.benchmarks.{benchmark.name}", description=description)
    parser.add_argument("--quick", action="store_true", help="very little of each, to see that all of it works")
    parser.add_argument("--only", action="append", choices=benchmark.names, help="measure this part anew")
    parser.add_argument("--missing", action="store_true", help="go on: measure the parts that no run has measured yet")
    parser.add_argument("--output", type=Path, default=PROJECT / "reports", help="the directory for what is written")
    return parser.parse_args(arguments)


def run(benchmark: Benchmark, parts: Mapping[str, Part], asked: Namespace) -> None:
    """Measure the parts that were asked for."""
    asked.output.mkdir(parents=True, exist_ok=True)
    kept = asked.output / f"{benchmark.name}.json"
    data: dict[str, Any] = {"parts": {}, "told": {"parts": {}}}
    if (asked.only or asked.missing) and kept.exists():
        data = json.loads(kept.read_text())
    data["told"]["machine"] = benchmark.machine()
    for name, part in parts.items():
        if (asked.only and name not in asked.only) or (asked.missing and name in data["parts"]):
            continue
        begun = now()
        data["parts"][name] = part.measure()
        told = {"when": begun["when"], "before": begun["load"], "after": now()["load"], "options": part.options}
        data["told"]["parts"][name] = told
        picture = asked.output / f"{benchmark.name}.svg"
        if name == benchmark.drawn:
            data["told"]["drawn"] = benchmark.draw(data["parts"][name], picture)
        kept.write_text(json.dumps(data, indent=1) + "\n")
        page = benchmark.page({**data["parts"], "plot": data["told"].get("drawn", False)}, data["told"])
        (asked.output / f"{benchmark.name}.md").write_text(page)
        tell("")


def draw(python: Path, script: Path, rows: object, file: Path) -> bool:
    """The picture that the script makes of the rows, in an environment with matplotlib."""
    command = [str(python), "-I", str(script), str(file)]
    subprocess.run(command, input=json.dumps(rows), text=True, check=True)
    return True


@cache
def versions(python: Path) -> dict[str, str]:
    """The versions of what that Python's environment has."""
    if not python.exists():
        return {}
    code = "from importlib.metadata import distributions as all\nfor one in all(): print(one.name.lower(), one.version)"
    told = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True).stdout
    return dict(line.split(" ", 1) for line in told.splitlines())


def tell(sentence: str) -> None:
    """Where it is, to a terminal alone."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{sentence}")
        sys.stderr.flush()
