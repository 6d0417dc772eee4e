"""Where a search notes its choices: up to 48 MiB of small pieces that are all let go of together.

Freed one by one, they would stay with the process: malloc keeps what lies between other pieces, and the report that is
made next cannot use it. So they stand side by side in memory that the system gives, page by page as it is written, and
takes back at once.
"""

from mmap import mmap
from typing import Final

import numpy as np
from numpy.typing import NDArray

from powerplant.dispatch.budget import MAX_CELLS, MAX_CHOICE_BYTES
from powerplant.dispatch.rows import Choice, Taken

LARGEST_CHOICE_BYTES: Final = 32 * (MAX_CELLS // 8 + 1)  # a bit a cell for each of at most 20 steps, and the other move


class Ledger:
    """The choices of one search, in order; None for a unit that had none."""

    def __init__(self) -> None:
        """Empty; takes no memory yet."""
        self.choices: list[Choice | None] = []
        self.size_bytes = 0
        self._page: NDArray[np.uint8] | None = None

    def note(self, choice: Choice | None) -> None:
        """One more. There is room for it as long as `size_bytes` was at most MAX_CHOICE_BYTES."""
        if choice is not None:
            choice = choice._replace(other=self._kept(choice.other), steps=[self._kept(step) for step in choice.steps])
        self.choices.append(choice)

    def _kept(self, taken: Taken) -> Taken:
        if self._page is None:
            self._page = np.frombuffer(mmap(-1, MAX_CHOICE_BYTES + LARGEST_CHOICE_BYTES), dtype=np.uint8)
        bits = self._page[self.size_bytes : self.size_bytes + taken.bits.size]
        bits[:] = taken.bits
        self.size_bytes += bits.size
        return taken._replace(bits=bits)
