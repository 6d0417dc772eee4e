"""Waiting for what other threads and processes do: on the condition itself, with a deadline that fails the test."""

import time
from collections.abc import Callable

LIMIT_S = 60


def until(condition: Callable[[], object], limit_s: float = LIMIT_S) -> None:
    """Ask until it holds."""
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "it did not come to hold in time"
        time.sleep(0.01)
