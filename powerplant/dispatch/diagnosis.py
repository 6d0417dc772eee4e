"""Whether units can meet a load, and the nearest loads that they can: exact, or not known.

By summing up the units one after the other, from 0 up to a load that is surely met, or from all they have down to one;
the nearer end will do. Where that is too much, the loads of a great many units follow a pattern (`runs`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from powerplant.dispatch.budget import Budget
from powerplant.dispatch.loads import Span, TooManyLoads
from powerplant.dispatch.outcome import Near
from powerplant.dispatch.runs import pattern
from powerplant.dispatch.sums import Amount, Item, Sums, items_of, outputs_of

FEW_LOADS: Final = 1 << 22
LITTLE_WORK: Final = 1 << 30  # kinds times loads


class OutOfTime(Exception):
    """The budget was spent before all units were summed up."""


class Verdict(NamedTuple):
    """The nearest loads that can be met. If the one asked for can: outputs that meet it, or None if not known."""

    near: Near
    outputs: list[int] | None


class _Found(NamedTuple):
    near: Near
    amounts: list[Amount] | None


def examine(kinds: Sequence[Span], low: int, high: int, budget: Budget) -> Verdict | None:
    """The nearest loads up to `low` and from `high` on that units (pmin, pmax) meet; None when the budget is too small.

    `high` is `low` or `low + 1`; to ask for one load, give it twice.
    """
    total = sum(most for _, most in kinds)
    if low >= total:
        at_most = [most for _, most in kinds] if high == total else None
        return Verdict(Near(total, None if at_most is None else total), at_most)
    if budget.spent():
        return None
    try:
        found = _examine(Counter(kinds), total, low, high, budget)
    except (TooManyLoads, OutOfTime):
        return None
    return Verdict(found.near, None if found.amounts is None else outputs_of(found.amounts, kinds))


def _examine(kinds: Mapping[Span, int], total: int, low: int, high: int, budget: Budget) -> _Found:
    """From whichever end is nearer, unless a pattern tells, or brings a load that is surely met nearer."""
    bottom, top = _furthest(kinds, high), _furthest_from_top(kinds, total - low)
    little = {kind: count for kind, count in kinds.items() if kind[0] <= bottom}
    if min(bottom, top) > FEW_LOADS or min(len(little) * bottom, len(kinds) * top) > LITTLE_WORK:
        known = pattern(items_of(kinds), low, high, budget.half())
        if known and known.covers(low, high):
            near = known.near(low, high)
            return _Found(near, known.amounts(low) if near.above == low else None)
        if known and max(known.first, high) + known.step <= known.last:
            bottom = min(bottom, max(known.first, high) + known.step)
        if known and min(known.last, low) - known.step >= known.first:
            top = min(top, total - min(known.last, low) + known.step)
    if bottom <= top:
        return _from_bottom(items_of(little), bottom, low, high, budget)
    return _from_top(items_of(kinds), top, total, low, high, budget)


def _furthest(kinds: Iterable[Span], load: int) -> int:
    """From `load` on, a load is surely met up to here: by one unit alone, or by one unit more than what stays below."""
    kinds = list(kinds)
    alone = (max(load, least) for least, most in kinds if most >= load)
    return min(alone, default=load + max(most for _, most in kinds))


def _furthest_from_top(kinds: Iterable[Span], left: int) -> int:
    """The same for what is left of all they have: by one unit lowered or off, or by one more than what stays below."""
    kinds = list(kinds)
    alone = (left if most - least >= left else most for least, most in kinds if most >= left)
    return min(alone, default=left + max(most for _, most in kinds))


def _from_bottom(items: Iterable[Item], limit: int, low: int, high: int, budget: Budget) -> _Found:
    sums = _summed(items, Sums(limit), budget)
    near = Near(sums.loads.below(low), sums.loads.above(high))
    return _Found(near, sums.amounts(low) if near.above == low else None)


def _from_top(items: Iterable[Item], limit: int, total: int, low: int, high: int, budget: Budget) -> _Found:
    sums = _summed(items, Sums(limit, from_top=True), budget)
    left = sums.loads.above(total - low)
    near = Near(None if left is None else total - left, total - sums.loads.below(total - high))
    return _Found(near, sums.amounts(total - low) if near.above == low else None)


def _summed(items: Iterable[Item], sums: Sums, budget: Budget) -> Sums:
    for item in items:
        if budget.spent():
            raise OutOfTime("the budget was spent before all units were summed up")
        sums.add(item)
    return sums
