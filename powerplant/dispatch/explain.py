"""Why a load cannot be met, in one word, and the nearest loads that can."""

from collections.abc import Sequence
from fractions import Fraction
from math import gcd

from powerplant.dispatch.budget import Budget
from powerplant.dispatch.diagnosis import examine
from powerplant.dispatch.loads import Span
from powerplant.dispatch.outcome import Infeasible, Near, Reason


def explain(kinds: Sequence[Span], load: int | Fraction, budget: Budget) -> Infeasible:
    """The answer for a `load` that units of these `kinds` (pmin, pmax; all in tenths of MW) are known not to meet.

    When finding the nearest loads takes more than the budget, they are None.
    """
    step = (gcd(*(high for _, high in kinds)) or 1) if all(low == high for low, high in kinds) else 1
    in_steps = [(low // step, high // step) for low, high in kinds]
    verdict = examine(in_steps, int(load // step), -int(-load // step), budget)
    near = Near(None, None) if verdict is None else verdict.near
    return Infeasible(_reason(kinds, load, step), load, near.times(step), step)


def _reason(kinds: Sequence[Span], load: int | Fraction, step: int) -> Reason:
    """What stands in the way first."""
    if load.denominator != 1:
        return "granularity"
    if load > sum(high for _, high in kinds):
        return "capacity"
    return "gcd" if load % step else "gap"
