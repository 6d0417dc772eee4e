"""Many units: merit order, a first plan, and the exact search of what these leave open."""

from collections.abc import Sequence
from fractions import Fraction
from math import inf
from typing import Final, TypeVar

import numpy as np

from powerplant.dispatch.anytime import go_on
from powerplant.dispatch.budget import Budget
from powerplant.dispatch.core import search
from powerplant.dispatch.diagnosis import examine
from powerplant.dispatch.explain import explain
from powerplant.dispatch.fixing import CoreUnit, core_of, core_units, undecided
from powerplant.dispatch.loss import limit
from powerplant.dispatch.merit import Merit, MeritOrder, scalar_product
from powerplant.dispatch.outcome import Infeasible, Plan, Undecided
from powerplant.dispatch.start import Candidate, first_plan

Some = TypeVar("Some")

FEW_UNITS: Final = 64  # to search which, no better plan to start from is needed
QUICK_UNITS: Final = 32  # of a pass that only has to find a plan
QUICK_REACH: Final = 3  # how far from the rest it looks, times the largest unit
WIDE_UNITS: Final = 64  # of a pass that has to bring a plan from anywhere near merit order
WIDE_REACH: Final = 48  # how far that one looks


def dispatch(order: MeritOrder, load: int | Fraction, budget: Budget) -> Plan:
    """The cheapest plan for a load, or the best one found within the budget and how far it is proven.

    order    the units that can run; prepared once, it serves many loads
    load     tenths of MW, >= 0; a Fraction is no whole number of them and met by no plan
    returns  outputs in the order of the units that `order` was made of; gap 0: proven to be the cheapest
    raises   Infeasible: proven that no plan meets the load; Undecided: neither a plan nor that proof in time
    """
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
    cost = scalar_product(fitting.eur_per_mwh, best.outputs) * order.step / 10
    price = float(order.eur_per_mwh[order.break_unit(steps)])
    return Plan(tuple(outputs.tolist()), cost, (best.loss - bound) / 10, price)


def _explained(order: MeritOrder, load: int | Fraction, budget: Budget) -> Infeasible:
    return explain([(low * order.step, high * order.step) for low, high in order.kinds()], load, budget)


def _solve(order: MeritOrder, fitting: MeritOrder, merit: Merit, load: int, budget: Budget) -> tuple[Candidate, float]:
    """The best plan, and what every plan loses at least; infinite when it is proven that there is none.

    The full pass, which proves, is as quick as the plan is good that it begins with: the lower its loss, the fewer the
    units left undecided and the cells alive. So of many units a quick pass over a few, not far around the rest, finds
    one first. Where even that finds none, the sums of all units tell whether there is one and which; it may be far from
    merit order, and a wide pass, over more units and further around, brings it near.
    """
    best, bound = first_plan(merit), 0.0
    if limit(best.loss) <= 0:
        return best, best.loss
    units = undecided(merit, best.loss)
    if not units.size and best.outputs is not None:
        return best, best.loss  # all others stay as they are, and of these plans `first_plan` has the best
    if units.size > (QUICK_UNITS if best.outputs is None else FEW_UNITS):
        few = core_units(merit, np.array(_few(units.tolist(), QUICK_UNITS), dtype=np.int64))
        best, _ = _searched(merit, few, best, budget, QUICK_REACH * int(merit.upper.max()))
    else:
        best, bound = _searched(merit, core_units(merit, units), best, budget)
        if bound == best.loss:
            return best, bound
    if best.outputs is None:
        best = _any_plan(order, fitting, merit, load, budget)
        if budget.spent():
            return best, bound
        far = WIDE_REACH * int(merit.upper.max())
        short = [unit for unit in core_units(merit, units) if unit.furthest <= far]
        best, _ = _searched(merit, _few(short, WIDE_UNITS), best, budget, far)
    if budget.spent():
        return best, bound
    best, proven = _searched(merit, core_units(merit, undecided(merit, best.loss)), best, budget)
    return go_on(merit, best, max(bound, proven), budget)


def _few(units: Sequence[Some], count: int) -> list[Some]:
    """Half of them the nearest, the others ever further away, so as to have other sizes too."""
    half = min(count, len(units)) // 2
    further = np.geomspace(max(half, 1), max(len(units) - 1, 1), half).astype(np.int64)
    return [units[i] for i in sorted({*range(half), *further.tolist()})]


def _searched(
    merit: Merit, core: Sequence[CoreUnit], best: Candidate, budget: Budget, width: int | None = None
) -> tuple[Candidate, float]:
    """The better of `best` and what a search finds, and the bound it proves when `core` is all that is undecided."""
    found = search(core_of(merit, core, best.loss), best.loss, budget, width)
    return best if found.moves is None else Candidate(merit.moved(found.moves), found.loss), found.bound


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
