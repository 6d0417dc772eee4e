"""Hard searches take turns, so that easy ones and the rest of the service go on beside them.

A search is hard once it has run for EASY_S; nearly all end before. It then needs one of a few places, half of a
worker's threads at most, and among those that have one a single search runs at a time: the threads of a process share
one interpreter, and what two of them search at once takes each twice as long. No place is free: Busy, at once.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from math import ceil
from time import perf_counter
from typing import Final

EASY_S: Final = 0.05


class Busy(Exception):
    """Hard searches hold all places; `retry_after_s` seconds are enough for all of them to end."""

    def __init__(self, places: int, budget_s: float) -> None:
        """`places` searches of `budget_s` seconds each, one after the other."""
        super().__init__(f"{places} hard searches are under way, as many as may be at a time")
        self.retry_after_s = max(1, ceil(places * budget_s))


class Turns:
    """The places of one process."""

    def __init__(self, places: int) -> None:
        """How many hard searches may run or wait."""
        self._places = places
        self._free = threading.BoundedSemaphore(places)
        self._turn = threading.Lock()

    @contextmanager
    def clock(self, budget_s: float, now: Callable[[], float] = perf_counter) -> Iterator[Callable[[], float]]:
        """The clock of one request's searches, in seconds; it stands still while they wait for their turn.

        budget_s  what they have together, for Busy to tell
        raises    Busy, where the clock is asked
        """
        start, waited, hard = now(), 0.0, False
        with ExitStack() as held:

            def clock() -> float:
                nonlocal waited, hard
                if not hard and now() - start >= EASY_S:
                    if not self._free.acquire(blocking=False):
                        raise Busy(self._places, budget_s)
                    held.callback(self._free.release)
                    asked = now()
                    held.enter_context(self._turn)
                    waited, hard = now() - asked, True
                return now() - waited

            yield clock
