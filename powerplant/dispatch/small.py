"""Few units: a depth-first search over which of them run, without numpy.

Why it is exact. A plan costs what merit order costs plus its loss, and no term of the loss is negative (`loss`). The
search decides unit by unit whether it runs, the nearest in cost to the break unit first, and adds what that decision
loses at least: a cheap unit that is off its pmax, a dear one that runs its pmin. A branch is dropped only when that sum
reaches the loss of a plan in hand, or when the load is out of reach of the units left running. With all decided, the
cheapest way to run just these is to fill them above their pmin in merit order.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import inf
from operator import mul
from typing import Final, NamedTuple

from powerplant.dispatch.budget import MAX_CELLS, Budget
from powerplant.dispatch.explain import explain
from powerplant.dispatch.loss import limit
from powerplant.dispatch.outcome import Plan, Undecided
from powerplant.units import Unit

MAX_UNITS: Final = 24
MAX_BRANCHES: Final = 1500  # then the search for many units is quicker, unless its rows would get too long


class Ranked(NamedTuple):
    """The units that can run in merit order, equal costs in their given order; `position`: their places among all."""

    cost: tuple[float, ...]
    position: tuple[int, ...]
    lower: tuple[int, ...]
    upper: tuple[int, ...]


class Found(NamedTuple):
    """The best outputs in merit order, None when there are none; what others may lose less; the break unit's cost.

    `gap` is 0 when all was looked at, and infinite when nothing was found before the budget was spent.
    """

    outputs: list[int] | None
    gap: float
    price: float


def dispatch(units: Sequence[Unit], load: int | Fraction, budget: Budget) -> Plan | None:
    """The plan for a load >= 0 in tenths of MW, None when the search for many units does better.

    Raises Infeasible, Undecided.
    """
    able = ranked(units)
    if not load:
        return Plan((0,) * len(units), 0.0, 0.0, able.cost[0] if able.cost else None)
    if load.denominator != 1 or load > sum(able.upper):
        raise explain(list(zip(able.lower, able.upper, strict=True)), load, budget)
    found = search(able, int(load), budget)
    if found is None:
        return None
    if found.outputs is None:
        kinds = list(zip(able.lower, able.upper, strict=True))
        raise Undecided(int(load), budget.seconds) if found.gap else explain(kinds, load, budget)
    outputs = [0] * len(units)
    for position, output in zip(able.position, found.outputs, strict=True):
        outputs[position] = output
    return Plan(tuple(outputs), sum(map(mul, able.cost, found.outputs)) / 10, found.gap / 10, found.price)


def ranked(units: Sequence[Unit]) -> Ranked:
    """Merit order of the units that can run."""
    rows = [(unit.eur_per_mwh, i, unit.pmin, unit.pmax) for i, unit in enumerate(units) if unit.pmax]
    rows.sort()
    return Ranked(*zip(*rows, strict=True)) if rows else Ranked((), (), (), ())


def search(units: Ranked, load: int, budget: Budget) -> Found | None:
    """The plan of least loss for 0 < load <= the sum of all pmax; None when that is better left to the other search."""
    rest, brk = load, 0
    while rest > units.upper[brk]:
        rest -= units.upper[brk]
        brk += 1
    lower, price = units.lower[brk], units.cost[brk]
    outputs = [*units.upper[:brk], max(rest, lower), *[0] * (len(units.upper) - brk - 1)]
    if rest >= lower or _step_back(outputs, units, brk, lower - rest):
        return Found(outputs, 0.0, price)
    return _descend(units, load, brk, budget)


def _step_back(outputs: list[int], units: Ranked, brk: int, over: int) -> bool:
    """Take `over` from the units of the break unit's own cost, which loses nothing; whether that was possible."""
    before = brk - 1
    while before >= 0 and units.cost[before] == units.cost[brk]:
        given = min(over, units.upper[before] - units.lower[before])
        outputs[before] -= given
        over -= given
        before -= 1
    return over == 0


def _descend(units: Ranked, load: int, brk: int, budget: Budget) -> Found | None:
    """Open branches on a stack: how deep, the loss so far, the least and most that those on can give, which are on."""
    lower, upper, price = units.lower, units.upper, units.cost[brk]
    away = [abs(cost - price) for cost in units.cost]
    order = sorted((i for i, low in enumerate(lower) if low), key=away.__getitem__)
    stack = [(0, 0.0, 0, sum(upper), (1 << len(lower)) - 1)]
    best, least, better, branches = None, inf, inf, 0
    while stack and better > 0:
        branches += 1
        if branches > MAX_BRANCHES and sum(upper) <= MAX_CELLS:
            return None
        if branches % MAX_BRANCHES == 0 and budget.spent():
            return Found(best, least - min(least, *(branch[1] for branch in stack)), price)
        depth, loss, low, high, on = stack.pop()
        if loss >= better or not low <= load <= high:
            continue
        if depth == len(order):
            outputs, loss = _filled(units, load - low, on, away, brk)
            if loss < better:
                best, least, better = outputs, loss, limit(loss)
            continue
        i = order[depth]
        off = depth + 1, loss + away[i] * upper[i] * (i < brk), low, high - upper[i], on ^ 1 << i
        run = depth + 1, loss + away[i] * lower[i] * (i > brk), low + lower[i], high, on
        stack.extend((off, run) if i <= brk else (run, off))
    return Found(best, 0.0, price)


def _filled(units: Ranked, spare: int, on: int, away: Sequence[float], brk: int) -> tuple[list[int], float]:
    """The units in the bit set `on` at their pmin and `spare` tenths above it in merit order; and what this loses."""
    outputs, loss = [], 0.0
    for i, low in enumerate(units.lower):
        output = 0
        if on >> i & 1:
            output = min(units.upper[i], low + spare)
            spare -= output - low
        loss += away[i] * (units.upper[i] - output if i < brk else output)
        outputs.append(output)
    return outputs, loss
