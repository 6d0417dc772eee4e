"""The cheapest way for a fleet to meet a load, with the proof that it is the cheapest.

In five minutes: `loss` shows that a plan costs what merit order costs, ignoring every pmin, plus a loss of which no term is
negative. So the search is for the least loss, and 0 is optimal at once. `small` searches a few units by their on and off.
With many, `start` takes a plan near merit order, `fixing` leaves only those units open whose other decision could lose less
than that plan, and `core` searches these exactly, dropping only what cannot be better than the plan in hand. When nothing is
left to look at, the plan is optimal; when the budget ends first, what is left gives the bound. `diagnosis` says which loads
can be met when this one cannot.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from time import perf_counter
from typing import TYPE_CHECKING

from powerplant.dispatch import small
from powerplant.dispatch.budget import Budget
from powerplant.dispatch.outcome import Infeasible, NoPlan, Plan, Undecided
from powerplant.units import Unit

if TYPE_CHECKING:
    from powerplant.dispatch.merit import MeritOrder  # brings numpy, which few units do without

__all__ = ["Infeasible", "NoPlan", "Plan", "Undecided", "Unit", "dispatch", "sorted_once"]


def sorted_once(units: Sequence[Unit]) -> "Sequence[Unit] | MeritOrder":
    """`units` in a form that dispatch takes faster, for many loads of one fleet."""
    return units if len(units) <= small.MAX_UNITS else _merit_order(units)


def dispatch(
    units: "Sequence[Unit] | MeritOrder",
    load: int | Fraction,
    *,
    budget_s: float = 2.0,
    clock: Callable[[], float] = perf_counter,
) -> Plan:
    """The cheapest output of each unit that together equals `load`.

    units     known by position; 0 <= pmin <= pmax in tenths of MW, their sum below 2**62; finite costs; order breaks ties
    load      tenths of MW, >= 0
    budget_s  when it ends, the answer is the best plan so far with its proven gap; `clock` counts the seconds
    raises    Infeasible: no plan meets the load, with the reason and the nearest loads that can be met; a load that is not
              whole is one of these; Undecided: neither a plan nor that proof within the budget; ValueError: a negative load
    """
    if load < 0:
        raise ValueError(f"load is {load} tenths of MW; it must be at least 0")
    budget = Budget(budget_s, clock)
    if isinstance(units, Sequence) and len(units) <= small.MAX_UNITS:
        plan = small.dispatch(units, load, budget)
        if plan is not None:
            return plan
    from powerplant.dispatch import large  # noqa: PLC0415 - brings numpy

    return large.dispatch(_merit_order(units) if isinstance(units, Sequence) else units, load, budget)


def _merit_order(units: Sequence[Unit]) -> "MeritOrder":
    from powerplant.dispatch.merit import MeritOrder  # noqa: PLC0415 - brings numpy

    return MeritOrder.of(units)
