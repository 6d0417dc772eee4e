"""What a fleet is, in tenths of MW and EUR/MWh."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from powerplant.units.findings import Finding


@dataclass(frozen=True, slots=True)
class Unit:
    """What dispatch needs of a plant: off, or on at pmin..pmax tenths of MW; pmax 0: it cannot run."""

    pmin: int
    pmax: int
    eur_per_mwh: float


@dataclass(frozen=True, slots=True)
class Plant(Unit):
    """A unit and what a report says of it; `position` is its place in the payload, `kind` the payload's `type`."""

    name: str
    kind: str
    position: int
    co2_ton_per_mwh: float


@dataclass(frozen=True, slots=True)
class Fleet:
    """A payload as read: the load in tenths of MW, a Fraction when it is not whole, and the plants in merit order.

    Plants of equal cost keep the payload's order. `wind` and `co2` are the conventions the ranges and costs follow.
    """

    load: int | Fraction
    plants: tuple[Plant, ...]
    wind: str
    co2: bool
    warnings: tuple[Finding, ...]

    def co2_ton(self, outputs: Sequence[int]) -> float:
        """The CO2 emitted in the hour by `outputs` (tenths of MW in the order of `plants`), be it a cost or not."""
        return sum(p * plant.co2_ton_per_mwh for p, plant in zip(outputs, self.plants, strict=True) if p) / 10
