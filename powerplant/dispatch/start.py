"""A first plan near merit order and its loss, for the exact search to start from. None of this is part of the proof."""

from math import inf
from typing import Final, NamedTuple

import numpy as np

from powerplant.dispatch.merit import IntArray, Merit, scalar_product

MAX_FILLED: Final = 2000


class Candidate(NamedTuple):
    """The best outputs so far, in merit order and in steps, and their loss; None and infinite when there are none."""

    outputs: IntArray | None
    loss: float


def first_plan(merit: Merit) -> Candidate:
    """The best of a few plain plans; 0 is not searched beyond."""
    best = Candidate(None, inf)
    for attempt in (_one_takes_the_rest, _one_at_its_least, _one_cheap_off, _those_without_pmin, _fill):
        found = attempt(merit, best.loss)
        if found is not None:
            best = found
        if best.loss == 0:
            break
    return best


def _one_takes_the_rest(merit: Merit, loss: float) -> Candidate | None:
    """The nearest dear unit that can give just the rest; the break unit, if it can."""
    lower, upper = merit.lower[merit.brk :], merit.upper[merit.brk :]
    able = (lower <= merit.rest) & (upper >= merit.rest)
    unit = merit.brk + int(able.argmax())
    lost = float(merit.away[unit]) * merit.rest
    if not able[unit - merit.brk] or lost >= loss:
        return None
    outputs = merit.outputs()
    outputs[unit] = merit.rest
    return Candidate(outputs, lost)


def _one_at_its_least(merit: Merit, loss: float) -> Candidate | None:
    """A dear unit at a pmin above the rest, while the cheap ones, the dearest of them first, give that much less."""
    lower, away = merit.lower[merit.brk :], merit.away[merit.brk :]
    spare = (merit.upper - merit.lower)[: merit.brk][::-1]
    given = np.concatenate(([0], np.cumsum(spare)))
    lost = np.concatenate(([0.0], np.cumsum(spare * merit.away[: merit.brk][::-1])))
    worth = np.flatnonzero((lower > merit.rest) & (away * lower < loss) & (lower - merit.rest <= given[-1]))
    losses = away[worth] * lower[worth] + np.interp(lower[worth] - merit.rest, given, lost)
    if losses.min(initial=inf) >= loss:
        return None
    best = int(losses.argmin())
    unit = merit.brk + int(worth[best])
    outputs = merit.outputs()
    outputs[unit] = merit.lower[unit]
    outputs[: merit.brk] -= np.diff(np.minimum(given, merit.lower[unit] - merit.rest))[::-1]
    return Candidate(outputs, float(losses[best]))


def _one_cheap_off(merit: Merit, loss: float) -> Candidate | None:
    """A cheap unit off, and the break unit in its place."""
    taken = merit.rest + merit.upper[: merit.brk]
    able = (taken >= merit.lower[merit.brk]) & (taken <= merit.upper[merit.brk])
    losses = np.where(able, merit.away[: merit.brk] * merit.upper[: merit.brk], inf)
    if losses.min(initial=inf) >= loss:
        return None
    unit = int(losses.argmin())
    outputs = merit.outputs()
    outputs[unit], outputs[merit.brk] = 0, taken[unit]
    return Candidate(outputs, float(losses[unit]))


def _those_without_pmin(merit: Merit, loss: float) -> Candidate | None:
    """The nearest dear units that have no pmin: the best that can be done if all other units stay as they are."""
    units = merit.brk + np.flatnonzero(merit.lower[merit.brk :] == 0)
    given = np.diff(np.minimum(np.cumsum(merit.upper[units]), merit.rest), prepend=0)
    lost = scalar_product(given, merit.away[units])
    if lost >= loss or int(given.sum()) < merit.rest:
        return None
    outputs = merit.outputs()
    outputs[units] = given
    return Candidate(outputs, lost)


def _fill(merit: Merit, loss: float) -> Candidate | None:
    """From the break unit on, each unit that fits into what is missing gives as much of it as it can."""
    reach = slice(merit.brk, merit.brk + MAX_FILLED)
    missing, lost, outputs = merit.rest, 0.0, merit.outputs()
    rows = zip(merit.lower[reach].tolist(), merit.upper[reach].tolist(), merit.away[reach].tolist(), strict=True)
    for unit, (low, high, away) in enumerate(rows, merit.brk):
        if low <= missing:
            outputs[unit] = given = min(missing, high)
            missing, lost = missing - given, lost + away * given
            if lost >= loss:
                return None
            if not missing:
                return Candidate(outputs, lost)
    return None
