"""Which units still have to be searched: the core; all others are fixed, or join a pool that may move by any amount.

Forcing a unit into a decision that merit order did not take loses d_i times its move, and the move must be made up for by the
others. Letting those ignore their pmin gives a lower bound on that. Where the two together reach the loss of a plan in hand,
the decision leads to nothing better, and the opposite is fixed:
- a cheap unit that cannot be off is on, and may go down to its pmin;
- a dear unit that cannot be on is off, and dropped.
Units with pmin 0 need no decision. They and the cheap units fixed on are the *pool*: one up move and one down move cancel
without raising the loss, so the pool is best used in one direction, the cheapest move first: a convex curve each way.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from powerplant.dispatch.curve import Curve
from powerplant.dispatch.loss import limit
from powerplant.dispatch.merit import FloatArray, IntArray, Merit

UP, DOWN = 1, -1


class CoreUnit(NamedTuple):
    """A unit to search, as its moves away from merit order: `least`..`least + span` steps in its direction, or `other`.

    A dear unit (UP) goes up by pmin..pmax, or not (0); a cheap one (DOWN) goes down by 0..pmax - pmin, or is off (pmax).
    """

    index: int
    direction: int
    away: float
    least: int
    span: int
    other: int


@dataclass
class Side:
    """One direction: the pool alone, and the pool with the core units as if their pmin were 0.

    `marks` tells for each core unit of this side, in the order of the search, how many pieces of the pool stand before it and
    where it ends in the full curve. `units` are the pool's, in the order of its pieces.
    """

    pool: Curve
    full: Curve
    marks: list[tuple[int, int]]
    units: list[int]


@dataclass
class Core:
    """What is left to search: units in the order of the search, nearest to the break unit's cost first, and both sides."""

    rest: int
    units: list[CoreUnit]
    up: Side
    down: Side


def fix(merit: Merit, loss: float, at_most: int | None = None) -> Core:
    """The core that a plan of `loss` leaves; with `at_most`, its first so many units, the others as merit order has them."""
    decided = _loss_against(merit) >= limit(loss)
    open_ = np.flatnonzero((merit.lower > 0) & ~decided)
    open_ = open_[np.lexsort((np.abs(open_ - merit.brk), merit.away[open_]))][:at_most]
    in_core = np.zeros(merit.lower.size, dtype=bool)
    in_core[open_] = True
    free = np.where(merit.lower == 0, merit.upper, 0)
    free[: merit.brk] = (merit.upper - np.where(in_core, merit.upper, merit.lower))[: merit.brk]
    free[in_core] = 0
    dear = np.arange(merit.brk, merit.lower.size)
    cheap = np.arange(merit.brk - 1, -1, -1)
    return Core(
        rest=merit.rest,
        units=[_core_unit(merit, int(i)) for i in open_],
        up=_side(merit, dear, free, in_core),
        down=_side(merit, cheap, free, in_core),
    )


def _loss_against(merit: Merit) -> FloatArray:
    """What it loses at least to switch each cheap unit off, each dear one on: its own move, and making up for it."""
    brk = merit.brk
    away, lower, upper = merit.away, merit.lower, merit.upper
    against = away * np.where(np.arange(lower.size) < brk, upper, lower)
    against[:brk] += _made_up(upper[brk:], away[brk:], upper[:brk] + merit.rest)
    against[brk:] += _made_up(upper[:brk][::-1], away[:brk][::-1], np.maximum(lower[brk:] - merit.rest, 0))
    return against


def _made_up(lengths: IntArray, slopes: FloatArray, move: IntArray) -> FloatArray:
    """The least loss of moving by `move` with units that ignore their pmin; infinite beyond what they have."""
    ends = np.concatenate(([0], np.cumsum(lengths)))
    return np.interp(move, ends, np.concatenate(([0.0], np.cumsum(lengths * slopes))), right=np.inf)


def _core_unit(merit: Merit, index: int) -> CoreUnit:
    low, high, away = int(merit.lower[index]), int(merit.upper[index]), float(merit.away[index])
    if index < merit.brk:
        return CoreUnit(index, DOWN, away, 0, high - low, high)
    return CoreUnit(index, UP, away, low, high - low, 0)


def _side(merit: Merit, units: IntArray, free: IntArray, in_core: "np.ndarray[tuple[int], np.dtype[np.bool]]") -> Side:
    """The curves over `units`, which come in the order of their distance from the break unit's cost."""
    pool = units[free[units] > 0]
    full = units[(free[units] > 0) | in_core[units]]
    core = in_core[full]
    ends = np.flatnonzero(core) + 1
    marks = list(zip((ends - np.arange(1, ends.size + 1)).tolist(), ends.tolist(), strict=True))
    lengths = np.where(core, merit.upper[full], free[full])
    return Side(Curve(free[pool], merit.away[pool]), Curve(lengths, merit.away[full]), marks, pool.tolist())
