"""The first plan is one, and where nothing is left to decide it is the best."""

import pytest

from powerplant.dispatch import start
from powerplant.dispatch.budget import Budget
from powerplant.dispatch.core import search
from powerplant.dispatch.fixing import core_of, core_units, undecided
from powerplant.dispatch.merit import Merit, MeritOrder
from powerplant.dispatch.start import first_plan
from powerplant.units import Unit
from tests.powerplant.oracles import fleet, seeded


def test_the_first_plan_is_one_and_has_its_loss() -> None:
    rng = seeded("first")
    met = 0
    for _ in range(400):
        order = MeritOrder.of(fleet(rng, rng.randint(2, 30), 40))
        load = rng.randint(1, max(order.capacity, 1))
        if load > order.within(load).capacity:
            continue
        fitting = order.within(load)
        merit = Merit.of(fitting, load)
        plan = first_plan(merit)
        if plan.outputs is None:
            continue
        met += 1
        assert plan.outputs.sum() == load
        assert all((plan.outputs == 0) | ((plan.outputs >= fitting.lower) & (plan.outputs <= fitting.upper)))
        assert merit.loss(plan.outputs) == pytest.approx(plan.loss)
    assert met > 200


@pytest.mark.parametrize("filled", [0, 2, 2000])
def test_the_first_plan_is_the_best_where_all_decisions_are_fixed(filled: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "MAX_FILLED", filled)
    rng = seeded("fixed")
    met = 0
    for _ in range(600):
        units = fleet(rng, rng.randint(2, 14), 30, rng.choice(["any", "pmin 0, far up or pmax", "a few kinds"]))
        order = MeritOrder.of(units)
        load = rng.randint(1, max(order.capacity, 1))
        if load > order.within(load).capacity:
            continue
        merit = Merit.of(order.within(load), load)
        plan = first_plan(merit)
        if plan.outputs is not None and plan.loss > 0 and not undecided(merit, plan.loss).size:
            met += 1
            searched = search(core_of(merit, [], plan.loss), plan.loss, Budget(1.0, lambda: 0.0))
            assert searched.bound == plan.loss
            everything = core_units(merit, undecided(merit, float("inf")))
            searched = search(core_of(merit, everything, float("inf")), float("inf"), Budget(1.0, lambda: 0.0))
            assert searched.loss == pytest.approx(plan.loss)
    assert met > 20


@pytest.mark.parametrize(
    ("units", "load", "outputs", "loss"),
    [
        ([(0, 50, 1.0), (20, 60, 2.0)], 75, [50, 25], 0.0),  # the break unit takes the rest
        ([(0, 50, 1.0), (30, 60, 2.0), (0, 9, 5.0)], 55, [50, 0, 5], 15.0),  # the next one that can
        ([(10, 50, 1.0), (30, 60, 2.0)], 55, [25, 30], 25.0),  # at its pmin, and the one before lowered
        ([(50, 50, 1.0), (10, 60, 2.0)], 55, [0, 55], 50.0),  # a cheap one off
        ([(50, 50, 1.0), (80, 90, 2.0), (0, 4, 3.0), (0, 4, 4.0)], 55, [50, 0, 4, 1], 6.0),  # by those without pmin
        ([(50, 50, 1.0), (80, 90, 2.0), (3, 4, 3.0), (1, 4, 4.0)], 55, [50, 0, 4, 1], 6.0),  # what fits, one by one
    ],
)
def test_each_plain_way_finds_the_plan_that_it_is_for(
    units: list[tuple[int, int, float]], load: int, outputs: list[int], loss: float
) -> None:
    plan = first_plan(Merit.of(MeritOrder.of([Unit(*unit) for unit in units]), load))
    assert plan.outputs is not None
    assert (plan.outputs.tolist(), plan.loss) == (outputs, loss)


def test_finds_nothing_where_the_plain_ways_lead_to_none() -> None:
    units = [Unit(5, 5, 1.0), Unit(4, 4, 2.0), Unit(3, 3, 3.0)]
    assert first_plan(Merit.of(MeritOrder.of(units), 7)) == (None, float("inf"))
