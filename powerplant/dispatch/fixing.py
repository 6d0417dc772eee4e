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
from powerplant.dispatch.merit import Flags, FloatArray, IntArray, Merit

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


def undecided(merit: Merit, loss: float) -> IntArray:
    """The units whose other decision may lead to less than `loss`, nearest to the break unit's cost first."""
    brk, away, better = merit.brk, merit.away, limit(loss)
    move = merit.lower.copy()
    move[:brk] = merit.upper[:brk]
    units = np.flatnonzero((merit.lower > 0) & (away * move < better))
    cheap, dear = units[units < brk], units[units >= brk]
    up = _made_up(merit.upper[brk:], away[brk:], merit.upper[cheap] + merit.rest)
    down = _made_up(merit.upper[:brk][::-1], away[:brk][::-1], np.maximum(merit.lower[dear] - merit.rest, 0))
    units = units[away[units] * move[units] + np.concatenate((up, down)) < better]
    return units[np.lexsort((np.abs(units - brk), away[units]))]


def core_of(merit: Merit, units: IntArray, loss: float) -> Core:
    """The core of `units`, in the order of the search; the others stay as merit order has them, or join the pool."""
    in_core = np.zeros(merit.lower.size, dtype=np.bool)
    in_core[units] = True
    free = merit.upper - merit.lower
    free[merit.brk :][merit.lower[merit.brk :] > 0] = 0
    free[in_core] = 0
    dear, cheap = np.arange(merit.brk, merit.lower.size), np.arange(merit.brk - 1, -1, -1)
    return Core(
        rest=merit.rest,
        units=_core_units(merit, units),
        up=_side(merit, dear, free, in_core, limit(loss)),
        down=_side(merit, cheap, free, in_core, limit(loss)),
    )


def _made_up(lengths: IntArray, slopes: FloatArray, moves: IntArray) -> FloatArray:
    """The least loss of moving by each of `moves` with units that ignore their pmin; infinite beyond what they have."""
    ends = np.concatenate(([0], np.cumsum(lengths)))
    return np.interp(moves, ends, np.concatenate(([0.0], np.cumsum(lengths * slopes))), right=np.inf)


def _core_units(merit: Merit, units: IntArray) -> list[CoreUnit]:
    columns = (units, merit.away[units], merit.lower[units], merit.upper[units])
    return [
        CoreUnit(unit, DOWN, away, 0, high - low, high)
        if unit < merit.brk
        else CoreUnit(unit, UP, away, low, high - low, 0)
        for unit, away, low, high in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _side(merit: Merit, units: IntArray, free: IntArray, in_core: Flags, limit: float) -> Side:
    """The curves over `units`, which come by their distance from the break unit's cost; the pool as far as `limit` goes."""
    pool = units[free[units] > 0]
    pool = pool[: int(np.searchsorted(np.cumsum(free[pool] * merit.away[pool]), limit)) + 1]
    in_full = in_core.copy()
    in_full[pool] = True
    full = units[in_full[units]]
    core = in_core[full]
    ends = np.flatnonzero(core) + 1
    marks = list(zip((ends - np.arange(1, ends.size + 1)).tolist(), ends.tolist(), strict=True))
    lengths = np.where(core, merit.upper[full], free[full])
    return Side(Curve(free[pool], merit.away[pool]), Curve(lengths, merit.away[full]), marks, pool.tolist())
