"""What a plan for many units goes through when the nearer ways fail."""

from collections.abc import Sequence
from math import inf

import pytest

from powerplant.dispatch import Infeasible, Plan, Undecided, Unit, core, dispatch, large
from powerplant.dispatch.fixing import undecided
from powerplant.dispatch.merit import Merit, MeritOrder
from powerplant.dispatch.start import Candidate, first_plan
from tests.powerplant.oracles import EUR, assert_meets, fleet, least_costs, seeded


def nothing(*_args: object) -> Candidate:
    """No plan found."""
    return Candidate(None, inf)


def by_many(units: Sequence[Unit], load: int) -> Plan | Infeasible | Undecided:
    """The plan as a large fleet's, or why there is none."""
    try:
        return dispatch(MeritOrder.of(units), load)
    except (Infeasible, Undecided) as without:
        return without


@pytest.mark.parametrize("ranges", ["blocks", "mostly multiples of six", "any", "a few kinds"])
def test_takes_any_plan_that_the_sums_tell_where_none_was_found(ranges: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "first_plan", nothing)
    monkeypatch.setattr(large, "_few", lambda *_: [])
    monkeypatch.setattr(large, "QUICK_UNITS", 0)
    rng = seeded(ranges)
    tried = 0
    for _ in range(60):
        units = fleet(rng, rng.randint(2, 12), 40, ranges)
        least = least_costs(units)
        load = rng.randint(1, max(len(least) // 3, 1))
        if load >= len(least):
            continue
        found = by_many(units, load)
        if isinstance(found, Plan):
            tried += any(unit.pmin > load for unit in units)
            assert_meets(found, units, load)
            assert found.optimal
            assert found.cost_eur == pytest.approx(least[load], abs=EUR)
        else:
            assert isinstance(found, Infeasible)
            assert least[load] == inf
    assert tried > 0


def test_units_too_large_for_the_memory_are_left_out_and_the_bound_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "MAX_CELLS", 150)
    monkeypatch.setattr(large, "go_on", lambda _merit, best, bound, _budget: (best, bound))
    rng = seeded("left out")
    units = [*fleet(rng, 40, 20, "blocks", "nearly equal"), *(Unit(200 + i, 200 + i, 30.2) for i in range(5))]
    least = least_costs(units)
    gaps = 0
    for load in rng.sample(range(100, len(least) - 100), 60):
        found = by_many(units, load)
        assert isinstance(found, Plan)
        assert_meets(found, units, load)
        assert found.bound_eur <= least[load] + EUR <= found.cost_eur + 2 * EUR
        gaps += not found.optimal
    assert gaps > 0


def test_many_equal_units_are_searched_together() -> None:
    kinds = [(60, 60, 30.0), (100, 100, 31.0), (150, 151, 29.5), (7, 7, 33.0)]
    units = [Unit(*kinds[i % 4]) for i in range(400)]
    least = least_costs(units)
    for load in seeded("equal").sample(range(len(least)), 12):
        found = by_many(units, load)
        if isinstance(found, Plan):
            assert_meets(found, units, load)
            assert found.optimal
            assert found.cost_eur == pytest.approx(least[load], abs=EUR)
        else:
            assert least[load] == inf


def test_searches_even_where_a_single_unit_is_undecided() -> None:
    limits = [(9, 11, 0.0), (9, 11, 1.0), (0, 5, 1.0), (4, 7, 3.0), (9, 11, 3.0), (6, 6, 1.0), (6, 6, 2.0)]
    units = [Unit(*limit) for limit in limits]
    merit = Merit.of(MeritOrder.of(units), 19)
    assert undecided(merit, first_plan(merit).loss).size == 1
    found = by_many(units, 19)
    assert isinstance(found, Plan)
    assert found.cost_eur == pytest.approx(least_costs(units)[19])
