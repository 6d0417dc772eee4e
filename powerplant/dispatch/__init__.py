"""The cheapest way for a fleet to meet a load, with the proof that it is the cheapest.

In five minutes: `loss` shows that a plan costs what merit order costs (ignoring every pmin) plus a loss of which no
term is negative. So the search is for the least loss, and a loss of 0 is optimal at once.
- Few units: `small` decides by `descent` which of them run, and drops what cannot lose less than the plan in hand.
- Many units: `start` takes a plan near merit order; `fixing` leaves open only those units whose other decision could
  lose less than that plan; `core` searches all of their moves, and drops only what cannot lose less.
- Units so large that this takes too much memory: `anytime` goes on by `descent`, and by the `halves` of the core.
When nothing is left to look at, the plan in hand is optimal. When the budget ends first, what is left gives the bound.
Where no plan meets the load, `explain` says why, and `diagnosis` which loads can be met.
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
    from powerplant.dispatch.merit import MeritOrder  # brings numpy, which a few units do without

__all__ = ["Infeasible", "NoPlan", "Plan", "Undecided", "Unit", "dispatch", "prepared"]


def dispatch(
    units: "Sequence[Unit] | MeritOrder",
    load: int | Fraction,
    *,
    budget_s: float = 2.0,
    clock: Callable[[], float] = perf_counter,
) -> Plan:
    """The cheapest output of each unit that together equals `load`.

    units     known by position; tenths of MW, 0 <= pmin <= pmax, the sum of all pmax below 2**62; finite costs
    load      tenths of MW, >= 0
    budget_s  when it is spent, the answer is the best plan so far and its proven gap; `clock` counts the seconds
    returns   outputs in tenths of MW in the order of `units`, each 0 or pmin..pmax; the same input, the same plan
    raises    Infeasible: no plan meets the load (one that is not whole, for one); with the nearest loads that one meets
              Undecided: neither a plan nor that proof within the budget
              ValueError: a negative load
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


def prepared(units: Sequence[Unit]) -> "Sequence[Unit] | MeritOrder":
    """`units` in a form that dispatch takes without sorting them again, for many loads of one fleet."""
    return units if len(units) <= small.MAX_UNITS else _merit_order(units)


def _merit_order(units: Sequence[Unit]) -> "MeritOrder":
    from powerplant.dispatch.merit import MeritOrder  # noqa: PLC0415 - brings numpy

    return MeritOrder.of(units)
