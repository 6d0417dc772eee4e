"""The identity the search rests on: a plan costs what merit order costs, and its loss."""

import numpy as np
import pytest

from powerplant.dispatch.loss import limit
from powerplant.dispatch.merit import Merit, MeritOrder
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


def test_a_better_loss_is_better_by_more_than_the_rounding_of_floats() -> None:
    assert limit(float("inf")) == float("inf")
    assert limit(5.0) == 5.0 - 1e-9
    assert limit(1e9) == 1e9 - 1e-3
    assert limit(1e-10) < 0
