"""dispatch as its callers see it: exact, whatever the fleet; explained, where there is no plan; bounded in time."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from math import inf
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powerplant.dispatch import Infeasible, NoPlan, Plan, Undecided, Unit, core, dispatch, prepared, small
from powerplant.dispatch.merit import MeritOrder
from powerplant.units import WIND_MODES, read_fleet
from tests.powerplant.greedy import greedy
from tests.powerplant.oracles import (
    COSTS,
    EUR,
    RANGES,
    assert_meets,
    capacity,
    cost_eur,
    drawn_payload,
    fleet,
    least_cost_by_outputs,
    least_cost_by_subsets,
    least_costs,
    payload,
    seeded,
)


def by_many(units: Sequence[Unit], load: int) -> Plan:
    """The plan as a large fleet's, however small this one is."""
    return dispatch(MeritOrder.of(units), load)


Solve = Callable[[Sequence[Unit], int], Plan]
PATHS = pytest.mark.parametrize("solve", [dispatch, by_many], ids=["few", "many"])


class Clock:
    """Seconds that pass only by being asked: none for the first `calls` times, then all at once."""

    def __init__(self, calls: float) -> None:
        self.calls = calls

    def __call__(self) -> float:
        self.calls -= 1
        return 0.0 if self.calls >= 0 else 1e9


# --- the challenge's own payloads -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("load", "wind_percent", "costs", "outputs"),
    [
        (480, 60, {True: 11524.664151, False: 9314.264151}, [900, 216, 3684, 0, 0, 0]),
        (480, 0, {True: 15015.849057, False: 12135.849057}, [0, 0, 3800, 1000, 0, 0]),
        (910, 60, {True: 24976.362264, False: 20185.962264}, [900, 216, 4600, 3384, 0, 0]),
    ],
)
@pytest.mark.parametrize("wind", ["onoff", "curtail"])
@PATHS
def test_answers_the_official_payloads(
    solve: Solve, load: int, wind_percent: int, costs: dict[bool, float], outputs: list[int], wind: str
) -> None:
    for co2, cost in costs.items():
        read = read_fleet(payload(load, wind_percent), wind=wind, co2=co2)
        plan = solve(read.plants, load * 10)
        assert plan.cost_eur == pytest.approx(cost, abs=1e-6)
        assert plan.optimal
        assert list(plan.outputs) == outputs
        assert read.co2_ton(plan.outputs) == pytest.approx(0.03 * (outputs[2] + outputs[3]))
        assert plan.price_eur_per_mwh == pytest.approx(13.4 / 0.53 + (6 if co2 else 0))


# --- against enumeration ----------------------------------------------------------------------------------------------


def answer(solve: Solve, units: Sequence[Unit], load: int) -> Plan | NoPlan:
    """The plan, or why there is none."""
    try:
        return solve(units, load)
    except NoPlan as without:
        return without


def check(found: Plan | NoPlan, units: Sequence[Unit], load: int, least: float) -> None:
    """One answer against the least cost known."""
    if isinstance(found, NoPlan):
        assert isinstance(found, Infeasible)
        assert least == inf
        return
    assert_meets(found, units, load)
    assert found.optimal
    assert found.cost_eur == pytest.approx(least, abs=EUR), (units, load, found)


@PATHS
def test_is_the_best_of_all_outputs(solve: Solve) -> None:
    rng = seeded(1)
    for _ in range(300):
        units = fleet(rng, rng.randint(1, 4), 6)
        load = rng.randint(0, capacity(units) + 1)
        check(answer(solve, units, load), units, load, least_cost_by_outputs(units, load))


@pytest.mark.parametrize("ranges", RANGES)
@pytest.mark.parametrize("costs", COSTS)
@PATHS
def test_is_the_best_of_all_sets_of_running_units(solve: Solve, ranges: str, costs: str) -> None:
    rng = seeded(f"{ranges} {costs}")
    for _ in range(80):
        units = fleet(rng, rng.randint(1, 11), rng.choice([8, 30, 200]), ranges, costs)
        load = rng.randint(0, capacity(units))
        check(answer(solve, units, load), units, load, least_cost_by_subsets(units, load))


@PATHS
def test_is_the_best_of_all_sets_of_eleven_units(solve: Solve) -> None:
    rng = seeded(11)
    for _ in range(500):
        units = fleet(rng, 11, rng.choice([10, 50, 400]))
        load = rng.randint(0, capacity(units))
        check(answer(solve, units, load), units, load, least_cost_by_subsets(units, load))


@pytest.mark.parametrize("co2", [True, False])
@pytest.mark.parametrize("wind", WIND_MODES)
@PATHS
def test_is_the_best_for_any_payload(solve: Solve, wind: str, co2: bool) -> None:
    rng = seeded(f"payloads {wind} {co2}")
    met = 0
    for _ in range(500):
        units = read_fleet(drawn_payload(rng, rng.randint(1, 10)), wind=wind, co2=co2).plants
        outputs = [rng.choice([0, unit.pmin, unit.pmax, rng.randint(unit.pmin, unit.pmax)]) for unit in units]
        load = rng.choice([sum(outputs), rng.randint(0, capacity(units))])
        found = answer(solve, units, load)
        check(found, units, load, least_cost_by_subsets(units, load))
        met += isinstance(found, Plan)
    assert 250 < met < 500


@pytest.mark.parametrize("ranges", RANGES)
@pytest.mark.parametrize("costs", COSTS)
def test_is_the_best_among_many_units(ranges: str, costs: str) -> None:
    rng = seeded(f"many {ranges} {costs}")
    for count in (12, 20, 25, 33, 70):
        units = fleet(rng, count, 24, ranges, costs)
        least = least_costs(units)
        for _ in range(3):
            load = rng.randint(1, capacity(units))
            check(answer(dispatch, units, load), units, load, least[load])


def test_is_the_best_for_every_load_of_one_prepared_fleet() -> None:
    units = fleet(seeded(5), 40, 12, "mostly multiples of six", "any")
    ready = prepared(units)
    for load, least in enumerate(least_costs(units)):
        check(answer(lambda _, load: dispatch(ready, load), units, load), units, load, least)


# --- properties -------------------------------------------------------------------------------------------------------

EUR_PER_MWH = st.one_of(st.integers(-20, 60).map(float), st.floats(-100, 1000), st.just(0.0))


@st.composite
def running(draw: st.DrawFn) -> tuple[Unit, int]:
    """A unit and an output that it can have."""
    high = draw(st.integers(0, 5000))
    low = draw(st.one_of(st.just(high), st.just(0), st.integers(0, high), st.integers(max(0, high - 3), high)))
    output = draw(st.one_of(st.just(0), st.just(high), st.just(low), st.integers(low, high)))
    return Unit(low, high, draw(EUR_PER_MWH)), output


Met = tuple[tuple[Unit, ...], tuple[int, ...]]
PLANS = st.lists(running(), min_size=1, max_size=30).map(lambda pairs: tuple(zip(*pairs, strict=True)))
exploring = settings(max_examples=150, deadline=None)


def close(cost: float, units: Sequence[Unit]) -> object:
    """Within the precision of floats that cost what these units can."""
    return pytest.approx(cost, abs=EUR + 1e-9 * cost_eur(units, [unit.pmax for unit in units]).__abs__())


@PATHS
@given(plan=PLANS)
@exploring
def test_is_never_dearer_than_some_plan(solve: Solve, plan: Met) -> None:
    units, outputs = plan
    found = solve(units, sum(outputs))
    assert_meets(found, units, sum(outputs))
    assert found.cost_eur <= cost_eur(units, outputs) + EUR


@PATHS
def test_is_never_dearer_than_what_merit_order_finds(solve: Solve) -> None:
    rng = seeded("greedy")
    better, same = 0, 0
    for _ in range(1500):
        units = fleet(rng, rng.randint(2, 60), 40)
        load = rng.randint(0, capacity(units))
        outputs = greedy(units, load)
        if outputs is not None:
            plan = solve(units, load)
            assert_meets(plan, units, load)
            assert plan.cost_eur <= cost_eur(units, outputs) + EUR
            cheaper = plan.cost_eur < cost_eur(units, outputs) - EUR
            better, same = better + cheaper, same + (not cheaper)
    assert min(better, same) > 100


@PATHS
@given(plan=PLANS)
@exploring
def test_is_never_cheaper_than_merit_order_without_any_pmin(solve: Solve, plan: Met) -> None:
    units, outputs = plan
    free = [Unit(0, unit.pmax, unit.eur_per_mwh) for unit in units]
    relaxed = dispatch(free, sum(outputs))
    found = solve(units, sum(outputs))
    assert found.cost_eur >= relaxed.cost_eur - EUR
    assert found.price_eur_per_mwh == relaxed.price_eur_per_mwh


@PATHS
@given(plan=PLANS, rnd=st.randoms(use_true_random=False))
@exploring
def test_costs_the_same_in_any_order_of_the_units(solve: Solve, plan: Met, rnd: Random) -> None:
    units, outputs = plan
    shuffled = rnd.sample(units, len(units))
    cost = solve(units, sum(outputs)).cost_eur
    assert solve(shuffled, sum(outputs)).cost_eur == close(cost, units)


@PATHS
@given(plan=PLANS, factor=st.integers(2, 9))
@exploring
def test_scales_with_sizes_and_with_costs(solve: Solve, plan: Met, factor: int) -> None:
    units, outputs = plan
    cost = solve(units, sum(outputs)).cost_eur
    larger = [Unit(factor * unit.pmin, factor * unit.pmax, unit.eur_per_mwh) for unit in units]
    dearer = [Unit(unit.pmin, unit.pmax, factor * unit.eur_per_mwh) for unit in units]
    assert solve(larger, factor * sum(outputs)).cost_eur == close(factor * cost, larger)
    assert solve(dearer, sum(outputs)).cost_eur == close(factor * cost, dearer)


@PATHS
@given(plan=PLANS, more=st.integers(-50, 50))
@exploring
def test_a_cost_on_every_mwh_changes_the_sum_only(solve: Solve, plan: Met, more: int) -> None:
    units, outputs = plan
    dearer = [Unit(unit.pmin, unit.pmax, unit.eur_per_mwh + more) for unit in units]
    cost = solve(units, sum(outputs)).cost_eur
    assert solve(dearer, sum(outputs)).cost_eur == close(cost + more * sum(outputs) / 10, [*units, *dearer])


@PATHS
@given(plan=PLANS, load=st.integers(0, 20000))
@exploring
def test_between_the_nearest_loads_nothing_can_be_met(solve: Solve, plan: Met, load: int) -> None:
    units, _ = plan
    found = answer(solve, units, load)
    if isinstance(found, Plan):
        assert_meets(found, units, load)
        return
    below, above = found.below, found.above
    assert below is not None
    assert below < load
    assert above is None or above > load
    for other in (below + 1, load, load + 1 if above is None else above - 1):
        assert isinstance(answer(solve, units, other), Infeasible)
    assert_meets(solve(units, below), units, below)
    if above is not None:
        assert_meets(solve(units, above), units, above)


# --- what goes wrong elsewhere ----------------------------------------------------------------------------------------


def outputs_mw(
    plants: list[dict[str, object]], load: float, wind_percent: float = 100, **conventions: Any
) -> dict[str, float]:
    """Each plant's output in MW by name, which are different."""
    read = read_fleet(payload(load, wind_percent, plants), **conventions)
    plan = dispatch(read.plants, read.load)
    assert_meets(plan, read.plants, read.load)
    return {plant.name: output / 10 for plant, output in zip(read.plants, plan.outputs, strict=True)}


def gas(name: str, efficiency: float, pmin: float, pmax: float) -> dict[str, object]:
    return {"name": name, "type": "gasfired", "efficiency": efficiency, "pmin": pmin, "pmax": pmax}


def wind(name: str, pmax: float, pmin: float = 0) -> dict[str, object]:
    return {"name": name, "type": "windturbine", "efficiency": 1, "pmin": pmin, "pmax": pmax}


def test_lets_an_earlier_plant_step_back_for_the_pmin_of_the_next() -> None:
    assert outputs_mw([gas("good", 0.6, 10, 100), gas("poor", 0.4, 50, 100)], 120) == {"good": 70, "poor": 50}


def test_lets_several_plants_step_back() -> None:
    plants = [gas("a", 0.6, 90, 100), gas("b", 0.5, 80, 100), gas("c", 0.4, 50, 100)]
    assert outputs_mw(plants, 222) == {"a": 92, "b": 80, "c": 50}


def test_leaves_the_most_efficient_plant_off_where_its_range_does_not_fit() -> None:
    assert outputs_mw([gas("best", 0.9, 100, 200), gas("poor", 0.3, 10, 60)], 60) == {"best": 0, "poor": 60}


def test_takes_an_inefficient_plant_where_its_range_fits() -> None:
    plants = [gas("best", 0.9, 100, 100), gas("good", 0.8, 100, 100), gas("poor", 0.2, 50, 50)]
    assert outputs_mw(plants, 150) == {"best": 100, "good": 0, "poor": 50}


def test_switches_wind_off_that_keeps_gas_from_its_pmin() -> None:
    assert outputs_mw([wind("park", 50), gas("gas", 0.5, 80, 100)], 100) == {"park": 0, "gas": 100}
    assert outputs_mw([wind("park", 50), gas("gas", 0.5, 80, 100)], 100, wind="curtail") == {"park": 20, "gas": 80}


def test_curtailing_meets_loads_that_all_or_nothing_cannot() -> None:
    with pytest.raises(Infeasible) as refused:
        outputs_mw([wind("park", 50)], 30)
    assert (refused.value.below, refused.value.above) == (0, 500)
    assert outputs_mw([wind("park", 50)], 30, wind="curtail") == {"park": 30}


def test_meets_a_load_that_floats_do_not_sum_to() -> None:
    plants = [wind(f"park{i}", 0.1) for i in range(3)]
    assert outputs_mw(plants, 0.1 + 0.2) == {"park0": 0.1, "park1": 0.1, "park2": 0.1}


def test_co2_can_put_a_turbojet_before_gas() -> None:
    plants = [gas("gas", 0.5, 0, 50), {"name": "jet", "type": "turbojet", "efficiency": 1.7, "pmin": 0, "pmax": 50}]
    assert outputs_mw(plants, 50) == {"jet": 50, "gas": 0}
    assert outputs_mw(plants, 50, co2=False) == {"jet": 0, "gas": 50}


def test_knows_plants_of_one_name_by_their_position() -> None:
    read = read_fleet(payload(150, 100, [gas("x", 0.5, 0, 100), gas("x", 0.4, 0, 100)]))
    assert dispatch(read.plants, read.load).outputs == (1000, 500)


def test_ties_keep_the_given_order_and_repeat() -> None:
    units = [Unit(0, 10, 5.0), Unit(0, 10, 5.0), Unit(0, 10, 5.0)]
    assert dispatch(units, 15).outputs == (10, 5, 0)
    units = fleet(seeded(3), 80, 50, "blocks", "one")
    assert dispatch(units, 700).outputs == dispatch(units, 700).outputs == dispatch(tuple(units), 700).outputs


@PATHS
def test_fills_units_of_one_cost_from_the_first_on(solve: Solve) -> None:
    assert solve([Unit(0, 10, 5.0)] * 100, 455).outputs == (*[10] * 45, 5, *[0] * 54)
    mixed = [Unit(0, 10, 5.0), Unit(0, 10, 4.0)] * 50
    assert solve(mixed, 555).outputs == (*[10, 10] * 5, 5, *[10, 0] * 44, 10)


@PATHS
def test_a_load_of_0_is_a_plan_of_zeros(solve: Solve) -> None:
    plan = solve([Unit(5, 9, 7.0), Unit(0, 9, -3.0)], 0)
    assert plan == Plan((0, 0), 0.0, 0.0, -3.0)
    assert solve([], 0) == Plan((), 0.0, 0.0, None)
    assert solve([Unit(0, 0, 1.0)], 0) == Plan((0,), 0.0, 0.0, None)


def test_units_that_cannot_run_are_answered_with_0() -> None:
    assert dispatch([Unit(0, 0, 1.0), Unit(0, 9, 7.0), Unit(0, 0, 2.0)], 9).outputs == (0, 9, 0)
    assert by_many([Unit(0, 0, 1.0), Unit(0, 9, 7.0), Unit(0, 0, 2.0)], 9).outputs == (0, 9, 0)


@PATHS
def test_a_negative_price_is_used_as_far_as_the_load_goes(solve: Solve) -> None:
    plan = solve([Unit(0, 100, 10.0), Unit(30, 50, -20.0), Unit(40, 40, -30.0)], 60)
    assert plan.outputs == (20, 0, 40)
    assert plan.cost_eur == -100.0


@PATHS
def test_serves_thousands_of_tiny_units_exactly(solve: Solve) -> None:
    units = fleet(seeded(8), 3000, 4, "tiny", "nearly equal")
    least = least_costs(units)
    for load in (1, 437, 4321, capacity(units) - 1):
        check(answer(solve, units, load), units, load, least[load])


@PATHS
def test_serves_powers_beyond_32_bits(solve: Solve) -> None:
    plan = solve([Unit(3 * 10**12, 10**13, 5.0), Unit(0, 10**13, 6.0), Unit(10**13, 10**13, 1.0)], 14 * 10**12)
    assert plan.outputs == (4 * 10**12, 0, 10**13)
    assert plan.optimal


def test_searches_among_powers_beyond_32_bits() -> None:
    units = [Unit(3 * 10**12, 10**13, 5.0), Unit(0, 10**13, 9.0), Unit(10**13, 10**13, 1.0)]
    assert dispatch(units, 12 * 10**12).outputs == (0, 2 * 10**12, 10**13)
    with pytest.raises(Infeasible) as refused:
        dispatch(units[::2], 12 * 10**12)
    assert (refused.value.below, refused.value.above) == (10**13, 13 * 10**12)


# --- no plan ----------------------------------------------------------------------------------------------------------

TWO = [Unit(400, 500, 5.0), Unit(1000, 1000, 6.0)]
BLOCKS = [Unit(40, 40, 5.0), Unit(60, 60, 6.0), Unit(100, 100, 4.0)]


@PATHS
@pytest.mark.parametrize(
    ("units", "load", "reason", "below", "above", "message"),
    [
        (TWO, 1501, "capacity", 1500, None, "load 150.1 MW is outside what the plants can produce, 0 to 150 MW"),
        ([], 5, "capacity", 0, None, "load 0.5 MW is outside what the plants can produce, 0 to 0 MW"),
        (TWO, 10**13, "capacity", 1500, None, "load 1000000000000 MW is outside what the plants can produce"),
        (TWO, 10**400, "capacity", 1500, None, "is outside what the plants can produce, 0 to 150 MW"),
        (
            TWO,
            510,
            "gap",
            500,
            1000,
            "load 51 MW lies in a gap between the loads that the plants can produce; the nearest that can be met: 50",
        ),
        (TWO, 1, "gap", 0, 400, "0 MW below and 40 MW above"),
        (TWO, 1399, "gap", 1000, 1400, "100 MW below and 140 MW above"),
        (
            BLOCKS,
            110,
            "gcd",
            100,
            140,
            "load 11 MW is not a multiple of 2 MW, as everything that the plants can produce is; the nearest",
        ),
        (BLOCKS, 120, "gap", 100, 140, "load 12 MW lies in a gap"),
        (
            TWO,
            Fraction(9001, 10),
            "granularity",
            500,
            1000,
            "load 90.01 MW is not a multiple of 0.1 MW; the nearest that can be met: 50 MW below and 100 MW above",
        ),
        (TWO, Fraction(1, 2), "granularity", 0, 400, "load 0.05 MW is not a multiple of 0.1 MW"),
        (TWO, Fraction(10**13 + 1, 2), "granularity", 1500, None, "the nearest that can be met: 150 MW below"),
        ([Unit(0, 90, 1.0)], Fraction(5, 2), "granularity", 2, 3, "0.2 MW below and 0.3 MW above"),
        (BLOCKS, Fraction(201, 2), "granularity", 100, 140, "10 MW below and 14 MW above"),
    ],
)
def test_explains_why_there_is_no_plan(
    solve: Solve, units: list[Unit], load: int, reason: str, below: int, above: int | None, message: str
) -> None:
    with pytest.raises(Infeasible) as refused:
        solve(units, load)
    assert message in str(refused.value)
    assert (refused.value.reason, refused.value.load) == (reason, load)
    assert (refused.value.below, refused.value.above) == (below, above)


def test_refuses_a_negative_load() -> None:
    with pytest.raises(ValueError, match="load is -5 tenths of MW; it must be at least 0"):
        dispatch(TWO, -5)


@pytest.mark.parametrize("ranges", ["even blocks", "mostly multiples of six", "blocks of three sizes", "blocks", "any"])
def test_tells_the_nearest_loads_of_many_units(ranges: str) -> None:
    rng = seeded(ranges)
    for count in (3, 26, 60):
        units = fleet(rng, count, 40, ranges)
        met = [load for load, least in enumerate(least_costs(units)) if least < inf]
        for load in sorted(set(range(capacity(units) + 1)) - set(met))[:200]:
            with pytest.raises(Infeasible) as refused:
                dispatch(units, load)
            assert refused.value.below == max(other for other in met if other < load)
            assert refused.value.above == min(other for other in met if other > load)


# --- the budget -------------------------------------------------------------------------------------------------------

HARD = {"blocks": "dearer by size", "mostly multiples of six": "nearly equal", "pmin close to pmax": "dearer by size"}


@pytest.mark.parametrize(("ranges", "costs"), HARD.items())
def test_a_spent_budget_gives_a_plan_and_a_true_bound(ranges: str, costs: str) -> None:
    rng = seeded(ranges)
    gaps = 0
    for count in (40, 90):
        units = fleet(rng, count, 30, ranges, costs)
        least = least_costs(units)
        for load in rng.sample(range(capacity(units) // 4, capacity(units)), 6):
            for calls in (1, 2, 5, 10, 20, 30, 40, 60, 90, inf):
                found = answer(partial(dispatch, clock=Clock(calls)), units, load)
                if isinstance(found, NoPlan):
                    assert least[load] == inf or (found.reason == "undecided" and calls < inf)
                    continue
                assert_meets(found, units, load)
                assert found.bound_eur <= least[load] + EUR
                assert found.cost_eur >= least[load] - EUR
                assert found.gap_eur >= 0
                gaps += not found.optimal
                assert found.optimal or calls < inf
    assert gaps > 0


def test_without_a_search_the_bound_is_what_merit_order_costs() -> None:
    units = fleet(seeded("relaxed"), 60, 30, "blocks", "dearer by size")
    free = [Unit(0, unit.pmax, unit.eur_per_mwh) for unit in units]
    gaps = 0
    for load in range(100, capacity(units), 17):
        found = answer(partial(dispatch, clock=Clock(1)), units, load)
        if isinstance(found, Plan) and not found.optimal:
            gaps += 1
            assert found.bound_eur == pytest.approx(dispatch(free, load).cost_eur)
    assert gaps > 3


def test_a_few_large_blocks_are_searched_as_long_as_the_budget_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small, "MAX_BRANCHES", 20)
    monkeypatch.setattr(core, "MAX_CELLS", 0)
    units = fleet(seeded("large"), 11, 50, "blocks", "nearly equal")
    gaps, undecided = 0, 0
    for load in range(0, capacity(units), 11):
        least = least_cost_by_subsets(units, load)
        check(answer(dispatch, units, load), units, load, least)
        found = answer(partial(dispatch, clock=Clock(2)), units, load)
        if isinstance(found, Plan):
            assert_meets(found, units, load)
            assert found.bound_eur <= least + EUR <= found.cost_eur + 2 * EUR
            gaps += not found.optimal
        else:
            assert isinstance(found, Undecided) or least == inf
            undecided += isinstance(found, Undecided)
    assert gaps > 1
    assert undecided > 0


def test_without_time_and_luck_it_is_undecided() -> None:
    units = [Unit(size, size, 30 + size % 7) for size in range(100_003, 160_000, 1_501)]
    with pytest.raises(Undecided) as undecided:
        dispatch(units, 1_000_001, budget_s=0.25, clock=Clock(1))
    assert "load 100000.1 MW: neither a plan nor a proof that there is none was found in 0.25 s" in str(undecided.value)
    assert (undecided.value.reason, undecided.value.load) == ("undecided", 1_000_001)
    assert (undecided.value.below, undecided.value.above) == (None, None)


def test_says_what_is_known_where_there_is_no_time_for_the_nearest_loads() -> None:
    units = [Unit(400 + i, 400 + i, 5.0) for i in range(40)]
    with pytest.raises(Infeasible) as refused:
        dispatch(units, 399, clock=Clock(1))
    assert str(refused.value) == "load 39.9 MW lies in a gap between the loads that the plants can produce"
    assert (refused.value.reason, refused.value.below, refused.value.above) == ("gap", None, None)


# --- manners ----------------------------------------------------------------------------------------------------------


@PATHS
def test_changes_no_argument(solve: Solve) -> None:
    units = fleet(seeded(4), 30, 50, "any", "any")
    before = list(units)
    solve(units, 300)
    assert units == before


def test_prepares_many_units_once_and_leaves_few_alone() -> None:
    few, many = fleet(seeded(4), 5, 50), fleet(seeded(4), 50, 50)
    assert prepared(few) is few
    assert dispatch(prepared(many), 300) == dispatch(many, 300)


def test_does_without_numpy_for_a_few_units() -> None:
    code = """
import sys
from powerplant.dispatch import Infeasible, dispatch
from powerplant.units import Unit
assert dispatch([Unit(10, 40, 5.0), Unit(20, 40, 6.0)], 45).outputs == (25, 20)
try:
    dispatch([Unit(10, 40, 5.0), Unit(20, 40, 6.0)], 5)
except Infeasible as infeasible:
    assert (infeasible.below, infeasible.above) == (0, 10)
assert "numpy" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
