"""Whether a load can be met at all, and the nearest loads that can: exact, whatever it costs."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from powerplant.dispatch.budget import Budget
from powerplant.dispatch.loads import Span, TooManyLoads
from powerplant.dispatch.outcome import Near
from powerplant.dispatch.runs import pattern
from powerplant.dispatch.sums import Amount, Item, Sums, items_of, outputs_of

FEW_LOADS: Final = 1 << 22
LITTLE_WORK: Final = 1 << 30  # kinds times loads; adding a unit is a shift of bits


class Verdict(NamedTuple):
    """The nearest loads that can be met; if the one asked for is met, outputs that meet it, unless they are not known."""

    near: Near
    outputs: list[int] | None


class OutOfTime(Exception):  # noqa: N818 - an answer: it is not known
    """The budget ended before the sums were all made."""


def examine(kinds: Sequence[Span], low: int, high: int, budget: Budget) -> Verdict | None:
    """The nearest loads up to `low` and from `high` on (low <= high <= low + 1) that units (pmin, pmax) meet.

    None when that takes more than the budget. To ask for one load, give it twice.
    """
    total = sum(most for _, most in kinds)
    if low >= total:
        at_most = [most for _, most in kinds] if high == total else None
        return Verdict(Near(total, None if at_most is None else total), at_most)
    if budget.spent():
        return None
    try:
        near, amounts = _examine(Counter(kinds), total, low, high, budget)
    except (TooManyLoads, OutOfTime):
        return None
    return Verdict(near, None if amounts is None else outputs_of(amounts, kinds))


def _examine(
    kinds: Mapping[Span, int], total: int, low: int, high: int, budget: Budget
) -> tuple[Near, list[Amount] | None]:
    """By all sums, up to beyond `high` or from the top down to below `low`; if that is too much, from a pattern."""
    bottom, top = _furthest(kinds, high), _furthest_from_top(kinds, total - low)
    little = {kind: count for kind, count in kinds.items() if kind[0] <= bottom}
    if min(bottom, top) > FEW_LOADS or min(len(little) * bottom, len(kinds) * top) > LITTLE_WORK:
        known = pattern(items_of(kinds), low, high, budget.half())
        if known and known.covers(low, high):
            near = known.near(low, high)
            return near, known.amounts(low) if near.above == low else None
        if known and max(known.first, high) + known.step <= known.last:
            bottom = min(bottom, max(known.first, high) + known.step)
        if known and min(known.last, low) - known.step >= known.first:
            top = min(top, total - min(known.last, low) + known.step)
    if bottom <= top:
        sums = _summed(items_of(little), Sums(bottom), budget)
        near = Near(sums.loads.below(low), sums.loads.above(high))
        return near, sums.amounts(low) if near.above == low else None
    sums = _summed(items_of(kinds), Sums(top, from_top=True), budget)
    left = sums.loads.above(total - low)
    near = Near(None if left is None else total - left, total - sums.loads.below(total - high))
    return near, sums.amounts(total - low) if near.above == low else None


def _furthest(kinds: Iterable[Span], load: int) -> int:
    """Where the nearest load from `load` on is at most: one unit alone, or no further than one unit more reaches."""
    kinds = list(kinds)
    alone = (max(load, least) for least, most in kinds if most >= load)
    return min(alone, default=load + max(most for _, most in kinds))


def _furthest_from_top(kinds: Iterable[Span], left: int) -> int:
    """The same for what is left of all they have: one unit lowered or off, or no further than one unit less reaches."""
    kinds = list(kinds)
    alone = (left if most - least >= left else most for least, most in kinds if most >= left)
    return min(alone, default=left + max(most for _, most in kinds))


def _summed(items: Iterable[Item], sums: Sums, budget: Budget) -> Sums:
    for item in items:
        if budget.spent():
            raise OutOfTime("the budget ended before all sums were made")
        sums.add(item)
    return sums
