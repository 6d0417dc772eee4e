"""Few units: what is solved at once, what by depth, and what is left to the search for many."""

from math import inf

import pytest

from powerplant.dispatch import Infeasible, dispatch, small
from powerplant.dispatch.budget import Budget
from powerplant.dispatch.small import Found, ranked, search
from powerplant.units import Unit
from tests.powerplant.oracles import EUR, assert_meets, capacity, fleet, least_cost_by_subsets, seeded


def test_ranks_by_cost_and_then_by_place_what_can_run() -> None:
    units = [Unit(2, 9, 5.0), Unit(0, 0, 1.0), Unit(1, 8, 3.0), Unit(0, 7, 5.0)]
    assert ranked(units) == ((3.0, 5.0, 5.0), (2, 0, 3), (1, 2, 0), (8, 9, 7))
    assert ranked([Unit(0, 0, 1.0)]) == ((), (), (), ())


@pytest.mark.parametrize(
    ("units", "load", "outputs"),
    [
        ([(10, 50, 1.0), (20, 60, 2.0)], 75, [50, 25]),
        ([(10, 50, 1.0), (20, 60, 1.0)], 55, [35, 20]),  # the unit before steps back at no loss
        ([(40, 50, 1.0), (5, 10, 1.0), (20, 60, 1.0)], 65, [40, 5, 20]),  # both do
    ],
)
def test_solves_what_loses_nothing_without_a_search(
    units: list[tuple[int, int, float]], load: int, outputs: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small, "descend", None)
    able = ranked([Unit(*unit) for unit in units])
    assert search(able, load) == Found(outputs, able.cost[-1])


def test_is_exact_where_it_answers_and_leaves_the_rest_to_the_search_for_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small, "MAX_BRANCHES", 60)
    units = fleet(seeded(12), 10, 50, "blocks", "nearly equal")
    left, answered = 0, 0
    for load in range(1, capacity(units), 7):
        least, found = least_cost_by_subsets(units, load), search(ranked(units), load)
        left += found is None
        if found is not None:
            answered += 1
            assert (found.outputs is None) == (least == inf)
        if least < inf:
            plan = dispatch(units, load)
            assert_meets(plan, units, load)
            assert plan.optimal
            assert plan.cost_eur == pytest.approx(least, abs=EUR)
        else:
            with pytest.raises(Infeasible):
                dispatch(units, load)
    assert min(left, answered) > 5


def test_gives_up_on_hard_units_rather_than_search_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small, "MAX_BRANCHES", 3)
    units = fleet(seeded(12), 10, 50, "blocks", "nearly equal")
    budget = Budget(1.0, lambda: 0.0)
    assert {small.dispatch(units, load, budget) for load in range(60, 70)} == {None}
