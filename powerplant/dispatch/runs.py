"""The loads that very many units can meet, without summing them all up.

Among many items a few, the *kernel*, soon meet every load of a long run first..last. An item whose least output is no longer than
the run only extends it: the run and the run moved by low..high touch, so everything to last + high is met. Items by rising
least output, all that follow are mostly taken in like that.

Where the outputs of nearly all items are multiples of a step m, this holds for the multiples of m. The few odd items add the
residues (mod m) that they can make: between the run's first plus all the odd items give, and its last, a load is met if and
only if its residue is one of these.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import gcd
from typing import Final

from powerplant.dispatch.budget import Budget
from powerplant.dispatch.loads import TooManyLoads
from powerplant.dispatch.outcome import Near
from powerplant.dispatch.sums import Amount, Item, Sums

KERNEL_LOADS: Final = 1 << 22
MAX_ODD_UNITS: Final = 16
MAX_STEP: Final = 256
PRIMES: Final = (2, 3, 5, 7, 11, 13)


@dataclass(frozen=True)
class _Run:
    """Every load from `first` to `last` is met: by `kernel`, and further up with more and more of `others`.

    `whole`: these are all the items.
    """

    kernel: Sums
    first: int
    others: list[Item]
    last: int
    whole: bool

    def amounts(self, load: int) -> list[Amount] | None:
        """How a load of the run is met: the last item taken in gives what is beyond the run before it, and so on."""
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
    """Of the loads from `first` to `last`, those whose residue (mod `step`) is in `odd` can be met, and no others."""

    run: _Run
    step: int
    odd: dict[int, list[Amount]]  # how each residue is made
    odd_total: int

    @property
    def first(self) -> int:
        """From here on."""
        return self.run.first * self.step + self.odd_total

    @property
    def last(self) -> int:
        """To here."""
        return self.run.last * self.step

    def covers(self, low: int, high: int) -> bool:
        """Whether it knows the nearest loads up to `low` and from `high` on."""
        return self.first + self.step <= low and high + self.step <= self.last

    def near(self, low: int, high: int) -> Near:
        """These, if it covers them: one of `step` loads in a row has the residue 0, which is always made."""
        below = next(low - i for i in range(self.step) if (low - i) % self.step in self.odd)
        return Near(below, next(high + i for i in range(self.step) if (high + i) % self.step in self.odd))

    def amounts(self, load: int) -> list[Amount] | None:
        """How a load that is met is."""
        odd = self.odd[load % self.step]
        bulk = self.run.amounts((load - sum(amount.given for amount in odd)) // self.step)
        return None if bulk is None else odd + [Amount(amount.item, amount.given * self.step) for amount in bulk]


def pattern(items: Sequence[Item], low: int, high: int, budget: Budget) -> Pattern | None:
    """One of all items, or at least one that covers `low` and `high`; None when there was none to be found."""
    step, bulk, odd = _bulk(items)
    residues, odd_total = _residues(odd, step), sum(item.high for item in odd)
    kernel = Sums(KERNEL_LOADS)
    order, due = _kernel_order(bulk), 1
    for count, item in enumerate(order, 1):
        if budget.spent():
            return None
        kernel.add(item)
        if count >= due:
            due = count + count // 4 + 1
            run = _extended(kernel, order[count:])
            found = Pattern(run, step, residues, odd_total) if run else None
            if found and (found.run.whole or found.covers(low, high)):
                return found
    return None


def _bulk(items: Sequence[Item]) -> tuple[int, list[Item], list[Item]]:
    """The largest step that nearly all items are multiples of, these in steps of it, and the few others."""
    step = 1
    for prime in PRIMES:
        while step * prime <= MAX_STEP and _few_odd(items, step * prime):
            step *= prime
    bulk = [item for item in items if not _odd(item, step)]
    in_steps = [Item(item.low // step, item.high // step, item.copies, item.kind) for item in bulk]
    return step, in_steps, [item for item in items if _odd(item, step)]


def _odd(item: Item, step: int) -> bool:
    """Whether a unit of the item can give what is no multiple of `step`."""
    return step > 1 and (item.kind[0] % step > 0 or item.kind[0] < item.kind[1])


def _few_odd(items: Sequence[Item], step: int) -> bool:
    units = accumulate(item.copies for item in items if _odd(item, step))
    return all(count <= MAX_ODD_UNITS for count in units)


def _residues(odd: Iterable[Item], step: int) -> dict[int, list[Amount]]:
    """Each residue (mod `step`) that the odd items can make, and how."""
    residues: dict[int, list[Amount]] = {0: []}
    for item in odd:
        for residue, amounts in list(residues.items()):
            for given in range(item.low, min(item.high + 1, item.low + step)):
                residues.setdefault((residue + given) % step, [*amounts, Amount(item, given)])
        if len(residues) == step:
            break
    return residues


def _kernel_order(items: Iterable[Item]) -> list[Item]:
    """By rising least output, but first those without which all sums would be multiples of something."""
    first, others, divisor = [], [], 0
    for item in sorted(items):
        common = gcd(divisor, item.low) if item.low == item.high else 1
        (others if common == divisor else first).append(item)
        divisor = common
    return first + others


def _extended(kernel: Sums, others: list[Item]) -> _Run | None:
    """The lowest run of the kernel that can take in the next item, with as many of `others` as it then can."""
    run = kernel.loads.run(others[0].low if others else 1)
    if run is None:
        return None
    first, last = run
    for count, item in enumerate(others):
        if item.low > last - first + 1:
            return _Run(kernel, first, others[:count], last, whole=False)
        last += item.high
    return _Run(kernel, first, others, last, whole=True)
