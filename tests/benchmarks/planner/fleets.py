"""The fleets of the contest, each the same in every run, and how awkward each kind is.

realistic   half gas with a pmin of 20 to 50 %, a fifth turbojets without one, the others wind, all or nothing
near        pmin at least 90 % of pmax, all costs within 0.5 EUR/MWh
block       pmin = pmax, all costs within 0.5 EUR/MWh
correlated  pmin = pmax, the larger the dearer: the hard cases of subset sum

Costs are whole in 1e-6 EUR/MWh, as CP-SAT wants them, so that all solve the very same instance.
"""

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, NamedTuple

from powerplant.dispatch import Unit
from powerplant.dispatch.merit import Merit, MeritOrder
from powerplant.units import read_fleet
from tests.powerplant.oracles import capacity, payload, seeded


class Instance(NamedTuple):
    """A fleet in no order of cost, and the load in tenths of MW."""

    units: tuple[Unit, ...]
    load: int


def realistic_payload(rng: Random, count: int) -> dict[str, Any]:
    """The challenge's payload for a realistic fleet; its load is 0."""
    kinds = rng.choices(["gasfired", "turbojet", "windturbine"], [5, 2, 3], k=count)
    return payload(0, 60, [realistic_plant(rng, kind, i) for i, kind in enumerate(kinds)])


def realistic_plant(rng: Random, kind: str, number: int) -> dict[str, Any]:
    """One plant of the payload."""
    low, high, least, most = {
        "gasfired": (50, 500, 0.35, 0.62),
        "turbojet": (5, 50, 0.25, 0.42),
        "windturbine": (8, 250, 1, 1),
    }[kind]
    pmax = rng.randint(10 * low, 10 * high) / 10
    pmin = round(pmax * rng.uniform(0.2, 0.5), 1) if kind == "gasfired" else 0
    efficiency = round(rng.uniform(least, most), 4)
    return {"name": f"{kind}{number}", "type": kind, "efficiency": efficiency, "pmin": pmin, "pmax": pmax}


def realistic(rng: Random, count: int) -> list[Unit]:
    """In the payload's order."""
    plants = read_fleet(realistic_payload(rng, count)).plants
    return [
        Unit(plant.pmin, plant.pmax, round(plant.eur_per_mwh, 6))
        for plant in sorted(plants, key=lambda plant: plant.position)
    ]


def near(rng: Random, count: int) -> list[Unit]:
    """Narrow ranges."""
    sizes = [rng.randint(500, 5000) for _ in range(count)]
    return [Unit(int(size * rng.uniform(0.9, 0.99)), size, round(30 + rng.uniform(0, 0.5), 6)) for size in sizes]


def block(rng: Random, count: int) -> list[Unit]:
    """No range at all."""
    sizes = [rng.randint(500, 5000) for _ in range(count)]
    return [Unit(size, size, round(30 + rng.uniform(0, 0.5), 6)) for size in sizes]


def correlated(rng: Random, count: int) -> list[Unit]:
    """The dearer by size."""
    sizes = [rng.randint(500, 5000) for _ in range(count)]
    return [Unit(size, size, 20 + size / 100) for size in sizes]


FAMILIES: dict[str, Callable[[Random, int], list[Unit]]] = {
    "realistic": realistic,
    "near": near,
    "block": block,
    "correlated": correlated,
}


def instances(family: str, size: int, count: int, *, easy: bool = False) -> Iterator[Instance]:
    """`count` instances of `size` units that merit order alone does not solve; with `easy`, that it does."""
    rng = seeded(f"{family} {size}")
    while count:
        units = tuple(FAMILIES[family](rng, size))
        load = int(capacity(units) * rng.uniform(0.1, 0.9))
        if easy == merit_order_meets(units, load):
            count -= 1
            yield Instance(units, load)


def merit_order_meets(units: tuple[Unit, ...], load: int) -> bool:
    """Whether the break unit can give just the rest."""
    order = MeritOrder.of(units)
    merit = Merit.of(order, load // order.step)
    return load % order.step == 0 and merit.rest >= int(merit.lower[merit.brk])


def body(units: tuple[Unit, ...], load_mw: float, *, padding: int = 0) -> bytes:
    """A payload of gas plants that are these units, turbines where they cost nothing; `padding`: digits of a name."""
    plants = [
        {
            "name": f"{i:0{padding}}",
            "type": "gasfired" if unit.eur_per_mwh else "windturbine",
            "efficiency": 1 / (unit.eur_per_mwh or 1),
            "pmin": unit.pmin / 10,
            "pmax": unit.pmax / 10,
        }
        for i, unit in enumerate(units)
    ]
    fuels = {"gas(euro/MWh)": 1, "co2(euro/ton)": 0, "wind(%)": 100}
    return json.dumps({"load": load_mw, "fuels": fuels, "powerplants": plants}, separators=(",", ":")).encode()
