"""The set of loads that some units can meet together."""

from typing import Final, NamedTuple

from powerplant.dispatch.budget import MAX_BITS

MANY_SPANS: Final = 64
MAX_SPANS: Final = 1 << 17
DENSITY: Final = 128  # a span costs about as much as so many bits

Span = tuple[int, int]


class TooLarge(Exception):  # noqa: N818 - an answer: it is not known
    """The set takes more memory than a diagnosis may."""


class Loads(NamedTuple):
    """Whole numbers from 0 to `most`: as spans, disjoint and rising, or once these are many as the bits of one integer."""

    most: int
    spans: tuple[Span, ...] = ((0, 0),)
    bits: int | None = None

    def plus(self, choices: tuple[Span, ...]) -> "Loads":
        """All sums with one more unit, which can give any number in one of the spans `choices`. Raises TooLarge."""
        if self.bits is not None:
            return self._bits_plus(choices)
        sums = sorted((a + low, b + high) for low, high in choices for a, b in self.spans if a + low <= self.most)
        spans: list[Span] = []
        ...
