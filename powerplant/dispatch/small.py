"""Few plants: a depth-first search over which of them run, without numpy.

Why it is exact. A plan's cost is that of merit order plus its loss (`loss` has the proof), and no term of the loss is negative.
The search decides plant by plant whether it runs, nearest in cost to the break plant first, and adds what that decision loses
at least. A branch is dropped only when that sum reaches the loss of a plan in hand, or when the load is out of reach of the
plants left running. Once all are decided, filling the running plants above their pmin in merit order is the cheapest way to
run just these.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import inf
from operator import mul
from typing import Final, NamedTuple

from powerplant.dispatch.budget import Budget
from powerplant.dispatch.explain import explain
from powerplant.dispatch.loss import limit
from powerplant.dispatch.outcome import Plan
from powerplant.units import Unit

MAX_UNITS: Final = 24
MAX_BRANCHES: Final = 1500


class Ranked(NamedTuple):
    """The units that can run, in merit order, equal costs in their given order; `position`: where they stand among all."""

    cost: tuple[float, ...]
    position: tuple[int, ...]
    lower: tuple[int, ...]
    upper: tuple[int, ...]


class Found(NamedTuple):
    """The best outputs in merit order (None: there are none), the break plant's cost, and whether all was looked at."""

    outputs: list[int] | None
    price: float
    finished: bool


def ranked(units: Sequence[Unit]) -> Ranked:
    """Merit order of the units that can run."""
    rows = [(unit.eur_per_mwh, i, unit.pmin, unit.pmax) for i, unit in enumerate(units) if unit.pmax]
    rows.sort()
    return Ranked(*zip(*rows, strict=True)) if rows else Ranked((), (), (), ())


def dispatch(units: Sequence[Unit], load: int | Fraction, budget: Budget) -> Plan | None:
    """The plan for a load >= 0 in tenths of MW, None when the search was not finished. Raises Infeasible."""
    able = ranked(units)
    if not load:
        return Plan((0,) * len(units), 0.0, 0.0, able.cost[0] if able.cost else None)
    if load.denominator != 1 or load > sum(able.upper):
        raise explain(list(zip(able.lower, able.upper, strict=True)), load, budget)
    found = search(able, int(load))
    if not found.finished:
        return None
    if found.outputs is None:
        raise explain(list(zip(able.lower, able.upper, strict=True)), load, budget)
    outputs = [0] * len(units)
    for position, output in zip(able.position, found.outputs, strict=True):
        outputs[position] = output
    return Plan(tuple(outputs), sum(map(mul, able.cost, found.outputs)) / 10, 0.0, found.price)


def search(units: Ranked, load: int) -> Found:
    """The plan of least loss for 0 < load <= sum of all pmax, unless it takes more than MAX_BRANCHES."""
    rest, brk = load, 0
    while rest > units.upper[brk]:
        rest -= units.upper[brk]
        brk += 1
    price = units.cost[brk]
    if rest >= units.lower[brk]:
        return Found([*units.upper[:brk], rest, *[0] * (len(units.upper) - brk - 1)], price, finished=True)
    over, outputs = units.lower[brk] - rest, [*units.upper[:brk], units.lower[brk], *[0] * (len(units.upper) - brk - 1)]
    for i in range(brk - 1, -1, -1):  # at equal cost, those before step back without a loss
        if units.cost[i] < price:
            break
        given = min(over, units.upper[i] - units.lower[i])
        outputs[i] -= given
        over -= given
        if not over:
            return Found(outputs, price, finished=True)
    best, finished = _descend(units, load, brk)
    return Found(best, price, finished)


def _descend(units: Ranked, load: int, brk: int) -> tuple[list[int] | None, bool]:
    """Branch from a stack: how deep, the loss so far, the least and most of those still running, and which these are."""
    lower, upper = units.lower, units.upper
    away = [abs(cost - units.cost[brk]) for cost in units.cost]
    order = [i for i, low in enumerate(lower) if low]
    order.sort(key=away.__getitem__)
    stack = [(0, 0.0, 0, sum(upper), (1 << len(lower)) - 1)]
    best, better = None, inf
    for _ in range(MAX_BRANCHES):
        if not stack or better <= 0:
            return best, True
        depth, loss, low, high, on = stack.pop()
        if loss >= better or low > load or high < load:
            continue
        if depth == len(order):
            outputs, loss = _filled(units, load - low, on, away, brk)
            if loss < better:
                best, better = outputs, limit(loss)
            continue
        i = order[depth]
        if i > brk:
            stack.append((depth + 1, loss + away[i] * lower[i], low + lower[i], high, on))
        stack.append((depth + 1, loss + away[i] * upper[i] * (i < brk), low, high - upper[i], on ^ 1 << i))
        if i <= brk:
            stack.append((depth + 1, loss, low + lower[i], high, on))
    return best, False


def _filled(units: Ranked, spare: int, on: int, away: Sequence[float], brk: int) -> tuple[list[int], float]:
    """The plants in the bit set `on` at pmin, `spare` tenths above that in merit order, and what this loses."""
    outputs, loss = [], 0.0
    for i, low in enumerate(units.lower):
        output = 0
        if on >> i & 1:
            output = min(units.upper[i], low + spare)
            spare -= output - low
        loss += away[i] * (units.upper[i] - output if i < brk else output)
        outputs.append(output)
    return outputs, loss
