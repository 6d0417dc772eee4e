"""Independent answers to compare with, random fleets of every awkward kind, and the challenge's three payloads."""

import itertools
import random
from collections.abc import Callable, Sequence
from math import inf

import numpy as np

from powerplant.dispatch import Plan, Unit
from powerplant.dispatch.merit import Merit, MeritOrder
from powerplant.units import WIND_MODES, read_fleet

EUR = 1e-6  # costs agree within this

FUELS = {"gas(euro/MWh)": 13.4, "kerosine(euro/MWh)": 50.8, "co2(euro/ton)": 20, "wind(%)": 60}
PLANTS = [
    {"name": "gasfiredbig1", "type": "gasfired", "efficiency": 0.53, "pmin": 100, "pmax": 460},
    {"name": "gasfiredbig2", "type": "gasfired", "efficiency": 0.53, "pmin": 100, "pmax": 460},
    {"name": "gasfiredsomewhatsmaller", "type": "gasfired", "efficiency": 0.37, "pmin": 40, "pmax": 210},
    {"name": "tj1", "type": "turbojet", "efficiency": 0.3, "pmin": 0, "pmax": 16},
    {"name": "windpark1", "type": "windturbine", "efficiency": 1, "pmin": 0, "pmax": 150},
    {"name": "windpark2", "type": "windturbine", "efficiency": 1, "pmin": 0, "pmax": 36},
]


def seeded(seed: object) -> random.Random:
    """The same numbers in every run."""
    return random.Random(str(seed))  # noqa: S311 - nothing secret


def payload(load: object = 480, wind: object = 60, plants: object = None, **fuels: object) -> dict[str, object]:
    """The challenge's payload; 480 and 60, 480 and 0, 910 and 60 are the official ones."""
    return {"load": load, "fuels": {**FUELS, "wind(%)": wind, **fuels}, "powerplants": plants or PLANTS}


def capacity(units: Sequence[Unit]) -> int:
    """What all units give together."""
    return sum(unit.pmax for unit in units)


def least_cost_by_outputs(units: Sequence[Unit], load: int) -> float:
    """In EUR, by trying every output of every unit; infinite when none meets the load."""
    ranges = [(0, *range(max(unit.pmin, 1), unit.pmax + 1)) for unit in units]
    met = (outputs for outputs in itertools.product(*ranges) if sum(outputs) == load)
    return min((cost_eur(units, outputs) for outputs in met), default=inf)


def least_cost_by_subsets(units: Sequence[Unit], load: int) -> float:
    """In EUR, by trying every set of running units at once, each filled above its pmin by rising cost."""
    runs = np.arange(1 << len(units))
    ranked = [(runs >> i & 1, unit) for i, unit in enumerate(sorted(units, key=lambda unit: unit.eur_per_mwh))]
    spare = load - sum((on * unit.pmin for on, unit in ranked), start=0 * runs)
    met, cost = spare >= 0, np.zeros(len(runs))
    for on, unit in ranked:
        extra = np.minimum(spare, on * (unit.pmax - unit.pmin))
        spare -= extra
        cost += unit.eur_per_mwh * (on * unit.pmin + extra)
    return float(cost[met & (spare == 0)].min(initial=inf)) / 10


def least_costs(units: Sequence[Unit]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """In EUR, for every load from 0 to what all units give: unit by unit, output by output."""
    costs = np.full(capacity(units) + 1, inf)
    costs[0] = 0.0
    for unit in units:
        before = costs.copy()
        for output in range(max(unit.pmin, 1), unit.pmax + 1):
            np.minimum(costs[output:], before[:-output] + unit.eur_per_mwh * output / 10, out=costs[output:])
    return costs


def cost_eur(units: Sequence[Unit], outputs: Sequence[int]) -> float:
    """What outputs cost."""
    return sum(unit.eur_per_mwh * output for unit, output in zip(units, outputs, strict=True)) / 10


def assert_meets(plan: Plan, units: Sequence[Unit], load: int) -> None:
    """A plan is one: exact sum, every output possible, the cost that of the outputs."""
    assert sum(plan.outputs) == load
    for unit, output in zip(units, plan.outputs, strict=True):
        assert output == 0 or unit.pmin <= output <= unit.pmax, (unit, output)
    assert abs(plan.cost_eur - cost_eur(units, plan.outputs)) < EUR
    assert plan.bound_eur == plan.cost_eur - plan.gap_eur
    assert plan.optimal == (plan.gap_eur == 0)


def drawn_merit(rng: random.Random, count: int, top: int, ranges: str, costs: str) -> tuple[MeritOrder, Merit]:
    """Some units that can run in merit order, and what it does for a load."""
    while True:
        order = MeritOrder.of(fleet(rng, rng.randint(2, count), top, ranges, costs))
        load = rng.randint(1, max(order.capacity, 1))
        order = order.within(load)
        if order.capacity >= load:
            return order, Merit.of(order, load)


def least_loss(order: MeritOrder, merit: Merit) -> float:
    """The loss of the cheapest plan by enumeration, infinite when there is none."""
    limits = zip(order.lower.tolist(), order.upper.tolist(), merit.away.tolist(), strict=True)
    away = [Unit(low, high, -cost if i < merit.brk else cost) for i, (low, high, cost) in enumerate(limits)]
    cheap = float((merit.away * order.upper)[: merit.brk].sum())
    return 10 * least_cost_by_subsets(away, merit.load) + cheap


def assert_possible(order: MeritOrder, merit: Merit, outputs: Sequence[int], loss: float) -> None:
    """Outputs in merit order are those of a plan with that loss."""
    assert sum(outputs) == merit.load
    for low, high, output in zip(order.lower, order.upper, outputs, strict=True):
        assert output == 0 or low <= output <= high
    assert abs(merit.loss(np.array(outputs)) - loss) < EUR


def _close_below(rng: random.Random, top: int) -> tuple[int, int]:
    high = rng.randint(1, top)
    return max(high - rng.randint(0, 2), 0), high


def _any_below(rng: random.Random, top: int) -> tuple[int, int]:
    high = rng.randint(0, top)
    return rng.randint(0, high), high


def _far_up(rng: random.Random, top: int) -> tuple[int, int]:
    high = rng.randint(1, top)
    return rng.choice([0, high // 2, high]), high


def _blocks(step: int, odd: float = 0.0) -> Callable[[random.Random, int], tuple[int, int]]:
    """Multiples of `step`; a share of `odd` is one more."""

    def draw(rng: random.Random, top: int) -> tuple[int, int]:
        size = step * rng.randint(1, max(top // step, 1)) + (rng.random() < odd)
        return size, size

    return draw


def _few_sizes(rng: random.Random, _top: int) -> tuple[int, int]:
    size = rng.choice([6, 10, 15])
    return size, size


RANGES = {
    "any": _any_below,
    "pmin close to pmax": _close_below,
    "pmin 0, far up or pmax": _far_up,
    "blocks": _blocks(1),
    "even blocks": _blocks(2),
    "mostly multiples of six": _blocks(6, odd=0.1),
    "blocks of three sizes": _few_sizes,
    "equal blocks": lambda _rng, top: (max(top // 2, 1), max(top // 2, 1)),
    "a few kinds": lambda rng, _top: rng.choice([(4, 7), (4, 9), (9, 11), (6, 6), (0, 5)]),
    "tiny": lambda rng, _top: (rng.randint(1, 2), rng.randint(2, 4)),
}

COSTS: dict[str, Callable[[random.Random, int], float]] = {
    "any": lambda rng, _size: rng.uniform(10, 60),
    "nearly equal": lambda rng, _size: rng.uniform(30, 30.5),
    "few": lambda rng, _size: float(rng.randint(0, 3)),
    "one": lambda _rng, _size: 5.0,
    "dearer by size": lambda _rng, size: 20 + size / 2,
    "cheaper by size": lambda _rng, size: 20 + 60 / max(size, 1),
    "negative too": lambda rng, _size: rng.choice([rng.uniform(-40, 40), 0.0, -5.0]),
    "nothing": lambda _rng, _size: 0.0,
}


def drawn_payload(rng: random.Random, count: int) -> dict[str, object]:
    """`count` plants of all types, or wind only, under drawn prices, 0 and negative ones among them; the load is 0."""
    kinds = rng.choice([["gasfired", "gasfired", "turbojet", "windturbine"], ["gasfired", "turbojet"], ["windturbine"]])
    plants = []
    for i in range(count):
        pmax = round(rng.uniform(0, rng.choice([5, 60, 500])), 1)
        pmin = rng.choice([0, pmax, round(pmax * rng.random(), 1), round(pmax * rng.uniform(0.8, 1), 1)])
        efficiency = round(rng.uniform(0.25, 0.65), 2)
        plants.append({"name": str(i), "type": rng.choice(kinds), "efficiency": efficiency, "pmin": pmin, "pmax": pmax})
    gas, kerosine = (rng.choice([0, round(rng.uniform(-20, 60), 2), 13.4]) for _ in range(2))
    wind, co2 = rng.choice([0, 25, 60, 100, round(rng.uniform(0, 100), 1)]), rng.choice([0, 20, 90])
    fuels = {"gas(euro/MWh)": gas, "kerosine(euro/MWh)": kerosine, "co2(euro/ton)": co2, "wind(%)": wind}
    return {"load": 0, "fuels": fuels, "powerplants": plants}


def fleet(rng: random.Random, count: int, top: int, ranges: str | None = None, costs: str | None = None) -> list[Unit]:
    """`count` units of up to about `top`, of the kind named or a random one."""
    draw_range = RANGES[ranges or rng.choice(sorted(RANGES))]
    draw_cost = COSTS[costs or rng.choice(sorted(COSTS))]
    limits = [draw_range(rng, top) for _ in range(count)]
    return [Unit(low, high, draw_cost(rng, high)) for low, high in limits]


FAMILIES = [*RANGES, "payloads"]


def drawn_units(rng: random.Random, family: str) -> list[Unit]:
    """4 to 60 units of one of FAMILIES; their costs are whole in 1e-4 EUR/MWh, as CP-SAT wants them."""
    count = rng.choice([4, 9, 16, 25, 40, 60])
    if family == "payloads":
        units: Sequence[Unit] = read_fleet(drawn_payload(rng, count), wind=rng.choice(WIND_MODES)).plants
    else:
        units = fleet(rng, count, rng.choice([20, 100, 1000, 5000]), family)
    return [Unit(unit.pmin, unit.pmax, round(unit.eur_per_mwh, 4)) for unit in units]
