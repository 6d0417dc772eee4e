"""Large blocks: the core in two halves, and all that each of them can do, met in the middle.

A row of the core search has a cell for every deviation, and large units have too many of these. But k units deviate in
2^k ways at most. So each half of the core gets a list of *states*, a deviation and the least loss that leads to it, and
for each state of the one the state of the other is looked up that adds up to the rest.

A state is dropped when its loss, and the least that all units lose from there to the rest, reach the loss of the plan
in hand, and of equal deviations all but the best. So much for the proof: among the pairs that are left, the best one
is the best plan. Where a list gets too long it is thinned out as well, and no plan through a state that was dropped for
this loses less than the least such sum.

A unit with a range is taken for a block, and the pool for what makes up for a small difference: plans are found all the
same, but nothing is proven.
"""

from math import inf
from typing import Final, NamedTuple

import numpy as np

from powerplant.dispatch.budget import Budget
from powerplant.dispatch.core import Searched, pool_moves
from powerplant.dispatch.fixing import Core, CoreUnit
from powerplant.dispatch.loss import limit
from powerplant.dispatch.merit import FloatArray, IntArray

MAX_UNITS: Final = 124  # a bit of 64 each in their half
MEET_EVERY: Final = 8  # units of a half


class States(NamedTuple):
    """By rising deviation: the least loss that leads to it, and the units that have moved for it, a bit each."""

    deviation: IntArray
    loss: FloatArray
    moved: IntArray

    def take(self, which: IntArray) -> "States":
        """Some of them, in that order."""
        return States(self.deviation[which], self.loss[which], self.moved[which])


def search(core: Core, loss: float, budget: Budget, most: int, *, even: bool) -> Searched:
    """Search the plans of `core`, which has MAX_UNITS at most, that lose less than `loss`, with `most` states a half.

    even  thin out evenly over the deviations, so that plans are found; else those stay that may lose least, which
          proves more
    """
    return _Search(core, loss, budget, most, even=even).run()


class _Search:
    """A search under way."""

    def __init__(self, core: Core, loss: float, budget: Budget, most: int, *, even: bool) -> None:
        self._core, self._loss, self._limit, self._budget = core, loss, limit(loss), budget
        self._most, self._even = most, even
        self._units = core.units[::2], core.units[1::2]
        self._best: tuple[int, int] | None = None  # which units have moved in each half
        blocks = not (core.up.units or core.down.units or any(unit.span for unit in core.units))
        self._bound = inf if blocks else 0.0

    def run(self) -> Searched:
        nothing = States(np.zeros(1, dtype=np.int64), np.zeros(1), np.zeros(1, dtype=np.int64))
        halves = [nothing, nothing]
        for number in range(len(self._core.units)):
            if self._budget.spent():
                self._bound = 0.0
                break
            place, half = divmod(number, 2)
            halves[half] = self._extended(halves[half], self._units[half][place], place)
            if not halves[half].loss.size:
                break
            if place % MEET_EVERY == MEET_EVERY - 1 and half:
                self._meet(*halves)
        self._meet(*halves)
        moves = None if self._best is None else self._moves(self._best)
        return Searched(self._loss, min(self._loss, self._bound), moves)

    def _extended(self, states: States, unit: CoreUnit, place: int) -> States:
        """The states once `unit` may move as well."""
        move = _block(unit)
        grown = States(
            np.concatenate((states.deviation, states.deviation + unit.direction * move)),
            np.concatenate((states.loss, states.loss + unit.away * move)),
            np.concatenate((states.moved, states.moved | 1 << place)),
        )
        missing = self._core.rest - grown.deviation
        up, down = self._core.up.full, self._core.down.full
        least = grown.loss + np.where(missing > 0, up.heights(missing), down.heights(-missing))
        keep = np.flatnonzero(least < self._limit)
        if keep.size > self._most and not self._even:
            keep = keep[np.argpartition(least[keep], self._most)]
            self._bound = min(self._bound, float(least[keep[self._most :]].min()))
            keep = keep[: self._most]
        return grown.take(self._best_of_each(keep, grown, least))

    def _best_of_each(self, keep: IntArray, states: States, least: FloatArray) -> IntArray:
        """Of those to `keep` the best of each deviation, by rising deviation; of each stretch where they are many."""
        deviation, width = states.deviation[keep], 1
        if keep.size > self._most:
            width = int(deviation.max() - deviation.min()) // self._most + 1
        stretch = deviation // width
        order = np.lexsort((states.loss[keep], stretch))
        keep, stretch = keep[order], stretch[order]
        best = np.ones(keep.size, dtype=np.bool)
        np.not_equal(stretch[1:], stretch[:-1], out=best[1:])
        if width > 1:
            self._bound = min(self._bound, float(least[keep[~best]].min(initial=inf)))
        return keep[best]

    def _meet(self, one: States, other: States) -> None:
        """See whether a pair of states, with what the pool can do, makes a better plan."""
        if not min(one.loss.size, other.loss.size):
            return
        wanted = self._core.rest - one.deviation
        above = np.searchsorted(other.deviation, wanted)
        for found in (above, above - 1):
            there = np.clip(found, 0, other.loss.size - 1)
            missing = wanted - other.deviation[there]
            pool = np.where(missing > 0, self._core.up.pool.heights(missing), self._core.down.pool.heights(-missing))
            losses = one.loss + other.loss[there] + pool
            least = int(losses.argmin())
            if losses[least] < self._limit:
                self._loss = float(losses[least])
                self._limit = limit(self._loss)
                self._best = int(one.moved[least]), int(other.moved[there[least]])

    def _moves(self, moved: tuple[int, int]) -> list[tuple[int, int]]:
        """The plan in which these units have moved."""
        halves = zip(self._units, moved, strict=True)
        chosen = [unit for units, bits in halves for place, unit in enumerate(units) if bits >> place & 1]
        moves = [move for unit in chosen for move in unit.moves(_block(unit))]
        return moves + pool_moves(self._core, self._core.rest - sum(move for _, move in moves))


def _block(unit: CoreUnit) -> int:
    """How far it moves as a block: a dear one to its pmin, a cheap one to 0."""
    return unit.least or unit.other
