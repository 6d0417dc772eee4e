"""Where rows are too long, here without any: plans and bounds by the other two searches."""

from collections.abc import Sequence
from math import inf

import pytest

from powerplant.dispatch import Infeasible, Plan, Undecided, Unit, anytime, core, dispatch, halves
from powerplant.dispatch.merit import MeritOrder
from tests.powerplant.oracles import EUR, RANGES, assert_meets, fleet, least_cost_by_subsets, least_costs, seeded


@pytest.fixture(autouse=True)
def no_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a cell."""
    monkeypatch.setattr(core, "MAX_CELLS", 0)


def by_many(units: Sequence[Unit], load: int, looks: float = inf) -> Plan | None:
    """The plan as a large fleet's, with a clock that may be asked so many times; None when there is none."""
    asked = iter(range(10**9))
    try:
        return dispatch(MeritOrder.of(units), load, clock=lambda: 0.0 if next(asked) <= looks else 1e9)
    except Infeasible:
        return None


@pytest.mark.parametrize("ranges", RANGES)
def test_is_exact_without_rows(ranges: str) -> None:
    rng = seeded(f"no rows {ranges}")
    for _ in range(40):
        units = fleet(rng, rng.randint(2, 11), 60, ranges)
        load = rng.randint(1, max(sum(unit.pmax for unit in units), 1))
        least, found = least_cost_by_subsets(units, load), by_many(units, load)
        assert (found is None) == (least == inf)
        if found is not None:
            assert_meets(found, units, load)
            assert found.cost_eur == pytest.approx(least, abs=EUR)
            assert found.optimal


def test_more_units_than_the_halves_hold_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(halves, "MAX_UNITS", 12)
    monkeypatch.setattr(anytime, "NEAREST", 6)
    rng = seeded("turns")
    met, proven = 0, 0
    for _ in range(12):
        units = fleet(rng, 40, 200, "blocks", "any")
        least = least_costs(units)
        load = rng.randint(len(least) // 4, len(least) // 2)
        found = by_many(units, load)
        assert found is not None
        assert_meets(found, units, load)
        assert found.bound_eur <= least[load] + EUR <= found.cost_eur + 2 * EUR
        met += found.cost_eur < least[load] + EUR
        proven += found.optimal
    assert met > 5
    assert 0 < proven < 12


def test_every_unit_has_its_turn() -> None:
    units = list(range(500))
    choices = anytime._choices(units)  # type: ignore[arg-type]
    assert set().union(*choices) == set(units)
    assert all(choice[: anytime.NEAREST] == units[: anytime.NEAREST] for choice in choices)
    assert all(choice == sorted(set(choice)) for choice in choices)
    assert max(map(len, choices)) <= halves.MAX_UNITS


@pytest.mark.parametrize("ranges", ["blocks", "pmin close to pmax", "pmin 0, far up or pmax"])
def test_a_spent_budget_gives_a_plan_and_a_true_bound(ranges: str) -> None:
    rng = seeded(f"spent {ranges}")
    gaps = 0
    for _ in range(6):
        units = fleet(rng, 30, 60, ranges, "dearer by size")
        least = least_costs(units)
        load = rng.randint(len(least) // 4, len(least) // 2)
        for looks in (*range(0, 60, 4), inf):
            try:
                found = by_many(units, load, looks)
            except Undecided:
                assert looks < inf
                continue
            if found is None:
                assert least[load] == inf
                continue
            assert_meets(found, units, load)
            assert found.bound_eur <= least[load] + EUR <= found.cost_eur + 2 * EUR
            gaps += not found.optimal
    assert gaps > 0


def test_a_few_huge_blocks_are_proven_either_way() -> None:
    rng = seeded("huge")
    proven = {True: 0, False: 0}
    for _ in range(10):
        units = [Unit(size, size, rng.uniform(10, 60)) for size in (rng.randint(10**5, 10**6) for _ in range(11))]
        on = rng.sample(units, 5)
        for load in (sum(unit.pmax for unit in on), sum(unit.pmax for unit in on) + 1):
            least, found = least_cost_by_subsets(units, load), by_many(units, load)
            assert (found is None) == (least == inf)
            if found is not None:
                assert (found.optimal, found.cost_eur) == (True, pytest.approx(least, abs=EUR))
            proven[found is None] += 1
    assert min(proven.values()) >= 10
