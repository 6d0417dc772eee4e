"""The time and memory one search may take."""

from collections.abc import Callable
from typing import Final

MAX_CELLS: Final = 3 << 18  # of one row of the core search: 6 MiB, and a handful of rows live at a time
MAX_CHOICE_BYTES: Final = 48 << 20  # of the choices kept for tracing a plan back
MAX_BITS: Final = 1 << 25  # of one set of loads in the diagnosis: 4 MiB


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
        now = self._clock()
        return Budget(max(0.0, self._end - now) / 2, self._clock)
