"""Whether a load can be met at all, and the nearest loads that can: exact, whatever it costs.

Few items, or few loads, are summed up outright (`sums`). Among many items a few, the kernel, soon meet every load of a long run
first..last. Another item whose pmin is no longer than the run only extends it: the run and the run moved by low..high touch, so
everything to last + high is met. When all other items are taken in like that, what is left open is short: the loads below the
run, for which the sums up to its first suffice, and those above it, which are the same question asked from the top.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import gcd
from typing import Final, NamedTuple

from powerplant.dispatch.budget import Budget
from powerplant.dispatch.loads import Span, TooManyLoads
from powerplant.dispatch.outcome import Near
from powerplant.dispatch.sums import Amount, Item, Sums, items_of, outputs_of

FEW_ITEMS: Final = 32
KERNEL_LOADS: Final = 1 << 22


class Verdict(NamedTuple):
    """The nearest loads that can be met; where one was asked for and can be, outputs that meet it, if they are known."""

    near: Near
    outputs: list[int] | None


class _OutOfTime(Exception):  # noqa: N818 - an answer: it is not known
    """The budget is spent."""


@dataclass(frozen=True)
class _Run:
    """Every load from `first` to `last` is met: by `kernel`, and with more and more of `others`.

    `whole` tells whether all items are in one of the two.
    """

    kernel: Sums
    first: int
    others: list[Item]
    last: int
    whole: bool

    def amounts(self, load: int) -> list[Amount] | None:
        """How a load of the run is met: from the last item taken in, each gives what is left to the run before it."""
        amounts, last = [], self.last
        for item in reversed(self.others):
            last -= item.high
            given = min(item.high, load - self.first) if load > last else 0
            amounts.append(Amount(item, given))
            load -= given
        rest = self.kernel.amounts(load)
        return None if rest is None else amounts + rest


def examine(kinds: Sequence[Span], low: int, high: int, budget: Budget) -> Verdict | None:
    """The nearest loads up to `low` and from `high` on (high <= low + 1) that units (pmin, pmax) meet; None: not known."""
    total = sum(most for _, most in kinds)
    if low >= total:
        top = [most for _, most in kinds] if high == total else None
        return Verdict(Near(total, total if high == total else None), top)
    try:
        near, amounts = _examine(kinds, low, high, budget)
    except (TooManyLoads, _OutOfTime):
        return None
    return Verdict(near, None if amounts is None else outputs_of(amounts, kinds))


def _examine(kinds: Sequence[Span], low: int, high: int, budget: Budget) -> tuple[Near, list[Amount] | None]:
    items, total, widest = items_of(kinds), sum(most for _, most in kinds), max(most for _, most in kinds)
    run = _run(items, low, high, budget.half()) if len(items) > FEW_ITEMS else None
    if run is not None and run.first <= low and high <= run.last:
        return Near(low, high), run.amounts(low)
    # one unit more, or one less, changes a load by `widest` at most: the nearest loads are no further away
    bottom = run.first if run is not None and high <= run.first else min(total, high + widest)
    top = total - run.last if run is not None and run.whole and run.last <= low else min(total, total - low + widest)
    if bottom <= top:
        sums = _sums(items, Sums(bottom), budget)
        near = Near(sums.loads.below(low), sums.loads.above(high))
        return near, sums.amounts(low) if near.above == low else None
    sums = _sums(items, Sums(top, from_top=True), budget)
    above = sums.loads.above(total - low)
    near = Near(None if above is None else total - above, total - sums.loads.below(total - high))
    return near, sums.amounts(total - low) if near.above == low else None


def _sums(items: Iterable[Item], sums: Sums, budget: Budget) -> Sums:
    for item in items:
        if budget.spent():
            raise _OutOfTime
        sums.add(item)
    return sums


def _run(items: list[Item], low: int, high: int, budget: Budget) -> _Run | None:
    """A run that takes in all other items, or at least the loads asked for; None when none was found."""
    order = _kernel_order(items)
    kernel, due = Sums(KERNEL_LOADS), 1
    for count, item in enumerate(order, 1):
        if budget.spent():
            return None
        kernel.add(item)
        if count >= due:
            due = count + count // 4 + 1
            run = _extended(kernel, order[count:])
            if run is not None and (run.whole or (run.first <= low and high <= run.last)):
                return run
    return None


def _kernel_order(items: Iterable[Item]) -> list[Item]:
    """By rising pmin, but first those without which all sums would be multiples of something."""
    first, others, divisor = [], [], 0
    for item in sorted(items):
        lower = gcd(divisor, item.low) if item.low == item.high else 1
        (others if lower == divisor else first).append(item)
        divisor = lower
    return first + others


def _extended(kernel: Sums, others: list[Item]) -> _Run | None:
    """The first run of the kernel that can take in the next item, with as many of `others` as it then can."""
    run = kernel.loads.run(others[0].low if others else 1)
    if run is None:
        return None
    first, last = run
    for count, item in enumerate(others):
        if item.low > last - first + 1:
            return _Run(kernel, first, others[:count], last, whole=False)
        last += item.high
    return _Run(kernel, first, others, last, whole=True)
