"""The loads that a great many units can meet, without summing them all up.

A few items, the *kernel*, soon meet every load of a long run first..last. An item whose least output is no longer than
the run extends it: the run, and the run moved by low..high, touch, so everything up to last + high is met. With items
taken by rising least output, all that follow are mostly of that kind.

Where the outputs of nearly all units are multiples of a step m, this holds for the multiples of m. The few odd units
add the residues (mod m) that they can make: from the run's first plus all that the odd units have, up to the run's
last, a load is met if and only if its residue is one of these.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import gcd
from typing import Final

from powerplant.dispatch.budget import Budget
from powerplant.dispatch.outcome import Near
from powerplant.dispatch.sums import Amount, Item, Sums

KERNEL_LOADS: Final = 1 << 22
MAX_ODD_UNITS: Final = 16
MAX_STEP: Final = 256
PRIMES: Final = (2, 3, 5, 7, 11, 13)


@dataclass(frozen=True)
class Run:
    """Every load from `first` to `last` is met: by `kernel`, and further up with more and more of `others`.

    `whole`: there are no more items than these.
    """

    kernel: Sums
    first: int
    others: list[Item]
    last: int
    whole: bool

    def amounts(self, load: int) -> list[Amount] | None:
        """How a load of the run is met: the item taken in last gives what is beyond the run before it, and so on."""
        amounts, last = [], self.last
        for item in reversed(self.others):
            last -= item.high
            given = min(item.high, load - self.first) if load > last else 0
            amounts.append(Amount(item, given))
            load -= given
        rest = self.kernel.amounts(load)
        return None if rest is None else amounts + rest


@dataclass(frozen=True)
class Pattern:
    """From `first` to `last`, a load is met if and only if its residue (mod `step`) is in `odd`, which tells how."""

    run: Run
    step: int
    odd: dict[int, list[Amount]]
    first: int
    last: int

    def covers(self, low: int, high: int) -> bool:
        """Whether it tells the nearest loads up to `low` and from `high` on: the residue 0 is always met."""
        return self.first + self.step <= low and high + self.step <= self.last

    def near(self, low: int, high: int) -> Near:
        """The nearest loads up to `low` and from `high` on, which it covers."""
        below = next(low - i for i in range(self.step) if (low - i) % self.step in self.odd)
        return Near(below, next(high + i for i in range(self.step) if (high + i) % self.step in self.odd))

    def amounts(self, load: int) -> list[Amount] | None:
        """How a load that is met is, in tenths again."""
        odd = self.odd[load % self.step]
        others = self.run.amounts((load - sum(amount.given for amount in odd)) // self.step)
        return None if others is None else odd + [Amount(item, given * self.step) for item, given in others]


def pattern(items: Sequence[Item], low: int, high: int, budget: Budget) -> Pattern | None:
    """The pattern of all items, or one that covers `low` and `high`; None when none is found. Raises TooManyLoads."""
    step, others, odd = _sorted_out(items)
    residues, odd_total = _residues(odd, step), sum(item.high for item in odd)
    kernel, due = Sums(KERNEL_LOADS), 1
    for count, item in enumerate(others, 1):
        if budget.spent():
            return None
        kernel.add(item)
        if count >= due:
            due = count + count // 4 + 1
            run = _extended(kernel, others[count:])
            found = run and Pattern(run, step, residues, run.first * step + odd_total, run.last * step)
            if found and (found.run.whole or found.covers(low, high)):
                return found
    return None


def _sorted_out(items: Sequence[Item]) -> tuple[int, list[Item], list[Item]]:
    """The largest step that nearly all units are multiples of; their items in steps, in kernel order; the odd ones."""
    step = 1
    for prime in PRIMES:
        while step * prime <= MAX_STEP and _few_odd(items, step * prime):
            step *= prime
    others = [i._replace(low=i.low // step, high=i.high // step) for i in items if not _is_odd(i, step)]
    return step, _kernel_order(others), [item for item in items if _is_odd(item, step)]


def _is_odd(item: Item, step: int) -> bool:
    """Whether a unit of the item can give what is no multiple of `step`."""
    low, high = item.kind
    return step > 1 and (low < high or low % step > 0)


def _few_odd(items: Iterable[Item], step: int) -> bool:
    return all(units <= MAX_ODD_UNITS for units in accumulate(i.copies for i in items if _is_odd(i, step)))


def _kernel_order(items: Iterable[Item]) -> list[Item]:
    """By rising least output, but first those without which all sums would be multiples of something."""
    first, others, divisor = list[Item](), list[Item](), 0
    for item in sorted(items):
        common = gcd(divisor, item.low) if item.low == item.high else 1
        (others if common == divisor else first).append(item)
        divisor = common
    return first + others


def _residues(odd: Iterable[Item], step: int) -> dict[int, list[Amount]]:
    """Each residue (mod `step`) that the odd items can make, and how."""
    residues: dict[int, list[Amount]] = {0: []}
    for item in odd:
        for residue, amounts in list(residues.items()):
            for given in range(item.low, min(item.high, item.low + step - 1) + 1):
                residues.setdefault((residue + given) % step, [*amounts, Amount(item, given)])
        if len(residues) == step:
            break
    return residues


def _extended(kernel: Sums, others: list[Item]) -> Run | None:
    """The lowest run of the kernel that can take in the next item, with as many of `others` as it then can."""
    run = kernel.loads.run(others[0].low if others else 1)
    if run is None:
        return None
    first, last = run
    for count, item in enumerate(others):
        if item.low > last - first + 1:
            return Run(kernel, first, others[:count], last, whole=False)
        last += item.high
    return Run(kernel, first, others, last, whole=True)
