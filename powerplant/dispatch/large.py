"""Many units: merit order, a first plan, and the exact search of what these leave open."""

from fractions import Fraction
from math import inf
from typing import Final

import numpy as np

from powerplant.dispatch.budget import Budget
from powerplant.dispatch.core import Searched, search
from powerplant.dispatch.diagnosis import examine
from powerplant.dispatch.explain import explain
from powerplant.dispatch.fixing import core_of, undecided
from powerplant.dispatch.loss import limit
from powerplant.dispatch.merit import IntArray, Merit, MeritOrder
from powerplant.dispatch.outcome import Infeasible, Near, Plan, Undecided
from powerplant.dispatch.start import Start, first_plan

FEW_UNITS: Final = 64  # for which no better plan to start from is worth a search of its own
QUICK_UNITS: Final = 32
QUICK_REACH: Final = 3  # times the largest unit


def dispatch(order: MeritOrder, load: int | Fraction, budget: Budget) -> Plan:
    """The plan for a load >= 0 in tenths of MW. Raises Infeasible, Undecided."""
    if not load:
        return Plan((0,) * order.count, 0.0, 0.0, float(order.eur_per_mwh[0]) if order.eur_per_mwh.size else None)
    if load % order.step or load > order.capacity * order.step:
        raise explain(order.kinds(), load, budget)
    steps = int(load) // order.step
    fitting = order.within(steps)
    if fitting.capacity < steps:
        raise explain(order.kinds(), load, budget)
    merit = Merit.of(fitting, steps)
    best, bound = _best(order, fitting, merit, steps, budget)
    if best.outputs is None:
        raise Undecided(int(load), budget.seconds) if bound < inf else explain(order.kinds(), load, budget)
    outputs = np.zeros(order.count, dtype=np.int64)
    outputs[fitting.position] = best.outputs * order.step
    cost = float(fitting.eur_per_mwh @ best.outputs) * order.step / 10
    return Plan(tuple(outputs.tolist()), cost, (best.loss - bound) / 10, float(fitting.eur_per_mwh[merit.brk]))


def _best(order: MeritOrder, fitting: MeritOrder, merit: Merit, load: int, budget: Budget) -> tuple[Start, float]:
    """The best plan, and what every plan loses at least; without one, infinite when it is proven that there is none."""
    best = first_plan(merit)
    if limit(best.loss) <= 0:
        return best, best.loss
    units = undecided(merit, best.loss)
    if units.size > (QUICK_UNITS if best.outputs is None else FEW_UNITS):
        quick = core_of(merit, _quick(units), best.loss)
        best = _better(merit, best, search(quick, best.loss, budget, QUICK_REACH * int(merit.upper.max())))
        if best.outputs is None:
            best = _witness(order, fitting, merit, load, budget)
        units = undecided(merit, best.loss)
    searched = search(core_of(merit, units, best.loss), best.loss, budget)
    return _better(merit, best, searched), searched.bound


def _quick(units: IntArray) -> IntArray:
    """A few units for a quick look: half of them the nearest, the others ever further away, to have other sizes too."""
    half = QUICK_UNITS // 2
    spread = np.geomspace(half, max(units.size - 1, half), QUICK_UNITS - half).astype(np.int64)
    return units[np.unique(np.minimum(np.concatenate((np.arange(half), spread)), units.size - 1))]


def _better(merit: Merit, best: Start, searched: Searched) -> Start:
    """The plan found by a search, `best` where it found none."""
    if searched.moves is None:
        return best
    outputs = merit.outputs()
    for unit, move in searched.moves:
        outputs[unit] += move
    return Start(outputs, searched.loss)


def _witness(order: MeritOrder, fitting: MeritOrder, merit: Merit, load: int, budget: Budget) -> Start:
    """Any plan at all, from the loads that can be met; raises Infeasible when `load` is none of them."""
    verdict = examine(list(zip(order.lower.tolist(), order.upper.tolist(), strict=True)), load, load, budget.half())
    if verdict is None:
        return Start(None, inf)
    if verdict.near.below != load:
        near = Near(*(None if at is None else at * order.step for at in verdict.near))
        raise Infeasible("gap", load * order.step, near)
    if verdict.outputs is None:
        return Start(None, inf)
    outputs = np.zeros(order.count, dtype=np.int64)
    outputs[order.position] = verdict.outputs
    return Start(outputs[fitting.position], merit.loss(outputs[fitting.position]))
