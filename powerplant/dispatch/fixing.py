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

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Final, NamedTuple

import numpy as np

from powerplant.dispatch.curve import Curve
from powerplant.dispatch.loss import limit
from powerplant.dispatch.merit import FloatArray, IntArray, Merit

UP: Final = 1
DOWN: Final = -1


class CoreUnit(NamedTuple):
    """A unit to search and its moves away from merit order: `least` to `least + span` in its direction, or `other`.

    A dear unit goes UP by pmin to pmax, or by 0: it is off. A cheap one goes DOWN by 0 to pmax - pmin, or by pmax. Of n
    equal units, 1, 2, 4, ... are one unit each, which runs or is off as a whole: any number of them is a sum of these.
    """

    units: Sequence[int]
    direction: int
    away: float
    least: int
    span: int
    other: int

    @property
    def furthest(self) -> int:
        """Its longest move."""
        return max(self.least + self.span, self.other)

    def moves(self, move: int) -> Iterator[tuple[int, int]]:
        """What each of its units does when it moves by `move`."""
        count = len(self.units)
        least, span = (self.other, 0) if move == self.other else (self.least, self.span)
        rest = move - least
        for unit in self.units:
            more = min(rest, span // count)
            rest -= more
            yield unit, self.direction * (least // count + more)


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
    units: Sequence[CoreUnit]
    up: Side
    down: Side


def undecided(merit: Merit, loss: float) -> IntArray:
    """The units for which either decision may lose less than `loss`, the nearest to the break unit first."""
    brk, away, better = merit.brk, merit.away, limit(loss)
    move = merit.lower.copy()
    move[:brk] = merit.upper[:brk]
    units = np.flatnonzero((merit.lower > 0) & (away * move < better))
    cheap, dear = units[units < brk], units[units >= brk]
    up = _made_up(merit.upper[brk:], away[brk:], merit.upper[cheap] + merit.rest)
    down = _made_up(merit.upper[:brk][::-1], away[:brk][::-1], np.maximum(merit.lower[dear] - merit.rest, 0))
    units = units[away[units] * move[units] + np.concatenate((up, down)) < better]
    return units[np.argsort(np.abs(units - brk), kind="stable")]


def _made_up(lengths: IntArray, slopes: FloatArray, moves: IntArray) -> FloatArray:
    """The least loss of each of `moves` with units that may move by any amount; infinite beyond what they have."""
    ends = np.concatenate(([0], np.cumsum(lengths)))
    return np.interp(moves, ends, np.concatenate(([0.0], np.cumsum(lengths * slopes))), right=np.inf)


def core_units(merit: Merit, units: IntArray) -> list[CoreUnit]:
    """The core units of `units`, equal ones taken together, in the order of the search: the nearest in cost first."""
    near = np.abs(units - merit.brk)
    units = units[np.lexsort((near, merit.upper[units], merit.lower[units], units < merit.brk, merit.away[units]))]
    direction = np.where(units < merit.brk, DOWN, UP)
    away, lower, upper = merit.away[units], merit.lower[units], merit.upper[units]
    differs = np.any([column[1:] != column[:-1] for column in (direction, away, lower, upper)], axis=0)
    first, count = _doubled([0, *(np.flatnonzero(differs) + 1).tolist(), units.size])
    order = np.lexsort((np.abs(units[first] - merit.brk), away[first]))
    first, count = first[order], count[order]
    members = units.tolist()
    columns = (
        direction[first],
        away[first],
        np.where(direction[first] == UP, count * lower[first], 0),
        count * (upper - lower)[first],
        np.where(direction[first] == UP, 0, count * upper[first]),
    )
    own = [members[at : at + size] for at, size in zip(first.tolist(), count.tolist(), strict=True)]
    return list(map(CoreUnit._make, zip(own, *(column.tolist() for column in columns), strict=True)))


def _doubled(ends: list[int]) -> tuple[IntArray, IntArray]:
    """The stretches between `ends`, each cut into pieces of 1, 2, 4, ...: where the pieces begin, and their sizes."""
    pieces = []
    for start, end in pairwise(ends):
        at, size = start, 1
        while at < end:
            pieces.append((at, min(size, end - at)))
            at, size = at + size, 2 * size
    table = np.array(pieces, dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def core_of(merit: Merit, core: Sequence[CoreUnit], loss: float) -> Core:
    """The core of these units in this order, for plans that lose less than `loss`; others are fixed, or in the pool."""
    free = merit.upper - merit.lower
    free[merit.brk :][merit.lower[merit.brk :] > 0] = 0
    free[list(chain.from_iterable(unit.units for unit in core))] = 0
    dear, cheap = np.arange(merit.brk, free.size), np.arange(merit.brk - 1, -1, -1)
    return Core(
        rest=merit.rest,
        units=core,
        up=_side(merit, dear[free[dear] > 0], free, [unit for unit in core if unit.direction == UP], limit(loss)),
        down=_side(merit, cheap[free[cheap] > 0], free, [unit for unit in core if unit.direction == DOWN], limit(loss)),
    )


def _side(merit: Merit, pool: IntArray, free: IntArray, core: list[CoreUnit], better: float) -> Side:
    """The curves of one direction; pool and core come by their distance from the break unit's cost.

    Of the pool, as much as can lose less than `better`.
    """
    pool = pool[: int(np.searchsorted(np.cumsum(free[pool] * merit.away[pool]), better)) + 1]
    away = np.concatenate((merit.away[pool], [unit.away for unit in core]))
    lengths = np.concatenate((free[pool], np.array([unit.furthest for unit in core], dtype=np.int64)))
    order = np.argsort(away, kind="stable")
    ends = np.flatnonzero(order >= pool.size) + 1
    return Side(
        pool=Curve(free[pool], merit.away[pool]),
        full=Curve(lengths[order], away[order]),
        units=pool.tolist(),
        marks=list(zip((ends - np.arange(1, ends.size + 1)).tolist(), ends.tolist(), strict=True)),
    )
