"""Sets of loads that some units can meet together: whole numbers from 0 to a limit; what is beyond it is left out.

A few disjoint spans are kept as such. Many are kept as the bits of one integer, on which adding a unit is a shift.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Final, TypeAlias

from powerplant.dispatch.budget import MAX_BITS

FEW_SPANS: Final = 64
BITS_PER_SPAN: Final = 128  # what one span takes about as much time as
MAX_SPANS: Final = 1 << 17
SPAN_BYTES: Final = 128

Span: TypeAlias = tuple[int, int]


class TooManyLoads(Exception):
    """The set is larger than the memory for it."""


class Spans:
    """A set as spans (first, last), rising, that neither overlap nor touch. It holds 0."""

    def __init__(self, limit: int, spans: Sequence[Span] = ((0, 0),)) -> None:
        """Without `spans`, 0 alone."""
        self.limit, self._spans = limit, spans

    @property
    def size_bytes(self) -> int:
        """About what the set takes."""
        return SPAN_BYTES * len(self._spans)

    def plus(self, choices: Sequence[Span]) -> "Spans | Bits":
        """All sums of a member and a number in one of the spans `choices`. Raises TooManyLoads."""
        limit = self.limit
        sums = sorted((first + low, last + high) for low, high in choices for first, last in self._spans)
        spans = _merged((first, min(last, limit)) for first, last in sums if first <= limit)
        if len(spans) > FEW_SPANS and spans[-1][1] <= min(MAX_BITS, BITS_PER_SPAN * len(spans)):
            return Bits(limit, _bits(spans))
        if len(spans) > MAX_SPANS:
            raise TooManyLoads(f"{len(spans)} spans of loads are more than the {MAX_SPANS} kept")
        return Spans(limit, spans)

    def below(self, load: int) -> int:
        """The greatest member up to `load` >= 0."""
        return min(load, self._spans[bisect_right(self._spans, load, key=itemgetter(0)) - 1][1])

    def above(self, load: int) -> int | None:
        """The least member from `load` on."""
        return next((max(load, first) for first, last in self._spans if last >= load), None)

    def run(self, length: int) -> Span | None:
        """The lowest span of at least `length` members."""
        return next(((first, last) for first, last in self._spans if last - first + 1 >= length), None)


class Bits:
    """A set as the bits of one integer. It holds 0."""

    def __init__(self, limit: int, bits: int) -> None:
        """Bit i says whether i is a member."""
        self.limit, self._bits = limit, bits

    @property
    def size_bytes(self) -> int:
        """What the set takes."""
        return self._bits.bit_length() // 8

    def plus(self, choices: Sequence[Span]) -> "Bits":
        """All sums of a member and a number in one of the spans `choices`, of which one begins at 0 at least."""
        choices = [(low, min(high, self.limit)) for low, high in choices if low <= self.limit]
        length = self._bits.bit_length() + max(high for _, high in choices)
        if length > MAX_BITS:
            raise TooManyLoads(f"loads of up to {length} steps are more than the {MAX_BITS} kept")
        sums = 0
        for low, high in choices:
            sums |= _spread(self._bits << low, high - low)
        return Bits(self.limit, sums & (1 << self.limit + 1) - 1 if length > self.limit + 1 else sums)

    def below(self, load: int) -> int:
        """The greatest member up to `load` >= 0."""
        return (self._bits & (1 << load + 1) - 1).bit_length() - 1

    def above(self, load: int) -> int | None:
        """The least member from `load` on."""
        members = self._bits >> load
        return load + _lowest(members) if members else None

    def run(self, length: int) -> Span | None:
        """The lowest span of at least `length` members."""
        starts, covered = self._bits, 1
        while covered < length and starts:
            step = min(covered, length - covered)
            starts &= starts >> step
            covered += step
        if not starts:
            return None
        first = _lowest(starts)
        return first, first + _lowest(~(self._bits >> first)) - 1


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Spans that come by their firsts, those that overlap or touch made one."""
    merged: list[Span] = []
    for first, last in spans:
        if not merged or first > merged[-1][1] + 1:
            merged.append((first, last))
        elif last > merged[-1][1]:
            merged[-1] = merged[-1][0], last
    return merged


def _bits(spans: Sequence[Span]) -> int:
    """The members as bits: a span is 2^(last + 1) - 2^first."""
    firsts, ends = bytearray(spans[-1][1] // 8 + 1), bytearray(spans[-1][1] // 8 + 2)
    for first, last in spans:
        firsts[first >> 3] |= 1 << (first & 7)
        ends[(last + 1) >> 3] |= 1 << ((last + 1) & 7)
    return int.from_bytes(ends, "little") - int.from_bytes(firsts, "little")


def _spread(bits: int, width: int) -> int:
    """Every member, and the `width` numbers after it."""
    covered = 1
    while covered <= width:
        step = min(covered, width + 1 - covered)
        bits |= bits << step
        covered += step
    return bits


def _lowest(members: int) -> int:
    """The least member of a set that has one."""
    return (members & -members).bit_length() - 1
