"""One budget for several searches."""

from collections.abc import Callable, Iterator


def shares(count: int, budget_s: float, clock: Callable[[], float]) -> Iterator[float]:
    """The seconds for each of `count` searches that together get `budget_s`: an equal part of what is left then.

    What an easy search leaves over is the next ones'. Never below 0.
    """
    end = clock() + budget_s
    for left in range(count, 0, -1):
        yield max(0.0, (end - clock()) / left)
