"""Few units: merit order, and a depth-first search (`descent`) where that is no plan; without numpy."""

from collections.abc import Sequence
from fractions import Fraction
from math import inf
from operator import mul
from typing import Final, NamedTuple

from powerplant.dispatch.budget import Budget
from powerplant.dispatch.descent import Task, descend
from powerplant.dispatch.explain import explain
from powerplant.dispatch.outcome import Plan
from powerplant.units import Unit

MAX_UNITS: Final = 24
MAX_BRANCHES: Final = 1500  # then the search for many units is quicker


class Ranked(NamedTuple):
    """The units that can run in merit order, equal costs in their given order; `position`: their places among all."""

    cost: tuple[float, ...]
    position: tuple[int, ...]
    lower: tuple[int, ...]
    upper: tuple[int, ...]


class Found(NamedTuple):
    """The best outputs in merit order, None when there are none; the break unit's cost."""

    outputs: list[int] | None
    price: float


def dispatch(units: Sequence[Unit], load: int | Fraction, budget: Budget) -> Plan | None:
    """The plan for a load >= 0 in tenths of MW, None when the search for many units does better. Raises Infeasible."""
    able = ranked(units)
    if not load:
        return Plan((0,) * len(units), 0.0, 0.0, able.cost[0] if able.cost else None)
    if load.denominator != 1 or load > sum(able.upper):
        raise explain(list(zip(able.lower, able.upper, strict=True)), load, budget)
    found = search(able, int(load))
    if found is None:
        return None
    if found.outputs is None:
        raise explain(list(zip(able.lower, able.upper, strict=True)), load, budget)
    outputs = [0] * len(units)
    for position, output in zip(able.position, found.outputs, strict=True):
        outputs[position] = output
    return Plan(tuple(outputs), sum(map(mul, able.cost, found.outputs)) / 10, 0.0, found.price)


def ranked(units: Sequence[Unit]) -> Ranked:
    """Merit order of the units that can run."""
    rows = [(unit.eur_per_mwh, i, unit.pmin, unit.pmax) for i, unit in enumerate(units) if unit.pmax]
    rows.sort()
    return Ranked(*zip(*rows, strict=True)) if rows else Ranked((), (), (), ())


def search(units: Ranked, load: int) -> Found | None:
    """The plan of least loss for 0 < load <= the sum of all pmax; None when that is better left to the other search."""
    rest, brk = load, 0
    while rest > units.upper[brk]:
        rest -= units.upper[brk]
        brk += 1
    lower, price = units.lower[brk], units.cost[brk]
    outputs = [*units.upper[:brk], max(rest, lower), *[0] * (len(units.upper) - brk - 1)]
    if rest >= lower or _step_back(outputs, units, brk, lower - rest):
        return Found(outputs, price)
    away = [abs(cost - price) for cost in units.cost]
    order = sorted((i for i, low in enumerate(units.lower) if low), key=away.__getitem__)
    task = Task(load, units.lower, units.upper, away, brk, order, [True] * len(away))
    found = descend(task, inf, MAX_BRANCHES, lambda: False)
    return Found(found.outputs, price) if found.least_open == inf else None


def _step_back(outputs: list[int], units: Ranked, brk: int, over: int) -> bool:
    """Take `over` from the units of the break unit's own cost, which loses nothing; whether that was possible."""
    before = brk - 1
    while before >= 0 and units.cost[before] == units.cost[brk]:
        given = min(over, units.upper[before] - units.lower[before])
        outputs[before] -= given
        over -= given
        before -= 1
    return over == 0
