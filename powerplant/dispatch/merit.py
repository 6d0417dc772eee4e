"""Many units: merit order and its break unit, in numpy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from powerplant.units import Unit

IntArray: TypeAlias = NDArray[np.int64]
FloatArray: TypeAlias = NDArray[np.float64]


def scalar_product(one: NDArray[Any], other: NDArray[Any]) -> float:
    """The sum of their products, by numpy itself: `@` wakes a thread a core, which takes longer than the sum."""
    return float((one * other).sum())


@dataclass(frozen=True, slots=True)
class MeritOrder:
    """The units that can run by rising cost, equal costs in their given order, ready for any number of loads.

    `lower` and `upper` count steps of `step` tenths of MW: if every unit has pmin = pmax, all that can be met are
    multiples of their greatest common divisor; else a step is one tenth. `position` is where each unit stands among
    all `count` of them.
    """

    count: int
    step: int
    position: IntArray
    lower: IntArray
    upper: IntArray
    eur_per_mwh: FloatArray

    @classmethod
    def of(cls, units: Sequence[Unit]) -> "MeritOrder":
        """Sort `units`."""
        lower = np.array([unit.pmin for unit in units], dtype=np.int64)
        upper = np.array([unit.pmax for unit in units], dtype=np.int64)
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

    def break_unit(self, load: int) -> int:
        """The last unit that merit order needs for 0 < `load` <= the capacity, in steps."""
        return int(np.searchsorted(np.cumsum(self.upper), load))

    def kinds(self) -> list[tuple[int, int]]:
        """Each unit's pmin and pmax in steps."""
        return list(zip(self.lower.tolist(), self.upper.tolist(), strict=True))

    def within(self, load: int) -> "MeritOrder":
        """The units as far as they matter for `load` steps: none gives more than that, some cannot run at all."""
        if self.upper.max(initial=0) <= load:
            return self
        fit = self.lower <= load
        return replace(
            self,
            position=self.position[fit],
            lower=self.lower[fit],
            upper=np.minimum(self.upper[fit], load),
            eur_per_mwh=self.eur_per_mwh[fit],
        )


@dataclass(frozen=True, slots=True)
class Merit:
    """What merit order, ignoring every pmin, does for one load: the units before `brk` give `upper`, `brk` the rest.

    `away` is each unit's distance from the break unit's cost, times the step. See `loss`.
    """

    lower: IntArray
    upper: IntArray
    away: FloatArray
    brk: int
    rest: int

    @classmethod
    def of(cls, order: MeritOrder, load: int) -> "Merit":
        """For 0 < load <= the capacity of `order`, in steps."""
        brk = order.break_unit(load)
        away = np.abs(order.eur_per_mwh - order.eur_per_mwh[brk]) * order.step
        return cls(order.lower, order.upper, away, brk, load - int(order.upper[:brk].sum()))

    def outputs(self) -> IntArray:
        """The outputs but for the rest: the cheap units at `upper`, the others off."""
        outputs = self.upper.copy()
        outputs[self.brk :] = 0
        return outputs

    @property
    def load(self) -> int:
        """What all together give, in steps."""
        return int(self.upper[: self.brk].sum()) + self.rest

    def moved(self, moves: Iterable[tuple[int, int]]) -> IntArray:
        """The outputs of a plan that is told as moves (unit, steps up or down) away from `outputs`."""
        outputs = self.outputs()
        for unit, move in moves:
            outputs[unit] += move
        return outputs

    def loss(self, outputs: IntArray) -> float:
        """What a plan's `outputs` lose."""
        moves = outputs.copy()
        moves[: self.brk] = self.upper[: self.brk] - outputs[: self.brk]
        return scalar_product(self.away, moves)
