"""How often dispatch and others disagree: all sets of running units, and CP-SAT. It must be never."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from math import inf
from os import cpu_count
from random import Random
from typing import Any

from powerplant.dispatch import Infeasible, NoPlan, Plan, Unit, dispatch
from powerplant.dispatch.merit import MeritOrder
from powerplant.units import WIND_MODES, read_fleet
from tests.powerplant import solvers
from tests.powerplant.oracles import (
    EUR,
    FAMILIES,
    assert_meets,
    capacity,
    cost_eur,
    drawn_payload,
    drawn_units,
    fleet,
    least_cost_by_subsets,
    least_costs,
    seeded,
)

CHUNK = 250
LIMIT_S = 10  # for CP-SAT and one instance
KNOWN_LOADS = 4000  # up to which the nearest loads are looked up in a list of all

Tell = Callable[[str], None]


def agreement(by_sets: int, by_cpsat: int, tell: Tell) -> dict[str, Any]:
    """What was compared and how often it differed; `by_cpsat` instances that CP-SAT decides, 0 where it is missing."""
    with ProcessPoolExecutor(cpu_count()) as pool:
        sets = Counter[str]()
        for seen in pool.map(_with_sets, range(-(-by_sets // CHUNK)), repeat(min(by_sets, CHUNK))):
            sets += seen
            tell(f"against all sets of running units: {sets['instances']} of {by_sets}")
        cpsat = Counter[str]()
        chunk = 0
        while decided(cpsat) < by_cpsat:
            chunks = range(chunk, chunk + 2 * (cpu_count() or 1))
            for seen in pool.map(_with_cpsat, chunks, repeat(min(by_cpsat, CHUNK // 5))):
                cpsat += seen
                tell(f"against CP-SAT: {decided(cpsat)} decided of {by_cpsat}")
            chunk = chunks.stop
    return {"sets": dict(sets), "cpsat": dict(cpsat)}


def decided(seen: Counter[str]) -> int:
    """How many instances CP-SAT decided."""
    return seen["optimal"] + seen["infeasible"]


def _answers(units: Sequence[Unit], load: int) -> Iterable[Plan | NoPlan]:
    """The answer, and the one of the search for many units where there are few."""
    for asked in (units, MeritOrder.of(units))[: 2 if len(units) <= 25 else 1]:
        try:
            yield dispatch(asked, load, budget_s=60)
        except NoPlan as without:
            yield without


def _load(rng: Random, units: Sequence[Unit]) -> int:
    """Any up to a little above the capacity, or that of some plan."""
    some = sum(rng.choice([0, unit.pmin, unit.pmax]) for unit in units)
    return rng.choice([rng.randint(0, capacity(units) + 2), some])


def _with_sets(chunk: int, count: int) -> Counter[str]:
    """`count` instances of up to 11 units."""
    rng = seeded(f"sets {chunk}")
    seen = Counter[str](instances=count)
    for _ in range(count):
        units = _few_units(rng)
        load = _load(rng, units)
        least = least_cost_by_subsets(units, load)
        seen["possible" if least < inf else "impossible"] += 1
        seen["disagreements"] += not all(_agrees(found, units, load, least) for found in _answers(units, load))
    return seen


def _few_units(rng: Random) -> Sequence[Unit]:
    count = rng.randint(1, 11)
    if rng.random() < 0.3:
        return read_fleet(drawn_payload(rng, count), wind=rng.choice(WIND_MODES), co2=rng.random() < 0.5).plants
    return fleet(rng, count, rng.choice([6, 20, 60, 400]))


def _agrees(found: Plan | NoPlan, units: Sequence[Unit], load: int, least: float) -> bool:
    """Whether an answer is the least cost known, or right about the nearest loads."""
    if isinstance(found, Plan):
        assert_meets(found, units, load)
        return found.optimal and abs(found.cost_eur - least) < EUR
    if least < inf or not isinstance(found, Infeasible):
        return False
    if capacity(units) > KNOWN_LOADS:
        return True
    met = [other for other, cost in enumerate(least_costs(units)) if cost < inf]
    below = max(other for other in met if other < load)
    return (found.below, found.above) == (below, min((other for other in met if other > load), default=None))


def _with_cpsat(chunk: int, count: int) -> Counter[str]:
    """`count` instances of 4 to 60 units, by a CP-SAT of its own."""
    rng = seeded(f"cpsat {chunk}")
    seen = Counter[str](instances=count)
    with solvers.running(solvers.CPSAT) as solver:
        for _ in range(count):
            units = drawn_units(rng, rng.choice([*FAMILIES, *["payloads"] * len(FAMILIES)]))
            load = _load(rng, units)
            proven = solver.solve(units, load, limit_s=LIMIT_S)
            seen[proven.status] += 1
            cost = inf if proven.outputs is None else cost_eur(units, proven.outputs)
            for found in _answers(units, load):
                seen["disagreements"] += not _fits(found, proven.status, cost)
    return seen


def _fits(found: Plan | NoPlan, status: str, cost: float) -> bool:
    """Whether an answer and what CP-SAT proved can both be true."""
    if isinstance(found, NoPlan):
        return isinstance(found, Infeasible) and cost == inf
    if not found.optimal or status == "infeasible" or found.cost_eur > cost + EUR:
        return False
    return status != "optimal" or found.cost_eur > cost - EUR
