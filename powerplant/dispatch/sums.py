"""Which loads units can meet together, and how.

Units of one kind, that is of equal pmin and pmax, are taken together: n of them are split into items of 1, 2, 4, ...
copies that run together or not at all. Every number of running units is the sum of some items, and k units that run
give k * pmin to k * pmax; so the items meet just the loads that the units meet.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from powerplant.dispatch.loads import Bits, Span, Spans

MAX_HISTORY_BYTES: Final = 32 << 20


class Item(NamedTuple):
    """`copies` units of the kind (pmin, pmax), which together give nothing or `low` to `high`."""

    low: int
    high: int
    copies: int
    kind: Span


class Amount(NamedTuple):
    """What an item gives."""

    item: Item
    given: int


def items_of(kinds: Mapping[Span, int]) -> list[Item]:
    """The items of so many units of each kind, the widest ranges first: these make sets of few spans."""
    items = [Item(low, high, 1, (low, high)) for low, high in kinds]
    for (low, high), count in kinds.items():
        copies, left = 2, count - 1
        while left:
            copies = min(copies, left)
            items.append(Item(copies * low, copies * high, copies, (low, high)))
            left, copies = left - copies, 2 * copies
    return sorted(items, key=lambda item: (item.low - item.high, item.low))


class Sums:
    """The loads that items, added one after the other, can meet up to a limit, and by which amounts.

    With `from_top`, it is about what the items leave of all they have: 0 means that each gives its most.
    """

    def __init__(self, limit: int, *, from_top: bool = False) -> None:
        """No item yet: only 0 is met."""
        self.loads: Spans | Bits = Spans(limit)
        self._from_top = from_top
        self._history: list[tuple[Item, Spans | Bits]] | None = []
        self._history_bytes = 0

    def add(self, item: Item) -> None:
        """One more item. Raises TooManyLoads."""
        self._history_bytes += self.loads.size_bytes
        if self._history_bytes > MAX_HISTORY_BYTES:
            self._history = None
        if self._history is not None:
            self._history.append((item, self.loads))
        self.loads = self.loads.plus(self._choices(item))

    def _choices(self, item: Item) -> tuple[Span, Span]:
        if self._from_top:
            return (0, item.high - item.low), (item.high, item.high)
        return (0, 0), (item.low, item.high)

    def amounts(self, load: int) -> list[Amount] | None:
        """What each item gives so that `load`, a member, is met; None when that was too much to remember."""
        if self._history is None:
            return None
        amounts = []
        for item, loads in reversed(self._history):
            part = _part(loads, load, self._choices(item))
            amounts.append(Amount(item, item.high - part if self._from_top else part))
            load -= part
        return amounts


def _part(loads: Spans | Bits, load: int, choices: Sequence[Span]) -> int:
    """A number in one of `choices` that leaves a member of `loads`; `load` came to be a member by such a one."""
    parts = ((load - loads.below(load - low), high) for low, high in choices if low <= load)
    return next(part for part, high in parts if part <= high)


def outputs_of(amounts: Iterable[Amount], kinds: Sequence[Span]) -> list[int]:
    """The output of each unit, known by its kind, that makes up the amounts; the first of a kind run first."""
    running: Counter[Span] = Counter()
    given: Counter[Span] = Counter()
    for item, amount in amounts:
        running[item.kind] += item.copies if amount else 0
        given[item.kind] += amount
    outputs = [0] * len(kinds)
    for unit, kind in enumerate(kinds):
        if running[kind]:
            running[kind] -= 1
            outputs[unit] = min(kind[1], given[kind] - running[kind] * kind[0])
            given[kind] -= outputs[unit]
    return outputs
