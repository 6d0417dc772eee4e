"""What the core's units are, and what each can do."""

from math import inf

import pytest

from powerplant.dispatch.fixing import DOWN, UP, CoreUnit, core_of, core_units, undecided
from powerplant.dispatch.merit import Merit, MeritOrder
from powerplant.units import Unit

UNITS = [
    *[Unit(10, 20, 1.0)] * 5,
    *[Unit(4, 7, 5.0)] * 7,
    *[Unit(4, 9, 5.0)] * 2,
    Unit(0, 8, 6.0),
    *[Unit(6, 6, 9.0)] * 3,
]
MERIT = Merit.of(
    MeritOrder.of(UNITS), 126
)  # all of the first kind, three of the second; the fourth gives the rest of 5


def test_takes_equal_units_together_in_ones_twos_and_fours() -> None:
    assert (MERIT.brk, MERIT.rest) == (8, 5)
    assert sorted(
        (unit.away, -unit.direction, *unit[3:], list(unit.units)) for unit in core_units(MERIT, undecided(MERIT, inf))
    ) == [
        (0.0, -UP, 4, 3, 0, [8]),
        (0.0, -UP, 4, 3, 0, [11]),
        (0.0, -UP, 4, 5, 0, [12]),
        (0.0, -UP, 4, 5, 0, [13]),
        (0.0, -UP, 8, 6, 0, [9, 10]),
        (0.0, -DOWN, 0, 3, 7, [7]),
        (0.0, -DOWN, 0, 6, 14, [6, 5]),
        (4.0, -UP, 6, 0, 0, [15]),
        (4.0, -UP, 12, 0, 0, [16, 17]),
        (4.0, -DOWN, 0, 10, 20, [4]),
        (4.0, -DOWN, 0, 20, 40, [1, 0]),
        (4.0, -DOWN, 0, 20, 40, [3, 2]),
    ]


def test_fixes_the_decisions_that_lose_too_much() -> None:
    """A cheap unit off loses 4 * 20, a dear one that runs 4 * 6, and those at the break unit's cost make up for it."""
    assert set(undecided(MERIT, 80.1)) == {*range(14), 15, 16, 17}
    assert set(undecided(MERIT, 80.0)) == {*range(5, 14), 15, 16, 17}
    assert list(undecided(MERIT, 24.0)) == [8, 7, 9, 6, 10, 5, 11, 12, 13]
    fixed = core_of(MERIT, core_units(MERIT, undecided(MERIT, 24.0)), 24.0)
    assert (fixed.up.units, fixed.down.units) == ([14], [4])  # the second cheap one would lose more than 24
    assert (fixed.up.pool.ends, fixed.down.pool.ends) == ([0, 8], [0, 10])
    assert fixed.up.full.ends[-1] == 4 * 7 + 2 * 9 + 8


@pytest.mark.parametrize(
    ("unit", "move", "moves"),
    [
        (CoreUnit([3, 5, 9], UP, 1.0, 12, 9, 0), 0, [(3, 0), (5, 0), (9, 0)]),
        (CoreUnit([3, 5, 9], UP, 1.0, 12, 9, 0), 12, [(3, 4), (5, 4), (9, 4)]),
        (CoreUnit([3, 5, 9], UP, 1.0, 12, 9, 0), 17, [(3, 7), (5, 6), (9, 4)]),
        (CoreUnit([3, 5, 9], UP, 1.0, 12, 9, 0), 21, [(3, 7), (5, 7), (9, 7)]),
        (CoreUnit([3, 5], DOWN, 1.0, 0, 6, 14), 0, [(3, 0), (5, 0)]),
        (CoreUnit([3, 5], DOWN, 1.0, 0, 6, 14), 4, [(3, -3), (5, -1)]),
        (CoreUnit([3, 5], DOWN, 1.0, 0, 6, 14), 14, [(3, -7), (5, -7)]),
    ],
)
def test_a_move_is_shared_by_its_units(unit: CoreUnit, move: int, moves: list[tuple[int, int]]) -> None:
    assert list(unit.moves(move)) == moves
