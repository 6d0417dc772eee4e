"""Many units: merit order, a first plan, and the exact search of what these leave open."""

from collections.abc import Sequence
from fractions import Fraction
from math import inf
from typing import Final, NamedTuple

import numpy as np

from powerplant.dispatch.budget import Budget
from powerplant.dispatch.core import Searched, search
from powerplant.dispatch.diagnosis import examine
from powerplant.dispatch.explain import explain
from powerplant.dispatch.fixing import CoreUnit, core_of, undecided
from powerplant.dispatch.loss import limit
from powerplant.dispatch.merit import Merit, MeritOrder
from powerplant.dispatch.outcome import Infeasible, Plan, Undecided
from powerplant.dispatch.start import Candidate, first_plan

FEW_UNITS: Final = 64  # to search which, no better plan to start from is needed


class Look(NamedTuple):
    """A search of a few units only, for a better plan to start from: how many, and how far, in largest units."""

    units: int
    reach: int


QUICK: Final = Look(32, 3)
WIDE: Final = Look(64, 48)


def dispatch(order: MeritOrder, load: int | Fraction, budget: Budget) -> Plan:
    """The plan for a load >= 0 in tenths of MW. Raises Infeasible, Undecided."""
    if not load:
        return Plan((0,) * order.count, 0.0, 0.0, float(order.eur_per_mwh[0]) if order.eur_per_mwh.size else None)
    if load % order.step or load > order.capacity * order.step:
        raise _explained(order, load, budget)
    steps = int(load) // order.step
    fitting = order.within(steps)
    if fitting.capacity < steps:
        raise _explained(order, load, budget)
    merit = Merit.of(fitting, steps)
    best, bound = _solve(order, fitting, merit, steps, budget)
    if best.outputs is None:
        raise Undecided(int(load), budget.seconds) if bound < inf else _explained(order, load, budget)
    outputs = np.zeros(order.count, dtype=np.int64)
    outputs[fitting.position] = best.outputs * order.step
    cost = float(fitting.eur_per_mwh @ best.outputs) * order.step / 10
    price = float(order.eur_per_mwh[order.break_unit(steps)])
    return Plan(tuple(outputs.tolist()), cost, (best.loss - bound) / 10, price)


def _explained(order: MeritOrder, load: int | Fraction, budget: Budget) -> Infeasible:
    return explain([(low * order.step, high * order.step) for low, high in order.kinds()], load, budget)


def _solve(order: MeritOrder, fitting: MeritOrder, merit: Merit, load: int, budget: Budget) -> tuple[Candidate, float]:
    """The best plan, and what every plan loses at least; infinite when it is proven that there is none."""
    best = first_plan(merit)
    if limit(best.loss) <= 0:
        return best, best.loss
    units, bound = undecided(merit, best.loss), 0.0
    if len(units) > (QUICK.units if best.outputs is None else FEW_UNITS):
        best = _look(merit, units, best, budget, QUICK)
    else:
        searched = search(core_of(merit, units, best.loss), best.loss, budget)
        best, bound = _better(merit, best, searched), searched.bound
        if bound == best.loss:
            return best, bound
    if best.outputs is None:
        best = _any_plan(order, fitting, merit, load, budget)
        best = _look(merit, units, best, budget, WIDE)
    searched = search(core_of(merit, undecided(merit, best.loss), best.loss), best.loss, budget)
    return _better(merit, best, searched), max(bound, searched.bound)


def _look(merit: Merit, units: Sequence[CoreUnit], best: Candidate, budget: Budget, look: Look) -> Candidate:
    """Look at a few units: half of them the nearest, the others ever further away, so as to have other sizes too."""
    width = look.reach * int(merit.upper.max())
    short = [unit for unit in units if max(unit.least + unit.span, unit.other) <= width]
    half = min(look.units, len(short)) // 2
    further = np.geomspace(max(half, 1), max(len(short) - 1, 1), half).astype(np.int64)
    chosen = [short[i] for i in np.unique(np.concatenate((np.arange(half), further)))]
    return _better(merit, best, search(core_of(merit, chosen, best.loss), best.loss, budget, width))


def _better(merit: Merit, best: Candidate, searched: Searched) -> Candidate:
    """The plan that was found, `best` when none was."""
    if searched.moves is None:
        return best
    outputs = merit.outputs()
    for unit, move in searched.moves:
        outputs[unit] += move
    return Candidate(outputs, searched.loss)


def _any_plan(order: MeritOrder, fitting: MeritOrder, merit: Merit, load: int, budget: Budget) -> Candidate:
    """Some plan, if the loads that can be met tell one. Raises Infeasible when `load` is none of them."""
    verdict = examine(order.kinds(), load, load, budget.half())
    if verdict is not None and verdict.near.below != load:
        raise Infeasible("gap", load * order.step, verdict.near.times(order.step))
    if verdict is None or verdict.outputs is None:
        return Candidate(None, inf)
    outputs = np.zeros(order.count, dtype=np.int64)
    outputs[order.position] = verdict.outputs
    return Candidate(outputs[fitting.position], merit.loss(outputs[fitting.position]))
