"""Whether a load can be met at all, and the nearest loads that can: exact, whatever it costs."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from powerplant.dispatch.budget import Budget
from powerplant.dispatch.loads import Span, TooManyLoads
from powerplant.dispatch.outcome import Near
from powerplant.dispatch.runs import pattern
from powerplant.dispatch.sums import Amount, Item, Sums, items_of, outputs_of

FEW_ITEMS: Final = 32


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
    try:
        near, amounts = _examine(kinds, low, high, budget)
    except (TooManyLoads, OutOfTime):
        return None
    return Verdict(near, None if amounts is None else outputs_of(amounts, kinds))


def _examine(kinds: Sequence[Span], low: int, high: int, budget: Budget) -> tuple[Near, list[Amount] | None]:
    """From the pattern of very many items; else from all sums up to beyond `high`, or from the top down to below `low`.

    One unit more, or one less, changes what is met by its pmax at most: the nearest loads are no further away than that.
    """
    items, total, widest = items_of(kinds), sum(most for _, most in kinds), max(most for _, most in kinds)
    bottom, top = min(total, high + widest), min(total, total - low + widest)
    if len(items) > FEW_ITEMS and (known := pattern(items, low, high, budget.half())):
        if known.covers(low, high):
            near = known.near(low, high)
            return near, known.amounts(low) if near.above == low else None
        if max(known.first, high) + known.step <= known.last:
            bottom = min(bottom, max(known.first, high) + known.step)
        if min(known.last, low) - known.step >= known.first:
            top = min(top, total - min(known.last, low) + known.step)
    sums = _summed(items, Sums(bottom) if bottom <= top else Sums(top, from_top=True), budget)
    if bottom <= top:
        near, at = Near(sums.loads.below(low), sums.loads.above(high)), low
    else:
        above = sums.loads.above(total - low)
        near = Near(None if above is None else total - above, total - sums.loads.below(total - high))
        at = total - low
    return near, sums.amounts(at) if near.above == low else None


def _summed(items: Iterable[Item], sums: Sums, budget: Budget) -> Sums:
    for item in items:
        if budget.spent():
            raise OutOfTime("the budget ended before all sums were made")
        sums.add(item)
    return sums
