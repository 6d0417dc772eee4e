"""A first plan near merit order, and its loss: what the exact search starts from. None of this is part of the proof."""

from math import inf
from typing import Final, NamedTuple

import numpy as np

from powerplant.dispatch.merit import IntArray, Merit

MAX_FILLED: Final = 2000


class Start(NamedTuple):
    """The best outputs met, in merit order and in steps (None: none met), and their loss."""

    outputs: IntArray | None
    loss: float


def first_plan(merit: Merit) -> Start:
    """The best plan of four kinds: the rest from one dear unit, the same against less from the cheap ones, a cheap unit off
    so that the break unit reaches its pmin, and the dear units filled one after the other, those that do not fit left out.
    """
    best = Start(None, inf)
    for attempt in (_one_takes_the_rest, _one_at_its_least, _one_cheap_off, _fill):
        found = attempt(merit, best.loss)
        if found is not None:
            best = found
        if best.loss == 0:
            break
    return best


def _one_takes_the_rest(merit: Merit, loss: float) -> Start | None:
    """The nearest dear unit that can give just the rest."""
    lower, upper = merit.lower[merit.brk :], merit.upper[merit.brk :]
    able = (lower <= merit.rest) & (upper >= merit.rest)
    unit = merit.brk + int(able.argmax())
    if not able[unit - merit.brk] or merit.away[unit] * merit.rest >= loss:
        return None
    outputs = merit.outputs()
    outputs[unit] = merit.rest
    return Start(outputs, float(merit.away[unit] * merit.rest))


def _one_at_its_least(merit: Merit, loss: float) -> Start | None:
    """A dear unit at a pmin above the rest; the cheap units give that much less, the dearest of them first."""
    lower, away = merit.lower[merit.brk :], merit.away[merit.brk :]
    ranges = (merit.upper - merit.lower)[merit.brk - 1 :: -1] if merit.brk else merit.upper[:0]
    given = np.concatenate(([0], np.cumsum(ranges)))
    lost = np.concatenate(([0.0], np.cumsum(ranges * merit.away[: merit.brk][::-1])))
    worth = np.flatnonzero((lower > merit.rest) & (away * lower < loss) & (lower - merit.rest <= given[-1]))
    if not worth.size:
        return None
    losses = away[worth] * lower[worth] + np.interp(lower[worth] - merit.rest, given, lost)
    best = int(losses.argmin())
    if losses[best] >= loss:
        return None
    unit = merit.brk + int(worth[best])
    outputs = merit.outputs()
    outputs[unit] = merit.lower[unit]
    outputs[: merit.brk] -= np.diff(np.minimum(given, merit.lower[unit] - merit.rest))[::-1]
    return Start(outputs, float(losses[best]))


def _one_cheap_off(merit: Merit, loss: float) -> Start | None:
    """A cheap unit off, and the break unit in its place."""
    taken = merit.rest + merit.upper[: merit.brk]
    able = (taken >= merit.lower[merit.brk]) & (taken <= merit.upper[merit.brk])
    losses = np.where(able, merit.away[: merit.brk] * merit.upper[: merit.brk], inf)
    if not losses.size or losses.min() >= loss:
        return None
    unit = int(losses.argmin())
    outputs = merit.outputs()
    outputs[unit], outputs[merit.brk] = 0, taken[unit]
    return Start(outputs, float(losses[unit]))


def _fill(merit: Merit, loss: float) -> Start | None:
    """From the break unit on, each that fits into what is still missing, with as much as it can take of that."""
    reach = slice(merit.brk, merit.brk + MAX_FILLED)
    rest, lost, outputs = merit.rest, 0.0, merit.outputs()
    rows = zip(merit.lower[reach].tolist(), merit.upper[reach].tolist(), merit.away[reach].tolist(), strict=True)
    for unit, (low, high, away) in enumerate(rows, merit.brk):
        if low <= rest:
            given = min(rest, high)
            rest, lost, outputs[unit] = rest - given, lost + away * given, given
            if lost >= loss:
                return None
            if not rest:
                return Start(outputs, lost)
    return None
