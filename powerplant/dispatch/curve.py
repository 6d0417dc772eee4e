"""Convex curves: the least loss of moving by so many steps with units that may move by any amount."""

from bisect import bisect_left, bisect_right
from math import inf
from typing import Final

import numpy as np

from powerplant.dispatch.merit import FloatArray, IntArray

SPARE_CELLS: Final = 4096


class Curve:
    """0 at 0, then a straight piece per unit, the cheapest first; `ends` are the corners, `losses` their heights."""

    def __init__(self, lengths: IntArray, slopes: FloatArray) -> None:
        """`lengths` > 0 in steps; `slopes` >= 0, rising."""
        self._corners = np.concatenate(([0], np.cumsum(lengths)))
        self._slopes, self._rises = slopes, lengths * slopes
        self.ends: list[int] = self._corners.tolist()
        self.losses: list[float] = [0.0, *np.cumsum(self._rises).tolist()]
        self._laid_from, self._laid = 0, np.zeros(1)

    def reach(self, piece: int, loss: float) -> int:
        """How far one gets from the beginning of `piece` for less than `loss` > 0, or two steps more, up to the end."""
        most = self.losses[piece] + loss
        end = bisect_left(self.losses, most)
        if end == len(self.losses) or loss == inf:
            return self.ends[-1] - self.ends[piece]
        crossing = self.ends[end - 1] + int((most - self.losses[end - 1]) / self._slopes[end - 1]) + 1
        return min(crossing, self.ends[end]) - self.ends[piece]

    def rise(self, piece: int, until: int) -> float:
        """The loss from the beginning of `piece` to `until`, summed over that stretch alone to keep its precision."""
        last = bisect_right(self.ends, until) - 1
        whole = float(self._rises[piece:last].sum())
        return whole + (until - self.ends[last]) * float(self._slopes[last]) if until > self.ends[last] else whole

    def heights(self, distances: IntArray) -> FloatArray:
        """The least loss of moving by each of `distances`, in no order; infinite beyond the end, 0 where negative."""
        return np.interp(distances, self._corners, self.losses, right=inf)

    def shape(self, start: int, count: int) -> FloatArray:
        """The heights at `start`, `start` + 1, ... but for a constant; a view that holds until the next call."""
        begin = start - self._laid_from
        if begin < 0 or begin + count > self._laid.size:
            self._lay(start, count + max(count // 4, SPARE_CELLS))
            begin = 0
        return self._laid[begin : begin + count]

    def _lay(self, start: int, cells: int) -> None:
        """Lay out the curve from `start`, further than was asked for: the next question is about a place near by."""
        cells = min(cells, self.ends[-1] - start + 1)
        piece = bisect_right(self.ends, start)
        until = bisect_left(self.ends, start + cells - 1) + 1
        corners = np.concatenate(([start], self._corners[piece:until])) - start
        rises = np.repeat(self._slopes[piece - 1 : until - 1], np.diff(np.minimum(corners, cells - 1)))
        self._laid_from, self._laid = start, np.zeros(cells)
        np.cumsum(rises, out=self._laid[1:])
