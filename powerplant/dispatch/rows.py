"""One step of the core search: a row of losses, and the same row once one more unit may move.

A range of moves is its least one and then steps of 1, 2, 4, ... up to its width, each taken or not at the same loss per
step. So a row only ever meets itself shifted, and one bit per cell tells which of the two was better.
"""

from collections.abc import Iterator
from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from powerplant.dispatch.fixing import UP, CoreUnit
from powerplant.dispatch.merit import FloatArray


class Row(NamedTuple):
    """The least loss of each deviation from merit order, from `first` on; infinite where it is not reached."""

    first: int
    loss: FloatArray

    @property
    def last(self) -> int:
        """The deviation of the last cell."""
        return self.first + self.loss.size - 1


class Taken(NamedTuple):
    """For each cell from `first` on, whether it was better reached by a move of `move`; a bit each."""

    move: int
    first: int
    bits: NDArray[np.uint8]

    def at(self, deviation: int) -> bool:
        """Whether that cell was."""
        cell = deviation - self.first
        return bool(self.bits[cell >> 3] >> (7 - (cell & 7)) & 1)


class Choice(NamedTuple):
    """How the cells of a row were reached by one unit: by its other move, or by its least one and the steps taken."""

    unit: CoreUnit
    other: Taken
    steps: list[Taken]

    def move(self, deviation: int) -> int:
        """The unit's move on the best way to that deviation."""
        if self.other.at(deviation):
            return self.unit.other
        move = 0
        for step in reversed(self.steps):
            if step.at(deviation - self.unit.direction * move):
                move += step.move
        return self.unit.least + move


def extended(row: Row, unit: CoreUnit, window: tuple[int, int], most: int) -> tuple[Row, Choice] | None:
    """`row` once `unit` may move as well, by `most` at most; cut to `window`, None when nothing is left there."""
    ranged, steps = _ranged(row, unit, window, most)
    other = _moved(row, unit, unit.other) if unit.other <= most else Row(row.first, row.loss[:0])
    parts = [part for part in (ranged, other) if part.loss.size]
    first = max(window[0], min((part.first for part in parts), default=window[1] + 1))
    last = min(window[1], max((part.last for part in parts), default=window[1]))
    if first > last:
        return None
    loss = np.full(last - first + 1, inf)
    source, target = _overlap(ranged, first, last)
    loss[target] = ranged.loss[source]
    better = np.zeros(loss.size, dtype=np.bool)
    source, target = _overlap(other, first, last)
    np.less(other.loss[source], loss[target], out=better[target])
    np.minimum(other.loss[source], loss[target], out=loss[target])
    return Row(first, loss), Choice(unit, Taken(unit.other, first, np.packbits(better)), steps)


def _ranged(row: Row, unit: CoreUnit, window: tuple[int, int], most: int) -> tuple[Row, list[Taken]]:
    """`row` after each of the unit's range of moves, no further than `window` in their direction."""
    moved = _moved(row, unit, unit.least)
    width = min(unit.span, most - unit.least)
    first, last = moved.first, moved.last
    if unit.direction == UP:
        last = min(last + width, window[1])
    else:
        first = max(first - width, window[0])
    if first > last or not width:
        return (moved if first <= last else Row(first, moved.loss[:0])), []
    loss = np.full(last - first + 1, inf)
    source, target = _overlap(moved, first, last)
    loss[target] = moved.loss[source]
    return Row(first, loss), [_step(loss, first, unit, move) for move in _doubling(width) if move < loss.size]


def _step(loss: FloatArray, first: int, unit: CoreUnit, move: int) -> Taken:
    """Let each cell of `loss`, which begins at `first`, be reached from the one that is `move` before it as well."""
    source, target = slice(None, -move), slice(move, None)
    if unit.direction != UP:
        source, target = target, source
    moved = loss[source] + unit.away * move
    better = np.zeros(loss.size, dtype=np.bool)
    np.less(moved, loss[target], out=better[target])
    np.minimum(moved, loss[target], out=loss[target])
    return Taken(move, first, np.packbits(better))


def _doubling(width: int) -> Iterator[int]:
    """Steps whose selections have just the sums 0 to `width` > 0."""
    step = 1
    while step <= width:
        yield step
        width -= step
        step *= 2
    if width:
        yield width


def _moved(row: Row, unit: CoreUnit, move: int) -> Row:
    return Row(row.first + unit.direction * move, row.loss + unit.away * move) if move else row


def _overlap(row: Row, first: int, last: int) -> tuple[slice, slice]:
    """Where the cells `first` to `last` are in `row`, and where the row's are among these."""
    begin, end = max(row.first, first), min(row.last, last) + 1
    if begin >= end:
        return slice(0, 0), slice(0, 0)
    return slice(begin - row.first, end - row.first), slice(begin - first, end - first)
