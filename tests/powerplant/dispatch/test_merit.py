"""Merit order in numpy: who comes when, in which steps, and what it does for a load."""

import numpy as np
import pytest

from powerplant.dispatch.merit import Merit, MeritOrder, scalar_product
from powerplant.units import Unit

UNITS = [Unit(4, 10, 5.0), Unit(0, 0, 1.0), Unit(2, 6, 3.0), Unit(0, 8, 5.0)]


def test_ranks_by_cost_and_then_by_place_what_can_run() -> None:
    order = MeritOrder.of(UNITS)
    assert (order.count, order.step, order.position.tolist()) == (4, 1, [2, 0, 3])
    assert order.kinds() == [(2, 6), (4, 10), (0, 8)]
    assert order.capacity == 24
    assert [order.break_unit(load) for load in (1, 6, 7, 16, 17, 24)] == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize(
    ("limits", "step", "kinds"),
    [
        ([(12, 12), (18, 18), (0, 0)], 6, [(2, 2), (3, 3)]),
        ([(12, 12), (12, 18)], 1, [(12, 12), (12, 18)]),
        ([(0, 0)], 1, []),
        ([], 1, []),
    ],
)
def test_counts_blocks_in_steps_of_their_divisor(
    limits: list[tuple[int, int]], step: int, kinds: list[tuple[int, int]]
) -> None:
    order = MeritOrder.of([Unit(low, high, 1.0) for low, high in limits])
    assert (order.step, order.kinds()) == (step, kinds)


def test_within_a_load_no_unit_gives_more_and_what_cannot_run_is_gone() -> None:
    order = MeritOrder.of(UNITS)
    assert order.within(10) is order
    within = order.within(3)
    assert (within.kinds(), within.position.tolist(), within.count) == ([(2, 3), (0, 3)], [2, 3], 4)


def test_the_units_before_the_break_unit_give_all_and_that_one_the_rest() -> None:
    merit = Merit.of(MeritOrder.of(UNITS), 9)
    assert (merit.brk, merit.rest, merit.load) == (1, 3, 9)
    assert merit.away.tolist() == [2.0, 0.0, 0.0]
    assert merit.outputs().tolist() == [6, 0, 0]
    assert merit.moved([(0, -3), (2, 6)]).tolist() == [3, 0, 6]
    assert merit.loss(np.array([3, 0, 6])) == 6.0


def test_a_step_of_a_block_costs_as_much_more() -> None:
    merit = Merit.of(MeritOrder.of([Unit(12, 12, 1.0), Unit(18, 18, 2.5)]), 4)
    assert (merit.away.tolist(), merit.rest) == ([9.0, 0.0], 2)


def test_sums_products() -> None:
    assert scalar_product(np.array([1, 2, 3]), np.array([0.5, 1.0, 2.0])) == 8.5
