"""Few plants: a depth-first search over which of them run, without numpy.

Why it is exact. A plan's cost is that of merit order plus its loss (`loss` has the proof), and no term of the loss is negative.
The search decides plant by plant whether it runs, nearest in cost to the break plant first, and adds what that decision loses
at least. A branch is dropped only when that sum reaches the loss of a plan in hand, or when the load is out of reach of the
plants left running. Once all are decided, filling the running plants above their pmin in merit order is the cheapest way to
run just these.
"""

from collections.abc import Sequence
from math import inf
from typing import Final, NamedTuple

from powerplant.dispatch.loss import limit
from powerplant.units import Unit

MAX_UNITS: Final = 18
MAX_NODES: Final = 4000


class Ranked(NamedTuple):
    """The units that can run, in merit order, equal costs in their given order; `position`: where they stand among all."""

    position: list[int]
    lower: list[int]
    upper: list[int]
    cost: list[float]


class Found(NamedTuple):
    """The best plan met (outputs in merit order, None without one), its loss, the break plant's cost, whether all was seen."""

    outputs: list[int] | None
    loss: float
    price: float
    finished: bool


def ranked(units: Sequence[Unit]) -> Ranked:
    """Merit order of the units that can run."""
    position = [i for i, unit in enumerate(units) if unit.pmax]
    position.sort(key=lambda i: units[i].eur_per_mwh)
    able = [units[i] for i in position]
    return Ranked(position, [u.pmin for u in able], [u.pmax for u in able], [u.eur_per_mwh for u in able])


def search(units: Ranked, load: int) -> Found:
    """The plan of least loss for 0 < load <= sum of all pmax, unless it takes more than MAX_NODES decisions."""
    before = brk = 0
    while before + units.upper[brk] < load:
        before += units.upper[brk]
        brk += 1
    rest, price = load - before, units.cost[brk]
    if rest >= units.lower[brk]:
        return Found([*units.upper[:brk], rest, *[0] * (len(units.upper) - brk - 1)], 0.0, price, finished=True)
    outputs, loss, finished = _descend(units, load, brk)
    return Found(outputs, loss, price, finished)


def _descend(units: Ranked, load: int, brk: int) -> tuple[list[int] | None, float, bool]:
    """A stack of open branches: depth, loss so far, least and most the plants still running can give, which they are."""
    away = [abs(cost - units.cost[brk]) for cost in units.cost]
    order = sorted((i for i, low in enumerate(units.lower) if low), key=lambda i: (away[i], abs(i - brk)))
    always_on = sum(1 << i for i, low in enumerate(units.lower) if not low)
    stack = [(0, 0.0, 0, sum(units.upper), always_on)]
    best, least, better = None, inf, inf
    for _ in range(MAX_NODES):
        if not stack:
            return best, least, True
        depth, loss, low, high, on = stack.pop()
        if loss >= better or low > load or high < load:
            continue
        if depth == len(order):
            outputs = _fill(units, load - low, on)
            loss = _loss(outputs, units.upper, away, brk)
            if loss < better:
                best, least, better = outputs, loss, limit(loss)
            continue
        i = order[depth]
        if i < brk:
            stack.append((depth + 1, loss + away[i] * units.upper[i], low, high - units.upper[i], on))
            stack.append((depth + 1, loss, low + units.lower[i], high, on | 1 << i))
        else:
            stack.append((depth + 1, loss + away[i] * units.lower[i], low + units.lower[i], high, on | 1 << i))
            stack.append((depth + 1, loss, low, high - units.upper[i], on))
    return best, least, False


def _fill(units: Ranked, spare: int, on: int) -> list[int]:
    """The plants in the bit set `on` at pmin, and `spare` tenths above in merit order."""
    outputs = []
    for i, low in enumerate(units.lower):
        if on >> i & 1:
            extra = min(spare, units.upper[i] - low)
            spare -= extra
            outputs.append(low + extra)
        else:
            outputs.append(0)
    return outputs


def _loss(outputs: list[int], upper: list[int], away: list[float], brk: int) -> float:
    cheap = sum(away[i] * (upper[i] - outputs[i]) for i in range(brk))
    return cheap + sum(away[i] * outputs[i] for i in range(brk, len(outputs)))
