"""Cells measured in turns: each once a round, in an order that a seed shuffles, and each answer's truth checked after.

CPU is that of the server's process tree over a cell, divided by the cell's requests; what stands behind the server (a
database, Redis) is counted apart.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from typing import Any, NamedTuple

from tests.benchmarks.kv.dialects import Dialect, Request, key_of, value_of
from tests.benchmarks.kv.farm import Server
from tests.benchmarks.kv.load import FAULTS, Load, Wrong, ask, ask_all, connected
from tests.benchmarks.processes import tree_cpu_s

SEED = 20_26
SAMPLE = 5
LONGER_S = 10
FIGURES = ("cpu_us", "behind_us", "rps", "p50_ms", "p99_ms")

Row = dict[str, Any]
Tell = Callable[[str], None]


class How(NamedTuple):
    """How much is measured: rounds, seconds a cell, and hot keys."""

    rounds: int
    seconds: float
    keys: int


@dataclass(frozen=True)
class Cell:
    """One thing to measure.

    prepare  the load of a round, by its number
    check    raises Wrong where the server does not have what it should have after that round
    each     operations in one request
    """

    variant: str
    what: str
    server: Server
    prepare: Callable[[int], Load]
    check: Callable[[int], None]
    each: int = 1


def measured(cells: Sequence[Cell], how: How, tell: Tell) -> list[Row]:
    """A row a cell, of medians over the rounds without a fault; their spread; how many rounds had one, and the last."""
    order = Random(SEED)  # noqa: S311 - the same in each run
    seen = {cell: list[Row]() for cell in cells}
    for number in range(how.rounds):
        for cell in order.sample(cells, len(cells)):
            tell(f"{cell.what}, {cell.variant}: {number + 1} of {how.rounds}")
            seen[cell].append(once(cell, number, how.seconds))
    return [row_of(cell.variant, cell.what, rows) for cell, rows in seen.items()]


def once(cell: Cell, number: int, seconds: float) -> Row:
    """The figures of one cell in one round, or its fault."""
    load = cell.prepare(number)
    told, own, *behind = loaded(cell, load, seconds, SEED + number)
    faults = {name: told[name] for name in FAULTS if told[name]}
    if not told["requests"] and not faults:  # so short a cell may end before its first answer
        told, own, *behind = loaded(cell, load, LONGER_S, SEED + number)
    count = told["requests"] * cell.each
    if faults or not count:
        return {"fault": f"{faults or 'no answer'} beside {told['requests']} answers"}
    try:
        cell.check(number)
    except Wrong as fault:
        return {"fault": str(fault)}
    cpu = {"cpu_us": 1e6 * own / count, "behind_us": 1e6 * sum(behind) / count}
    return {**cpu, "rps": count / told["s"], "p50_ms": told["p50_ms"], "p99_ms": told["p99_ms"]}


def loaded(cell: Cell, load: Load, seconds: float, seed: int) -> list[Any]:
    """What wrk tells; CPU seconds of the server, and of each that is behind it."""
    processes = (cell.server.pid, *cell.server.behind)
    before = [tree_cpu_s(pid) for pid in processes]
    told = load.run(seconds, seed)
    return [told, *(tree_cpu_s(pid) - begin for pid, begin in zip(processes, before, strict=True))]


def refusal(variant: str, what: str, fault: str) -> Row:
    """The row of a cell that could not even begin."""
    return row_of(variant, what, [{"fault": fault}])


def row_of(variant: str, what: str, rows: Sequence[Row]) -> Row:
    """One row of a cell's rounds."""
    clean = [row for row in rows if "fault" not in row]
    faults = [row["fault"] for row in rows if "fault" in row]
    figures: Row = {name: median(row[name] for row in clean) if clean else None for name in FIGURES}
    spread = [min(row["cpu_us"] for row in clean), max(row["cpu_us"] for row in clean)] if clean else None
    return {
        "variant": variant,
        "what": what,
        **figures,
        "spread": spread,
        "rounds": len(clean),
        "faults": len(faults),
        "fault": faults[-1] if faults else None,
    }


class Keys:
    """The keys of one server in one dialect, and the cells that read and write them."""

    def __init__(self, variant: str, server: Server, dialect: Dialect, count: int, directory: Path) -> None:
        """`count` keys, their stamps those of the filling."""
        self.variant = variant
        self.server = server
        self.dialect = dialect
        self.count = count
        self.stamps = ["fille"]
        self._files = directory

    def spoken(self, dialect: Dialect) -> "Keys":
        """The same keys, read and written in another way."""
        other = copy(self)
        other.dialect = dialect
        return other

    def fill(self, dialect: Dialect) -> None:
        """Write each key, the first one alone. Raises Wrong when a write is not taken, or not shown."""
        requests = [dialect.write(key_of(number), value_of(number, self.stamps[0])) for number in range(self.count)]
        ask_all(self.server.port, dialect.write_method, dialect.headers, requests[:1])
        ask_all(self.server.port, dialect.write_method, dialect.headers, requests)
        self.check([0, self.count - 1])

    def get(self) -> Cell:
        """Reads of any of the keys."""
        reads = (self.dialect.read(key_of(number)) for number in range(self.count))
        load = self._load(self.dialect.read_method, reads, "get")
        return Cell(self.variant, "GET", self.server, lambda _: load, lambda _: self.check(range(SAMPLE)))

    def put(self) -> Cell:
        """Writes of any of the keys; the first one is always among them."""

        def prepare(number: int) -> Load:
            self.stamps.append(f"r{number:04}")
            writes = (self.dialect.write(key_of(key), value_of(key, self.stamps[-1])) for key in range(self.count))
            return self._load(self.dialect.write_method, writes, "put")

        def check(number: int) -> None:
            self.check([0], f"r{number:04}")
            self.check(range(1, SAMPLE))

        return Cell(self.variant, "PUT", self.server, prepare, check)

    def check(self, numbers: Iterable[int], stamp: str | None = None) -> None:
        """Read keys; each must have a value that was written to it, that of `stamp` where one is given."""
        with connected(self.server.port) as connection:
            for number in numbers:
                request = self.dialect.read(key_of(number))
                answer = ask(connection, self.dialect.read_method, self.dialect.headers, request)
                try:
                    found = self.dialect.shown(json.loads(answer))
                except (ValueError, LookupError, TypeError) as fault:
                    raise Wrong(f"{request.path} answered {answer[:200]!r}") from fault
                stamps = [stamp] if stamp else self.stamps
                if not any(found == json.loads(value_of(number, known)) for known in stamps):
                    raise Wrong(f"{request.path} has {found}, which is not what was written last")

    def _load(self, method: str, requests: Iterable[Request], kind: str) -> Load:
        file = self._files / f"{kind}-{id(self.dialect)}"
        return Load.of(self.server.port, method, self.dialect.headers, requests, file)
