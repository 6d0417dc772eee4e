"""The core search: a dynamic programme on the loss over the deviation from merit order.

The units of the core come one by one, each with all its moves. A row holds, for each deviation e, the least loss with which
those treated so far reach it; the goal is r, the rest of the break plant, and at any time the pool may make up for r - e at its
least loss. So every plan worth a look is met. A cell is dropped only when its loss and the least that the units still to come
need from there (`bounds`) reach the loss of the plan in hand. When no cell is left, that plan is therefore optimal, and without
one there is none. If the search is stopped before, every better plan passes through a cell that is left, so none loses less
than the least sum of a cell and its bound.
"""

from collections import Counter
from math import inf
from typing import NamedTuple

import numpy as np

from powerplant.dispatch.bounds import Completion
from powerplant.dispatch.budget import MAX_CELLS, MAX_CHOICE_BYTES, Budget
from powerplant.dispatch.fixing import DOWN, UP, Core, CoreUnit
from powerplant.dispatch.loss import limit
from powerplant.dispatch.merit import FloatArray
from powerplant.dispatch.rows import Choice, Row, extended


TRIM_EVERY = 6

class Searched(NamedTuple):
    """A better plan than the one given, as moves (unit, steps up or down) away from merit order, None when none was met.

    No plan loses less than `bound`; where that is `loss`, this or the plan given is optimal (infinite: there is no plan).
    """

    loss: float
    bound: float
    moves: list[tuple[int, int]] | None


def search(core: Core, loss: float, budget: Budget, width: int | None = None) -> Searched:
    """Search all plans of `core` that lose less than `loss`, within `budget`; with `width`, only so far around the rest."""
    return _Search(core, loss, budget, width).run()


class _Search:
    """The search under way: the row, how its cells came about, and the best plan met."""

    def __init__(self, core: Core, loss: float, budget: Budget, width: int | None) -> None:
        self._core, self._loss, self._limit, self._budget = core, loss, limit(loss), budget
        self._narrow = None if width is None else (core.rest - width, core.rest + width)
        self._completion, self._pool = Completion(core), Completion.of_the_pool(core)
        self._met = self._pool.window(inf)  # the deviations that the pool can make up for
        self._row = Row(0, np.zeros(1))
        self._least: FloatArray = np.zeros(1)  # for each cell of the row, its loss and its bound
        self._choices: list[Choice | None] = []
        self._choice_bytes = 0
        self._best: tuple[int, int] | None = None  # how many choices, and the deviation they end at
        self._repeated = {kind for kind, count in Counter(unit[1:] for unit in core.units).items() if count > 1}
        self._useless: set[tuple[float, ...]] = set()

    def run(self) -> Searched:
        self._compare(self._row)
        for unit in self._core.units:
            if self._limit <= 0:
                break
            if self._budget.spent() or self._too_large(unit):
                return self._searched(min(self._loss, float(self._least.min())))
            if not self._treat(unit):
                break
        return self._searched(self._loss)

    def _too_large(self, unit: CoreUnit) -> bool:
        if self._choice_bytes > MAX_CHOICE_BYTES:
            return True
        if self._row.loss.size + unit.least + unit.span + unit.other <= MAX_CELLS:
            return False
        first, last = self._completion.window(self._limit)
        return last - first >= MAX_CELLS

    def _treat(self, unit: CoreUnit) -> bool:
        """Let `unit` move; False when no cell is left. One like another whose moves improved no cell is passed over."""
        self._completion.decided(unit.direction)
        kind, most = unit[1:], self._most(unit)
        if kind in self._useless or most < unit.least:
            self._choices.append(None)
            return True
        found = extended(self._row, unit, self._window(), most)
        if found is None:
            return False
        row, choice = found
        if kind in self._repeated and row.first == self._row.first and np.array_equal(row.loss, self._row.loss):
            self._useless.add(kind)
        else:
            self._useless.clear()
        self._choices.append(choice)
        self._choice_bytes += choice.size_bytes
        self._compare(row)
        if len(self._choices) % TRIM_EVERY:
            self._row = row
            return True
        return self._trim(row)

    def _most(self, unit: CoreUnit) -> int:
        """The longest move of `unit` that can be part of a better plan."""
        longest = unit.other if unit.direction == DOWN else unit.least + unit.span
        return longest if unit.away * longest < self._limit else int(self._limit / unit.away)

    def _window(self) -> tuple[int, int]:
        first, last = self._completion.window(self._limit)
        return (first, last) if self._narrow is None else (max(first, self._narrow[0]), min(last, self._narrow[1]))

    def _compare(self, row: Row) -> None:
        """See whether the pool can make a better plan of one of the cells."""
        first, last = max(self._met[0], row.first), min(self._met[1], row.last)
        if first > last:
            return
        losses = row.loss[first - row.first : last - row.first + 1] + self._pool.bounds(first, last - first + 1)
        cell = int(losses.argmin())
        if losses[cell] < self._limit:
            self._loss = float(losses[cell])
            self._limit = limit(self._loss)
            self._best = len(self._choices), first + cell

    def _trim(self, row: Row) -> bool:
        """Cut off the cells at both ends that lead to no better plan; False when none is left."""
        least = row.loss + self._completion.bounds(row.first, row.loss.size)
        alive = least < self._limit
        first, last = int(alive.argmax()), alive.size - int(alive[::-1].argmax())
        self._row, self._least = Row(row.first + first, row.loss[first:last]), least[first:last]
        return bool(alive[first])

    def _searched(self, bound: float) -> Searched:
        return Searched(self._loss, bound, None if self._best is None else self._moves(*self._best))

    def _moves(self, choices: int, deviation: int) -> list[tuple[int, int]]:
        moves = self._pool_moves(self._core.rest - deviation)
        for choice in reversed(self._choices[:choices]):
            if choice is not None:
                move = choice.unit.direction * choice.move(deviation)
                moves.append((choice.unit.index, move))
                deviation -= move
        return moves

    def _pool_moves(self, missing: int) -> list[tuple[int, int]]:
        """The cheapest way for the pool to move by `missing`."""
        side, direction = (self._core.up, UP) if missing > 0 else (self._core.down, DOWN)
        ends = np.minimum(np.array(side.pool.ends), abs(missing))
        return [(unit, direction * int(move)) for unit, move in zip(side.units, np.diff(ends), strict=True) if move]
