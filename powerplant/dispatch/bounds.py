"""The least that the units not yet decided can lose in making up for a deviation."""

import numpy as np

from powerplant.dispatch.curve import Curve
from powerplant.dispatch.fixing import UP, Core, Side
from powerplant.dispatch.merit import FloatArray


class Completion:
    """Lower bounds on what is still to be lost, while the core's units are decided one after the other.

    Those not yet decided count as if their pmin were 0. What is then left of a side is the pool as far as it comes before the
    last unit decided, and the full curve from that unit's end on: all that is dearer.
    """

    def __init__(self, core: Core) -> None:
        """Nothing decided yet."""
        self._rest = core.rest
        self._up, self._down = _Left(core.up), _Left(core.down)

    @classmethod
    def of_the_pool(cls, core: Core) -> "Completion":
        """What the pool alone can make up for: every core unit decided."""
        completion = cls(core)
        completion._up.decide_all()
        completion._down.decide_all()
        return completion

    def decided(self, direction: int) -> None:
        """The next core unit of that direction is decided."""
        (self._up if direction == UP else self._down).decided()

    def window(self, loss: float) -> tuple[int, int]:
        """The first and the last deviation from which the rest can be reached for less than `loss`."""
        return self._rest - self._up.reach(loss), self._rest + self._down.reach(loss)

    def bounds(self, first: int, count: int) -> FloatArray:
        """The least loss from each of `count` deviations, from `first` on, to the rest; all within the window."""
        bounds = np.empty(count)
        ups = min(max(self._rest - first + 1, 0), count)
        self._up.fill(bounds[:ups][::-1], self._rest - first - ups + 1)
        self._down.fill(bounds[ups:], first + ups - self._rest)
        return bounds


class _Left:
    """What is left of one side."""

    def __init__(self, side: Side) -> None:
        self._pool, self._full, self._marks = side.pool, side.full, iter(side.marks)
        self._pool_piece = self._full_piece = 0

    def decided(self) -> None:
        self._pool_piece, self._full_piece = next(self._marks)

    def decide_all(self) -> None:
        self._pool_piece, self._full_piece = len(self._pool.ends) - 1, len(self._full.ends) - 1

    def reach(self, loss: float) -> int:
        beyond = loss - self._pool.losses[self._pool_piece]
        if beyond <= 0:
            return self._pool.reach(0, loss)
        return self._pool.ends[self._pool_piece] + self._full.reach(self._full_piece, beyond)

    def fill(self, out: FloatArray, start: int) -> None:
        """Write the least loss of moving by `start`, `start` + 1, ... into `out`."""
        pool_end = self._pool.ends[self._pool_piece]
        split = min(max(pool_end + 1 - start, 0), out.size)
        if split:
            _copy(self._pool, 0, start, out[:split])
        if split < out.size:
            full_from = self._full.ends[self._full_piece]
            _copy(self._full, self._full_piece, full_from + start + split - pool_end, out[split:])
            out[split:] += self._pool.losses[self._pool_piece]


def _copy(curve: Curve, piece: int, start: int, out: FloatArray) -> None:
    shape = curve.shape(start, out.size)
    np.add(shape, curve.rise(piece, start) - shape[0], out=out)
