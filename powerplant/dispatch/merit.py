"""Many plants: merit order and the break plant, in numpy."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from powerplant.units import Unit

IntArray: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool]
FloatArray: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MeritOrder:
    """The units that can run by rising cost, equal costs in their given order, ready for any number of loads.

    `lower` and `upper` are counted in steps of `step` tenths of MW: when every unit has pmin = pmax, the greatest common
    divisor of those, else 1. `position` is where each stands among all `count` units; the sum of all pmax fits 62 bits.
    """

    count: int
    step: int
    position: IntArray
    lower: IntArray
    upper: IntArray
    eur_per_mwh: FloatArray

    @classmethod
    def of(cls, units: Sequence[Unit]) -> "MeritOrder":
        """Sort `units` once."""
        upper = np.array([unit.pmax for unit in units], dtype=np.int64)
        lower = np.array([unit.pmin for unit in units], dtype=np.int64)
        cost = np.array([unit.eur_per_mwh for unit in units], dtype=np.float64)
        position = np.argsort(cost, kind="stable")
        position = position[upper[position] > 0]
        lower, upper = lower[position], upper[position]
        step = int(np.gcd.reduce(upper)) if upper.size and np.array_equal(lower, upper) else 1
        if step > 1:
            lower, upper = lower // step, upper // step
        return cls(len(units), step, position, lower, upper, cost[position])

    @property
    def capacity(self) -> int:
        """What all units give together, in steps."""
        return int(self.upper.sum())

    def kinds(self) -> list[tuple[int, int]]:
        """Each unit's pmin and pmax in tenths of MW."""
        return list(zip((self.lower * self.step).tolist(), (self.upper * self.step).tolist(), strict=True))

    def within(self, load: int) -> "MeritOrder":
        """The units as far as they matter for `load` > 0 steps: none gives more than the load, so some cannot run at all."""
        if self.upper.max() <= load:
            return self
        fit = self.lower <= load
        fitting = {name: getattr(self, name)[fit] for name in ("position", "lower", "eur_per_mwh")}
        return replace(self, upper=np.minimum(self.upper[fit], load), **fitting)


@dataclass(frozen=True, slots=True)
class Merit:
    """What merit order, ignoring every pmin, does for one load: the units before `brk` give `upper`, `brk` gives `rest`.

    `away` is each unit's distance from the break unit's cost, in EUR/MWh times the step; see `loss`.
    """

    lower: IntArray
    upper: IntArray
    away: FloatArray
    brk: int
    rest: int

    @classmethod
    def of(cls, order: MeritOrder, load: int) -> "Merit":
        """For 0 < load <= the sum of `order.upper`, in steps."""
        reached = np.cumsum(order.upper)
        brk = int(np.searchsorted(reached, load))
        away = np.abs(order.eur_per_mwh - order.eur_per_mwh[brk]) * order.step
        return cls(order.lower, order.upper, away, brk, load - int(reached[brk] - order.upper[brk]))

    def outputs(self) -> IntArray:
        """The plan but for the break plant's rest: the cheap units at `upper`, the others off."""
        outputs = self.upper.copy()
        outputs[self.brk :] = 0
        return outputs

    def loss(self, outputs: IntArray) -> float:
        """What `outputs`, which meet the load, lose against merit order."""
        moves = outputs.copy()
        moves[: self.brk] = self.upper[: self.brk] - outputs[: self.brk]
        return float(self.away @ moves)
