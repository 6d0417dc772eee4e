"""Which units still have to be searched: the core. All others are fixed, or join a pool that moves by any amount.

Merit order takes a decision for each unit: a cheap one runs, a dear one is off. To decide otherwise loses d_i times the
move, pmax down or at least pmin up, and what the others lose in making up for it, which is no less than they would lose
if they had no pmin. Where this sum reaches the loss of a plan in hand, that decision leads to nothing better, so
- a cheap unit that cannot be off runs: it may only go down to its pmin;
- a dear unit that cannot run is off.
Units with pmin 0 need no decision. They and the cheap units fixed to run are the *pool*. A move up and one down in it
cancel without raising the loss, so it need only move one way, the nearest to the break unit's cost first: its least
loss is a convex curve up, and one down.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from powerplant.dispatch.curve import Curve
from powerplant.dispatch.loss import limit
from powerplant.dispatch.merit import Flags, FloatArray, IntArray, Merit

UP: Final = 1
DOWN: Final = -1


class CoreUnit(NamedTuple):
    """A unit to search and its moves away from merit order: `least` to `least + span` in its direction, or `other`.

    A dear unit goes UP by pmin to pmax, or by 0: it is off. A cheap one goes DOWN by 0 to pmax - pmin, or by pmax.
    """

    unit: int
    direction: int
    away: float
    least: int
    span: int
    other: int


@dataclass(frozen=True)
class Side:
    """One direction: the curve of the pool, and the full one, of the pool and of the core units as if without pmin.

    units  the pool's, in the order of its pieces
    marks  for each core unit of this direction, in the order of the search: how many pieces of the pool are nearer to
           the break unit's cost, and how many of the full curve end with it
    """

    pool: Curve
    full: Curve
    units: list[int]
    marks: list[tuple[int, int]]


@dataclass(frozen=True)
class Core:
    """What is left to search: the rest to be met, the units in the order of the search, and both sides."""

    rest: int
    units: list[CoreUnit]
    up: Side
    down: Side


def undecided(merit: Merit, loss: float) -> IntArray:
    """The units for which either decision may lose less than `loss`, the nearest to the break unit's cost first."""
    brk, away, better = merit.brk, merit.away, limit(loss)
    move = merit.lower.copy()
    move[:brk] = merit.upper[:brk]
    units = np.flatnonzero((merit.lower > 0) & (away * move < better))
    cheap, dear = units[units < brk], units[units >= brk]
    up = _made_up(merit.upper[brk:], away[brk:], merit.upper[cheap] + merit.rest)
    down = _made_up(merit.upper[:brk][::-1], away[:brk][::-1], np.maximum(merit.lower[dear] - merit.rest, 0))
    units = units[away[units] * move[units] + np.concatenate((up, down)) < better]
    return units[np.lexsort((np.abs(units - brk), away[units]))]


def _made_up(lengths: IntArray, slopes: FloatArray, moves: IntArray) -> FloatArray:
    """The least loss of each of `moves` with units that may move by any amount; infinite beyond what they have."""
    ends = np.concatenate(([0], np.cumsum(lengths)))
    return np.interp(moves, ends, np.concatenate(([0.0], np.cumsum(lengths * slopes))), right=np.inf)


def core_of(merit: Merit, units: IntArray, loss: float) -> Core:
    """The core made of `units`, in this order, for plans that lose less than `loss`; the others are fixed."""
    in_core = np.zeros(merit.lower.size, dtype=np.bool)
    in_core[units] = True
    free = merit.upper - merit.lower
    free[merit.brk :][merit.lower[merit.brk :] > 0] = 0
    free[in_core] = 0
    return Core(
        rest=merit.rest,
        units=_core_units(merit, units),
        up=_side(merit, np.arange(merit.brk, free.size), free, in_core, limit(loss)),
        down=_side(merit, np.arange(merit.brk - 1, -1, -1), free, in_core, limit(loss)),
    )


def _core_units(merit: Merit, units: IntArray) -> list[CoreUnit]:
    columns = (units, merit.away[units], merit.lower[units], merit.upper[units])
    return [
        CoreUnit(unit, DOWN, away, 0, high - low, high)
        if unit < merit.brk
        else CoreUnit(unit, UP, away, low, high - low, 0)
        for unit, away, low, high in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _side(merit: Merit, units: IntArray, free: IntArray, in_core: Flags, better: float) -> Side:
    """The curves over `units`, which come by their distance from the break unit's cost; the pool's up to `better`."""
    pool = units[free[units] > 0]
    pool = pool[: int(np.searchsorted(np.cumsum(free[pool] * merit.away[pool]), better)) + 1]
    in_full = in_core.copy()
    in_full[pool] = True
    full = units[in_full[units]]
    ends = np.flatnonzero(in_core[full]) + 1
    lengths = np.where(in_core[full], merit.upper[full], free[full])
    return Side(
        pool=Curve(free[pool], merit.away[pool]),
        full=Curve(lengths, merit.away[full]),
        units=pool.tolist(),
        marks=list(zip((ends - np.arange(1, ends.size + 1)).tolist(), ends.tolist(), strict=True)),
    )
