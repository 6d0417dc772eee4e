"""Why a load cannot be met: the first thing in the way, and the nearest loads in tenths."""

from fractions import Fraction
from math import inf

import pytest

from powerplant.dispatch.budget import Budget
from powerplant.dispatch.explain import explain

BLOCKS = [(40, 40), (60, 60), (100, 100)]
RANGES = [(40, 60), (100, 100)]


def budget(looks: float = inf) -> Budget:
    """One whose clock may be asked so many times."""
    asked = iter(range(10**9))
    return Budget(1.0, lambda: 0.0 if next(asked) <= looks else 9.0)


@pytest.mark.parametrize(
    ("kinds", "load", "reason", "below", "above"),
    [
        (BLOCKS, Fraction(201, 2), "granularity", 100, 140),  # before all else
        (BLOCKS, Fraction(4001, 10), "granularity", 200, None),
        (BLOCKS, 201, "capacity", 200, None),
        (BLOCKS, 110, "gcd", 100, 140),
        (BLOCKS, 120, "gap", 100, 140),
        (RANGES, 99, "gap", 60, 100),
        (RANGES, 39, "gap", 0, 40),
        ([], 5, "capacity", 0, None),
        ([(0, 0)], Fraction(1, 2), "granularity", 0, None),
    ],
)
def test_tells_what_stands_in_the_way_first(
    kinds: list[tuple[int, int]], load: int | Fraction, reason: str, below: int, above: int | None
) -> None:
    told = explain(kinds, load, budget())
    assert (told.reason, told.load, told.below, told.above) == (reason, load, below, above)


def test_the_nearest_loads_are_not_known_without_the_time_for_them() -> None:
    told = explain([(400 + i, 400 + i) for i in range(40)], 399, budget(0))
    assert (told.reason, told.below, told.above) == ("gap", None, None)
