"""The time and the memory that one search may take."""

from collections.abc import Callable
from typing import Final

MAX_CELLS: Final = 3 << 18  # in one row of the core search: 6 MiB, of which a dozen live at a time
MAX_CHOICE_BYTES: Final = 48 << 20  # kept to trace the best plan back
MAX_BITS: Final = 1 << 25  # in one set of loads of the diagnosis: 4 MiB


class Budget:
    """A deadline on a clock that counts seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        """The time runs from now."""
        self.seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def spent(self) -> bool:
        """Whether the time is over."""
        return self._clock() >= self._end

    def half(self) -> "Budget":
        """Half of the time that is left."""
        return Budget((self._end - self._clock()) / 2, self._clock)
