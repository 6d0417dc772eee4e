"""CPU time of this process: a loaded machine stretches it far less than the time on the wall."""

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

LEAST_S = 0.02


def cpu_s(call: Callable[[], Result], least_s: float = LEAST_S) -> tuple[Result, float]:
    """What `call` returns and what a call takes: the mean of as many as take `least_s` together."""
    count = 1
    while True:
        begin = time.process_time()
        for _ in range(count):
            result = call()
        taken = time.process_time() - begin
        if taken >= least_s:
            return result, taken / count
        count = max(2 * count, int(1.2 * count * least_s / max(taken, 1e-9)))
