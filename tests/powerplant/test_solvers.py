"""dispatch against solvers of others: the same costs, the same loads that nothing meets."""

from collections import Counter
from collections.abc import Iterator, Sequence
from math import inf

import pytest

from powerplant.dispatch import Infeasible, NoPlan, Plan, Unit, dispatch
from powerplant.dispatch.merit import MeritOrder
from tests import services
from tests.powerplant import solvers
from tests.powerplant.oracles import (
    FAMILIES,
    assert_meets,
    capacity,
    cost_eur,
    drawn_units,
    seeded,
)
from tests.powerplant.solvers import Solver

pytestmark = pytest.mark.live

COUNT = 80
LIMIT_S = 3
WITH_GAPS = ["blocks", "even blocks", "mostly multiples of six", "blocks of three sizes", "equal blocks", "payloads"]
TOLERANCE_EUR = {solvers.CPSAT: 1e-6, solvers.HIGHS: 1e-3}  # HiGHS takes 1 - 1e-6 for 1


@pytest.fixture(scope="module", params=TOLERANCE_EUR, ids=lambda script: script.stem)
def solver(request: pytest.FixtureRequest) -> Iterator[tuple[Solver, float]]:
    """A solver in a process of its own, and how exact it is."""
    if not solvers.PYTHON.exists():
        services.missing(".venv-solvers")
    with solvers.running(request.param) as running:
        yield running, TOLERANCE_EUR[request.param]


def answers(units: Sequence[Unit], load: int) -> Iterator[Plan | NoPlan]:
    """The answer, and the one of the search for many units where there are few."""
    for asked in (units, MeritOrder.of(units))[: 2 if len(units) <= 25 else 1]:
        try:
            yield dispatch(asked, load, budget_s=60)
        except NoPlan as without:
            yield without


@pytest.mark.parametrize("family", FAMILIES)
def test_costs_what_a_solver_proves(solver: tuple[Solver, float], family: str) -> None:
    rng = seeded(f"solvers {family}")
    running, tolerance = solver
    proven: Counter[str] = Counter()
    for _ in range(COUNT):
        units = drawn_units(rng, family)
        load = rng.choice([rng.randint(0, capacity(units)), sum(rng.choice([0, unit.pmax]) for unit in units)])
        other = running.solve(units, load, limit_s=LIMIT_S)
        proven[other.status] += 1
        cost = inf if other.outputs is None else cost_eur(units, other.outputs)
        for found in answers(units, load):
            if isinstance(found, NoPlan):
                assert isinstance(found, Infeasible)
                assert cost == inf, (units, load)
            else:
                assert_meets(found, units, load)
                assert found.optimal
                assert found.cost_eur < cost + tolerance, (units, load)
                assert other.status != "infeasible", (units, load)
                assert found.cost_eur > cost - tolerance or other.status != "optimal", (units, load)
    assert proven["optimal"] > COUNT / 3
    assert proven["optimal"] + proven["infeasible"] > 0.8 * COUNT


@pytest.mark.parametrize("family", WITH_GAPS)
def test_no_solver_meets_a_load_between_the_nearest(solver: tuple[Solver, float], family: str) -> None:
    rng = seeded(f"nearest {family}")
    running, _ = solver
    proven: Counter[str] = Counter()
    for _ in range(COUNT):
        units = drawn_units(rng, family)
        for found in answers(units, rng.randint(0, capacity(units))):
            if isinstance(found, Plan):
                continue
            assert found.below is not None
            assert found.above is not None
            between = running.solve(units, found.below + 1, found.above - 1, limit_s=LIMIT_S)
            assert between.outputs is None, (units, found)
            proven[between.status] += 1
            for met in (found.below, found.above):
                assert running.solve(units, met, limit_s=LIMIT_S).status != "infeasible", (units, found, met)
    assert proven["infeasible"] > max(5, 0.8 * proven.total())
