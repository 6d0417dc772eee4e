"""The core search: a dynamic programme on the loss, over the deviation from merit order.

The units of the core come one by one, each with all of its moves. A row holds, for each deviation e, the least loss
with which the units treated so far reach it. The goal is r, the rest of the break unit; at any time the pool may make
up for r - e at its least loss, and units not treated stay as merit order has them. So every plan worth a look is met.

A cell is dropped only when its loss, and the least that the units still to come and the pool lose from there to r
(`bounds`), reach the loss of the plan in hand. When no cell is left, that plan is optimal; without one, there is none.
So it is when all units are treated and cells are left: what the pool makes of each of them has been compared.
When the search is stopped before, each better plan passes through a cell that is left: none loses less than the least
sum of a cell and its bound.
"""

from math import inf
from typing import Final, NamedTuple

import numpy as np

from powerplant.dispatch.bounds import Completion
from powerplant.dispatch.budget import MAX_CELLS, MAX_CHOICE_BYTES, Budget
from powerplant.dispatch.fixing import DOWN, UP, Core, CoreUnit
from powerplant.dispatch.ledger import Ledger
from powerplant.dispatch.loss import limit
from powerplant.dispatch.merit import FloatArray
from powerplant.dispatch.rows import Row, extended

TRIM_EVERY: Final = 6  # units; to bound a row takes as long as to extend it


class Searched(NamedTuple):
    """The least loss known now, a lower bound on that of every plan, and the plan if it is better than the one given.

    A plan is told as moves (unit, steps up or down) away from merit order. Loss and bound infinite: there is no plan.
    """

    loss: float
    bound: float
    moves: list[tuple[int, int]] | None


def search(core: Core, loss: float, budget: Budget, width: int | None = None) -> Searched:
    """Search the plans of `core` that lose less than `loss`.

    core    the units that may leave merit order, and the pool (see `fixing`); steps as in `merit`
    loss    of the plan in hand, in tenths of EUR; infinite: there is none
    budget  asked before each unit; rows and choices are bounded too, and then a lower bound is all that is proven
    width   only deviations within it of the rest are looked at, and nothing is proven; None: all of them
    returns what is known now: `bound` == `loss` proves that no plan of `core` loses less
    """
    return _Search(core, loss, budget, width).run()


class _Search:
    """A search under way."""

    def __init__(self, core: Core, loss: float, budget: Budget, width: int | None) -> None:
        self._core, self._loss, self._limit, self._budget = core, loss, limit(loss), budget
        self._narrow = None if width is None else (core.rest - width, core.rest + width)
        self._completion, self._pool = Completion(core), Completion.of_the_pool(core)
        self._met_by_pool = self._pool.window(inf)
        self._row = Row(0, np.zeros(1))
        self._least: FloatArray = np.zeros(1)  # the sums of loss and bound, when cells were last dropped
        self._ledger = Ledger()
        self._best: tuple[int, int] | None = None  # after so many choices, the deviation
        self._bound = inf  # where a unit was left out

    def run(self) -> Searched:
        self._compare(self._row)
        for unit in self._core.units:
            if self._limit <= 0:
                break
            if self._budget.spent() or self._ledger.size_bytes > MAX_CHOICE_BYTES:
                self._bound = min(self._bound, float(self._least.min()))
                break
            if not self._treat(unit):
                break
        moves = None if self._best is None else self._moves(*self._best)
        return Searched(self._loss, min(self._loss, self._bound), moves)

    def _treat(self, unit: CoreUnit) -> bool:
        """Let `unit` move, unless it cannot or the row would be too large; False when no cell is left."""
        longest = self._longest(unit)
        if longest and self._too_large(longest):
            self._bound = min(self._bound, float(self._least.min()))
            longest = 0
        self._completion.decided(unit.direction)
        if not longest:
            self._ledger.note(None)
            return True
        found = extended(self._row, unit, self._window(), longest)
        if found is None:
            return False
        row, choice = found
        self._ledger.note(choice)
        self._compare(row)
        self._row = row
        return len(self._ledger.choices) % TRIM_EVERY > 0 or self._trim()

    def _longest(self, unit: CoreUnit) -> int:
        """The longest move of `unit` that can be part of a better plan."""
        if unit.away * unit.furthest < self._limit:
            return unit.furthest
        most = int(self._limit / unit.away)
        return min(unit.least + unit.span, most) if unit.least <= most else 0

    def _too_large(self, move: int) -> bool:
        """Whether the row would be, with a move that long."""
        first, last = self._window()
        return min(self._row.loss.size + move, last - first + 1) > MAX_CELLS

    def _window(self) -> tuple[int, int]:
        """The deviations that can be part of a better plan."""
        first, last = self._completion.window(self._limit)
        return (first, last) if self._narrow is None else (max(first, self._narrow[0]), min(last, self._narrow[1]))

    def _compare(self, row: Row) -> None:
        """See whether one of the cells makes a better plan, with what the pool can do."""
        first, last = max(self._met_by_pool[0], row.first), min(self._met_by_pool[1], row.last)
        if first > last:
            return
        losses = row.loss[first - row.first : last - row.first + 1] + self._pool.bounds(first, last - first + 1)
        cell = int(losses.argmin())
        if losses[cell] < self._limit:
            self._loss = float(losses[cell])
            self._limit = limit(self._loss)
            self._best = len(self._ledger.choices), first + cell

    def _trim(self) -> bool:
        """Drop the cells at both ends that lead to no better plan; False when none is left."""
        row = self._row
        least = row.loss + self._completion.bounds(row.first, row.loss.size)
        alive = least < self._limit
        first, end = int(alive.argmax()), alive.size - int(alive[::-1].argmax())
        self._row, self._least = Row(row.first + first, row.loss[first:end]), least[first:end]
        return bool(alive[first])

    def _moves(self, choices: int, deviation: int) -> list[tuple[int, int]]:
        """The plan that ends at `deviation` after so many choices, traced back."""
        moves = pool_moves(self._core, self._core.rest - deviation)
        for choice in reversed(self._ledger.choices[:choices]):
            if choice is not None:
                move = choice.move(deviation)
                moves.extend(choice.unit.moves(move))
                deviation -= choice.unit.direction * move
        return moves


def pool_moves(core: Core, missing: int) -> list[tuple[int, int]]:
    """The pool's cheapest way to move by `missing`."""
    side, direction = (core.up, UP) if missing > 0 else (core.down, DOWN)
    moves = np.diff(np.minimum(np.array(side.pool.ends), abs(missing))).tolist()
    return [(unit, direction * move) for unit, move in zip(side.units, moves, strict=True) if move]
