"""The two halves against every set of running units, with lists that hold all states and with lists that do not."""

from math import inf

import pytest

from powerplant.dispatch import halves
from powerplant.dispatch.budget import Budget
from powerplant.dispatch.core import Searched
from powerplant.dispatch.fixing import core_of, core_units, undecided
from powerplant.dispatch.merit import Merit, MeritOrder
from powerplant.units import Unit
from tests.powerplant.oracles import assert_possible, drawn_merit, least_loss, seeded

BLOCKS = [
    ("blocks", "dearer by size"),
    ("blocks", "nearly equal"),
    ("even blocks", "any"),
    ("blocks of three sizes", "few"),
]


def searched(merit: Merit, most: int, *, even: bool, loss: float = inf, looks: float = inf) -> Searched:
    """All undecided units, with a clock that may be asked so many times."""
    asked = iter(range(10**9))
    budget = Budget(1.0, lambda: 0.0 if next(asked) <= looks else 9.0)
    core = core_of(merit, core_units(merit, undecided(merit, loss)), loss)
    return halves.search(core, loss, budget, most, even=even)


def check(order: MeritOrder, merit: Merit, found: Searched) -> None:
    """What is told as a plan is one."""
    assert (found.moves is None) == (found.loss == inf)
    if found.moves is not None:
        assert_possible(order, merit, merit.moved(found.moves).tolist(), found.loss)


@pytest.mark.parametrize(("ranges", "costs"), BLOCKS)
@pytest.mark.parametrize("even", [True, False])
def test_blocks_are_searched_exactly(ranges: str, costs: str, even: bool) -> None:
    rng = seeded(f"halves {ranges} {costs}")
    for _ in range(60):
        order, merit = drawn_merit(rng, 11, 60, ranges, costs)
        found = searched(merit, 1 << 12, even=even)
        assert found.loss == pytest.approx(least_loss(order, merit))
        assert found.bound == found.loss
        check(order, merit, found)


@pytest.mark.parametrize(("ranges", "costs"), BLOCKS)
@pytest.mark.parametrize("even", [True, False])
@pytest.mark.parametrize("most", [1, 3, 8, 20])
def test_lists_that_are_thinned_out_leave_a_true_bound(ranges: str, costs: str, even: bool, most: int) -> None:
    rng = seeded(f"thin {ranges} {costs} {most}")
    proven = 0
    for _ in range(40):
        order, merit = drawn_merit(rng, 11, 60, ranges, costs)
        least = least_loss(order, merit)
        for loss in (inf, least * 1.2 + 1):
            found = searched(merit, most, even=even, loss=loss)
            assert found.bound <= least + 1e-9 <= found.loss + 2e-9
            proven += 0 < found.bound < inf
        check(order, merit, searched(merit, most, even=even))
    assert proven > 0


@pytest.mark.parametrize("ranges", ["any", "pmin close to pmax", "pmin 0, far up or pmax", "a few kinds"])
def test_of_ranges_and_pools_plans_are_found_and_nothing_is_claimed(ranges: str) -> None:
    rng = seeded(f"ranges {ranges}")
    plans = 0
    for _ in range(60):
        order, merit = drawn_merit(rng, 10, 40, ranges, "any")
        least = least_loss(order, merit)
        found = searched(merit, 1 << 10, even=True)
        assert found.bound == 0.0 or (order.lower == order.upper).all()
        assert found.bound <= least + 1e-9 <= found.loss + 2e-9
        check(order, merit, found)
        plans += found.moves is not None
    assert plans > 5


def test_a_small_unit_of_any_output_makes_up_for_what_blocks_miss() -> None:
    units = [Unit(size, size, 30 + size % 7) for size in range(100_000, 130_000, 1_000)] + [Unit(0, 777, 90.0)]
    order = MeritOrder.of(units)
    merit = Merit.of(order, 1_234_567)
    found = searched(merit, 1 << 10, even=True)
    assert found.moves is not None
    check(order, merit, found)


def test_a_spent_budget_proves_nothing_and_keeps_what_was_found() -> None:
    rng = seeded("spent")
    plans = 0
    for _ in range(30):
        order, merit = drawn_merit(rng, 11, 40, "blocks", "nearly equal")
        for looks in (0, 3, 8):
            found = searched(merit, 1 << 12, even=True, looks=looks)
            assert found.bound == 0.0 or len(core_units(merit, undecided(merit, inf))) <= looks
            check(order, merit, found)
            plans += found.moves is not None
    assert plans > 0


def test_large_blocks_are_made_to_meet_the_load() -> None:
    rng = seeded("large")
    units = [Unit(size, size, 20 + size / 40_000) for size in (rng.randint(10**5, 10**6) for _ in range(60))]
    order = MeritOrder.of(units)
    merit = Merit.of(order, order.capacity // 2)
    found = searched(merit, 1 << 12, even=True)
    assert found.moves is not None
    check(order, merit, found)
