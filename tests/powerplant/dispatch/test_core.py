"""The core search against all outputs of its units; stopped anywhere, its bound holds."""

from math import inf

import pytest

from powerplant.dispatch import core, dispatch, large
from powerplant.dispatch.budget import Budget
from powerplant.dispatch.core import search
from powerplant.dispatch.fixing import core_of, core_units, undecided
from powerplant.dispatch.merit import Merit, MeritOrder
from tests.powerplant.oracles import EUR, assert_meets, fleet, least_costs, seeded

HARD = [
    ("blocks", "dearer by size"),
    ("blocks", "nearly equal"),
    ("pmin close to pmax", "any"),
    ("pmin 0, far up or pmax", "nearly equal"),
    ("any", "few"),
]


def timeless() -> Budget:
    """No end."""
    return Budget(1.0, lambda: 0.0)


def ending(steps: int) -> Budget:
    """The end after so many units."""
    asked = iter(range(10**9))
    return Budget(1.0, lambda: 0.0 if next(asked) <= steps else 9.0)


@pytest.mark.parametrize(("ranges", "costs"), HARD)
def test_the_bound_holds_after_each_unit(ranges: str, costs: str) -> None:
    rng = seeded(f"{ranges} {costs}")
    for _ in range(12):
        order = MeritOrder.of(fleet(rng, 14, 20, ranges, costs))
        load = rng.randint(1, order.capacity)
        if order.within(load).capacity < load:
            continue
        merit = Merit.of(order.within(load), load)
        all_units = core_of(merit, core_units(merit, undecided(merit, inf)), inf)
        best = search(all_units, inf, timeless())
        assert best.bound == best.loss
        for steps in range(len(all_units.units) + 1):
            stopped = search(all_units, inf, ending(steps))
            assert stopped.bound <= best.loss + 1e-9 <= stopped.loss + 2e-9
            if stopped.moves is not None:
                outputs = merit.outputs()
                for unit, move in stopped.moves:
                    outputs[unit] += move
                assert outputs.sum() == load
                assert merit.loss(outputs) == pytest.approx(stopped.loss)


@pytest.mark.parametrize(("ranges", "costs"), [*HARD, ("a few kinds", "few"), ("a few kinds", "one"), ("tiny", "few")])
def test_finds_the_best_of_all_outputs(ranges: str, costs: str) -> None:
    rng = seeded(f"best {ranges} {costs}")
    for _ in range(15):
        units = fleet(rng, rng.randint(2, 16), 20, ranges, costs)
        least = least_costs(units)
        order = MeritOrder.of(units)
        for load in rng.sample(range(1, order.capacity + 1), min(order.capacity, 10)):
            if order.within(load).capacity < load:
                continue
            merit = Merit.of(order.within(load), load)
            found = search(core_of(merit, core_units(merit, undecided(merit, inf)), inf), inf, timeless())
            relaxed = merit.outputs()
            relaxed[merit.brk] = merit.rest
            lowest = order.within(load).eur_per_mwh @ relaxed * order.step / 10
            assert lowest + found.loss / 10 == pytest.approx(least[load * order.step])
            assert found.bound == found.loss


@pytest.mark.parametrize(("ranges", "costs"), HARD)
def test_fixing_keeps_the_best_plan(ranges: str, costs: str) -> None:
    rng = seeded(f"fixing {ranges} {costs}")
    fixed = 0
    for _ in range(40):
        order = MeritOrder.of(fleet(rng, 12, 20, ranges, costs))
        load = rng.randint(1, order.capacity)
        if order.within(load).capacity < load:
            continue
        merit = Merit.of(order.within(load), load)
        best = search(core_of(merit, core_units(merit, undecided(merit, inf)), inf), inf, timeless())
        for loss in (best.loss * 1.01 + 0.01, best.loss * 2 + 1, best.loss * 10 + 10):
            units = undecided(merit, loss)
            fixed += len(undecided(merit, inf)) - len(units)
            again = search(core_of(merit, core_units(merit, units), loss), loss, timeless())
            assert again.loss == pytest.approx(best.loss)
    assert fixed > 0


@pytest.mark.parametrize("what", ["MAX_CELLS", "MAX_CHOICE_BYTES"])
def test_the_memory_ends_a_search_with_a_plan_and_a_true_bound(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "go_on", lambda _merit, best, bound, _budget: (best, bound))
    rng = seeded("memory")
    units = fleet(rng, 60, 30, "blocks", "dearer by size")
    least = least_costs(units)
    loads = rng.sample(range(len(least) // 4, len(least) // 2), 8)
    assert all(dispatch(units, load).optimal for load in loads)
    gaps = []
    for limit in (0, 20, 40, 80, 160, 10**6):
        monkeypatch.setattr(core, what, limit)
        plans = [dispatch(units, load) for load in loads]
        for load, plan in zip(loads, plans, strict=True):
            assert_meets(plan, units, load)
            assert plan.bound_eur <= least[load] + EUR <= plan.cost_eur + 2 * EUR
        gaps.append(sum(plan.gap_eur for plan in plans))
    assert gaps[0] > gaps[-1] == 0
    assert len(set(gaps)) > 2
