"""What dispatch answers: a plan and how far it is proven, or why there is none."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal, NamedTuple, TypeAlias

MANY_MW: Final = 10**15

Reason: TypeAlias = Literal["granularity", "capacity", "gcd", "gap"]


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan that meets the load exactly, and how far from the cheapest it can be.

    outputs            tenths of MW in the order of the units, each 0 or pmin..pmax
    cost_eur           of the hour
    gap_eur            every plan costs at least cost_eur - gap_eur; 0: it is proven that none is cheaper
    price_eur_per_mwh  what the last unit costs that merit order, ignoring every pmin, needs; None when no unit can run
    """

    outputs: tuple[int, ...]
    cost_eur: float
    gap_eur: float
    price_eur_per_mwh: float | None

    @property
    def bound_eur(self) -> float:
        """What every plan costs at least, as proven."""
        return self.cost_eur - self.gap_eur

    @property
    def optimal(self) -> bool:
        """Whether it is proven that no plan is cheaper."""
        return self.gap_eur == 0


class Near(NamedTuple):
    """The nearest loads, in tenths of MW, that a plan meets; None where there is none or it is not known."""

    below: int | None
    above: int | None

    def times(self, step: int) -> "Near":
        """From steps of `step` tenths to tenths."""
        return Near(*(None if load is None else load * step for load in self))


class NoPlan(Exception):
    """There is no plan to give for `load` (tenths of MW): `reason` is one word, `below` and `above` are as in Near."""

    def __init__(self, message: str, reason: str, load: int | Fraction, near: Near) -> None:
        """`message` gives the numbers in MW."""
        super().__init__(message)
        self.reason, self.load = reason, load
        self.below, self.above = near


class Infeasible(NoPlan):
    """It is proven that no plan meets the load."""

    def __init__(self, reason: Reason, load: int | Fraction, near: Near, step: int = 1) -> None:
        """`step`: what every load that can be met is a multiple of, in tenths of MW."""
        why = {
            "granularity": "is not a multiple of 0.1 MW",
            "capacity": f"is outside what the plants can produce, 0 to {mw(near.below or 0)} MW",
            "gcd": f"is not a multiple of {mw(step)} MW, as everything that the plants can produce is",
            "gap": "lies in a gap between the loads that the plants can produce",
        }[reason]
        nearest = "" if reason == "capacity" else _nearest(near)
        super().__init__(f"load {mw(load)} MW {why}{nearest}", reason, load, near)


class Undecided(NoPlan):
    """Neither a plan nor a proof that there is none was found within the budget."""

    def __init__(self, load: int, budget_s: float) -> None:
        """`budget_s`: the time there was."""
        why = f"neither a plan nor a proof that there is none was found in {budget_s:g} s and the memory for it"
        super().__init__(f"load {mw(load)} MW: {why}", "undecided", load, Near(None, None))


def mw(tenths: int | Fraction) -> str:
    """Tenths of MW as MW, for a message."""
    value = Decimal(tenths.numerator) / tenths.denominator / 10
    return f"{value:.6e}" if value >= MANY_MW else f"{round(value, 9).normalize():f}"


def _nearest(near: Near) -> str:
    """What can be said of the nearest loads."""
    sides = [f"{mw(load)} MW {side}" for side, load in zip(("below", "above"), near, strict=True) if load is not None]
    return f"; the nearest that can be met: {' and '.join(sides)}" if sides else ""
