"""The least that is still lost in making up for a deviation, once some of the core's units are decided."""

import numpy as np

from powerplant.dispatch.curve import Curve
from powerplant.dispatch.fixing import UP, Core, Side
from powerplant.dispatch.merit import FloatArray


class Completion:
    """Lower bounds on what is still to be lost, while the core's units are decided one after the other.

    Those not yet decided count as if they had no pmin. Of a side, this leaves the pool as far as it is nearer to the
    break unit's cost than the unit decided last, and from that unit's end on the full curve: all that is further away.
    """

    def __init__(self, core: Core) -> None:
        """No unit is decided."""
        self._rest = core.rest
        self._up, self._down = _Left(core.up), _Left(core.down)

    @classmethod
    def of_the_pool(cls, core: Core) -> "Completion":
        """All units are decided: what the pool loses, exactly."""
        completion = cls(core)
        completion._up.decide_all()
        completion._down.decide_all()
        return completion

    def decided(self, direction: int) -> None:
        """The next core unit of that direction is decided."""
        (self._up if direction == UP else self._down).decide()

    def window(self, loss: float) -> tuple[int, int]:
        """The first and the last deviation from which the rest can be reached for less than `loss`."""
        return self._rest - self._up.reach(loss), self._rest + self._down.reach(loss)

    def bounds(self, first: int, count: int) -> FloatArray:
        """The least loss from each of `count` deviations, from `first` on and within the window, to the rest."""
        bounds = np.empty(count)
        ups = min(max(self._rest - first + 1, 0), count)
        self._up.write(bounds[:ups][::-1], self._rest - first - ups + 1)
        self._down.write(bounds[ups:], first + ups - self._rest)
        return bounds


class _Left:
    """What is left of one side: the pool up to a piece of it, then the full curve from a piece of it on."""

    def __init__(self, side: Side) -> None:
        self._pool, self._full, self._marks = side.pool, side.full, iter(side.marks)
        self._pool_piece = self._full_piece = 0

    def decide(self) -> None:
        self._pool_piece, self._full_piece = next(self._marks)

    def decide_all(self) -> None:
        self._pool_piece, self._full_piece = len(self._pool.ends) - 1, len(self._full.ends) - 1

    def reach(self, loss: float) -> int:
        """How far one gets for less than `loss` > 0."""
        beyond = loss - self._pool.losses[self._pool_piece]
        if beyond <= 0:
            return self._pool.reach(0, loss)
        return self._pool.ends[self._pool_piece] + self._full.reach(self._full_piece, beyond)

    def write(self, out: FloatArray, start: int) -> None:
        """Write the least losses of moving by `start`, `start` + 1, ... to `out`."""
        pool_end = self._pool.ends[self._pool_piece]
        split = min(max(pool_end + 1 - start, 0), out.size)
        if split:
            _write(self._pool, 0, start, out[:split])
        if split < out.size:
            start += split - pool_end + self._full.ends[self._full_piece]
            _write(self._full, self._full_piece, start, out[split:])
            out[split:] += self._pool.losses[self._pool_piece]


def _write(curve: Curve, piece: int, start: int, out: FloatArray) -> None:
    """Write the curve's heights above the beginning of `piece`, from `start` on, to `out`."""
    shape = curve.shape(start, out.size)
    np.add(shape, curve.rise(piece, start) - shape[0], out=out)
