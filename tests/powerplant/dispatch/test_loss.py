"""The identity the search rests on: a plan costs what merit order costs, and its loss."""

import numpy as np
import pytest

from powerplant.dispatch import start
from powerplant.dispatch.budget import Budget
from powerplant.dispatch.core import search
from powerplant.dispatch.fixing import core_of, core_units, undecided
from powerplant.dispatch.loss import limit
from powerplant.dispatch.merit import Merit, MeritOrder
from powerplant.dispatch.start import first_plan
from tests.powerplant.oracles import cost_eur, fleet, seeded


def test_the_loss_is_what_a_plan_costs_above_merit_order() -> None:
    rng = seeded("identity")
    for _ in range(300):
        units = fleet(rng, rng.randint(1, 12), 40)
        outputs = [rng.choice([0, rng.randint(unit.pmin, unit.pmax)]) for unit in units]
        order = MeritOrder.of(units)
        if not sum(outputs):
            continue
        merit = Merit.of(order, sum(outputs) // order.step)
        relaxed = merit.outputs()
        relaxed[merit.brk] = merit.rest
        lowest = order.eur_per_mwh @ relaxed * order.step / 10
        in_order = np.array(outputs)[order.position] // order.step
        assert cost_eur(units, outputs) == pytest.approx(lowest + merit.loss(in_order) / 10)


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


def test_a_better_loss_is_better_by_more_than_the_rounding_of_floats() -> None:
    assert limit(float("inf")) == float("inf")
    assert limit(5.0) == 5.0 - 1e-9
    assert limit(1e9) == 1e9 - 1e-3
    assert limit(1e-10) < 0
