"""Reading the challenge's payload, already decoded from JSON: a load, the fuels and the plants that need them."""

from collections.abc import Sequence
from math import inf
from operator import attrgetter
from sys import float_info
from typing import Final

from powerplant.units.conventions import (
    CO2_TON_PER_GAS_MWH,
    WIND_MODES,
    exact_tenths,
    gas_extra_eur,
    tenths_down,
    tenths_up,
    wind_mw,
)
from powerplant.units.findings import ABSENT, Findings, Malformed, TooManyPlants, json_name, shown
from powerplant.units.plants import Fleet, Plant

GAS, KEROSINE, CO2, WIND = "gas(euro/MWh)", "kerosine(euro/MWh)", "co2(euro/ton)", "wind(%)"
KEROSINE_IN_THE_PROSE: Final = "kerosine(euro/Mwh)"
SPELLINGS: Final = (GAS, KEROSINE, KEROSINE_IN_THE_PROSE, CO2, WIND)
GASFIRED, TURBOJET, WINDTURBINE = "gasfired", "turbojet", "windturbine"
NEEDS: Final = {GASFIRED: GAS, TURBOJET: KEROSINE, WINDTURBINE: WIND}

MAX_MW: Final = 10**12  # of one plant: sums over 100,000 of them fit 64 bits
MAX_EUR: Final = 10**12  # per MWh or ton
MAX_NAME_LETTERS: Final = 1000  # a comparison tells each name once a variant


def read_fleet(payload: object, *, wind: str = "onoff", co2: bool = True, max_plants: int | None = None) -> Fleet:
    """The load and the fleet that `payload`, decoded from JSON, describes; members it does not know are ignored.

    payload  of dicts, lists, str, int, float and Decimal
    wind     one of WIND_MODES
    co2      whether CO2 counts as a cost
    raises   Malformed: with all the faults; TooManyPlants; ValueError: no such wind mode
    """
    if wind not in WIND_MODES:
        raise ValueError(f"wind is {shown(wind)}; it must be one of {', '.join(WIND_MODES)}")
    found = Findings()
    if not isinstance(payload, dict):
        found.fault((), "type", f"the payload is {json_name(payload)}; it must be an object")
        raise Malformed(found.faults)
    entries = payload.get("powerplants", ABSENT)
    if max_plants is not None and isinstance(entries, list) and len(entries) > max_plants:
        raise TooManyPlants(len(entries), max_plants)
    load = found.number(payload.get("load", ABSENT), ("load",), 0, float_info.max)
    fuels = _Fuels(payload.get("fuels", ABSENT), found, co2_counts=co2)
    plants = _plants(entries, _PlantReader(fuels, found, curtail=wind == "curtail"), found)
    if found.faults or load is None:
        raise Malformed(found.faults)
    return Fleet(exact_tenths(load), plants, wind, co2, tuple(found.warnings))


def _plants(entries: object, reader: "_PlantReader", found: Findings) -> tuple[Plant, ...]:
    if not isinstance(entries, list):
        found.unfit(("powerplants",), entries, "a list")
        return ()
    read = [reader.plant(position, entry) for position, entry in enumerate(entries)]
    plants = [plant for plant in read if plant is not None]
    _warn_of_equal_names(plants, found)
    return tuple(sorted(plants, key=attrgetter("eur_per_mwh")))


def _warn_of_equal_names(plants: Sequence[Plant], found: Findings) -> None:
    first: dict[str, int] = {}
    for plant in plants:
        earlier = first.setdefault(plant.name, plant.position)
        if earlier != plant.position:
            detail = f"#/powerplants/{earlier} has the name {shown(plant.name)} too; plants are known by their position"
            found.warn(("powerplants", plant.position, "name"), "duplicate_name", detail)


class _Fuels:
    """The fuels' prices and the wind, and whether a plant that needs one will find it."""

    def __init__(self, given: object, found: Findings, *, co2_counts: bool) -> None:
        self._found = found
        self._given: dict[str, float | None] = dict.fromkeys(NEEDS.values())
        self.gas_extra_eur = 0.0
        if not isinstance(given, dict):
            found.unfit(("fuels",), given, "an object")
            return
        kerosine = KEROSINE if KEROSINE in given or KEROSINE_IN_THE_PROSE not in given else KEROSINE_IN_THE_PROSE
        members = ((GAS, GAS), (KEROSINE, kerosine), (CO2, CO2), (WIND, WIND))
        self._given = {fuel: self._number(given[key], key) for fuel, key in members if key in given}
        if co2_counts:
            self.gas_extra_eur = gas_extra_eur(self._given.get(CO2) or 0.0)

    def _number(self, value: object, key: str) -> float | None:
        least, most = (0, 100) if key == WIND else (-MAX_EUR, MAX_EUR)
        return self._found.number(value, ("fuels", key), least, most)

    def needed_by(self, kind: str) -> float | None:
        """What a plant of type `kind` needs, None where it is missing or faulty; said to be missing once."""
        fuel = NEEDS[kind]
        if fuel not in self._given:
            self._found.fault(("fuels", fuel), "missing", f"{fuel} is missing; a {kind} plant needs it")
            self._given[fuel] = None
        return self._given[fuel]


class _PlantReader:
    """Reads one plant after the other; its faults are noted with all the others."""

    def __init__(self, fuels: _Fuels, found: Findings, *, curtail: bool) -> None:
        self._fuels = fuels
        self._found = found
        self._curtail = curtail

    def plant(self, position: int, entry: object) -> Plant | None:
        """The plant at `position` in the payload, None when it has faults."""
        if not isinstance(entry, dict):
            detail = f"the plant is {json_name(entry)}; it must be an object"
            self._found.fault(("powerplants", position), "type", detail)
            return None
        name = self._name(entry.get("name", ABSENT), position)
        kind = self._kind(entry.get("type", ABSENT), position)
        limits = self._limits(entry, position)
        fuel = None if kind is None else self._fuels.needed_by(kind)
        cost = 0.0 if kind == WINDTURBINE else self._cost(entry, kind, fuel, position)
        if name is None or kind is None or limits is None or fuel is None or cost is None:
            return None
        if kind == WINDTURBINE:
            pmin, pmax = self._wind_range(*limits, fuel, position)
        else:
            pmin, pmax = self._range(*limits, position)
        return Plant(pmin, pmax, cost, name, kind, position, CO2_TON_PER_GAS_MWH if kind == GASFIRED else 0.0)

    def _name(self, name: object, position: int) -> str | None:
        path = ("powerplants", position, "name")
        if not isinstance(name, str):
            self._found.unfit(path, name, "a string")
        elif len(name) > MAX_NAME_LETTERS:
            detail = f"name is {len(name)} characters long; it must be at most {MAX_NAME_LETTERS}"
            self._found.fault(path, "too_long", detail)
        elif name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name):
            return name
        else:
            self._found.fault(path, "surrogate", f"name is {shown(name)}; a lone surrogate is no character")
        return None

    def _kind(self, kind: object, position: int) -> str | None:
        if isinstance(kind, str) and kind in NEEDS:
            return kind
        path = ("powerplants", position, "type")
        known = f"one of {', '.join(NEEDS)}"
        if isinstance(kind, str):
            self._found.fault(path, "unknown_type", f"type is {shown(kind)}; it must be {known}")
        else:
            self._found.unfit(path, kind, known)
        return None

    def _limits(self, entry: dict[str, object], position: int) -> tuple[float, float] | None:
        """The limits in MW as they were sent. A pmin may be missing: 0."""
        pmin = self._found.number(entry.get("pmin", 0), ("powerplants", position, "pmin"), 0, MAX_MW)
        pmax = self._found.number(entry.get("pmax", ABSENT), ("powerplants", position, "pmax"), 0, MAX_MW)
        if pmin is None or pmax is None:
            return None
        if pmin > pmax and tenths_up(pmin) > tenths_down(pmax):
            detail = f"pmin is {pmin:.10g} MW; it must be at most the pmax of {pmax:.10g} MW"
            self._found.fault(("powerplants", position, "pmin"), "pmin_above_pmax", detail)
            return None
        return pmin, pmax

    def _cost(self, entry: dict[str, object], kind: str | None, price: float | None, position: int) -> float | None:
        """EUR per MWh generated by a fuelled plant. Its efficiency is looked at even where type or price are amiss."""
        path = ("powerplants", position, "efficiency")
        if kind is None:  # a turbine's may be anything, but a number
            self._found.number(entry.get("efficiency", 0), path, -inf, inf)
            return None
        efficiency = self._found.number(entry.get("efficiency", ABSENT), path, 0, MAX_EUR)
        if efficiency is None:
            return None
        if efficiency == 0 or abs(price or 0.0) > MAX_EUR * efficiency:
            detail = f"efficiency is {efficiency:.6g}; it must be above 0, and a MWh cost at most {MAX_EUR:.6g} EUR"
            self._found.fault(path, "out_of_range", detail)
            return None
        return None if price is None else price / efficiency + (self._fuels.gas_extra_eur if kind == GASFIRED else 0.0)

    def _range(self, pmin: float, pmax: float, position: int) -> tuple[int, int]:
        """A fuelled plant's limits in tenths; 0, 0 when no tenth lies between them."""
        low, high = self._raised(pmin, position), tenths_down(pmax)
        if high != 10 * pmax and high < tenths_up(pmax):
            detail = f"pmax {pmax:.10g} MW is rounded down to {high / 10:.10g} MW"
            self._found.warn(("powerplants", position, "pmax"), "rounded", detail)
        if low > high or (not high and tenths_up(pmax)):
            detail = f"no multiple of 0.1 MW above 0 is in {pmin:.10g} to {pmax:.10g} MW, so the plant cannot run"
            self._found.warn(("powerplants", position), "cannot_run", detail)
            return 0, 0
        return low, high

    def _raised(self, pmin: float, position: int) -> int:
        """A pmin in tenths."""
        low = tenths_up(pmin)
        if low != 10 * pmin and low > tenths_down(pmin):
            detail = f"pmin {pmin:.10g} MW is rounded up to {low / 10:.10g} MW"
            self._found.warn(("powerplants", position, "pmin"), "rounded", detail)
        return low

    def _wind_range(self, pmin: float, pmax: float, wind_percent: float, position: int) -> tuple[int, int]:
        """A turbine's limits in tenths: all the wind there is, under `curtail` from its pmin on."""
        available = wind_mw(pmax, wind_percent)
        high, path = tenths_down(available), ("powerplants", position)
        if high != 10 * available and high < tenths_up(available):
            detail = f"the wind's {available:.10g} MW are rounded down to {high / 10:.10g} MW"
            self._found.warn(path, "rounded", detail)
            if not high:
                detail = f"the wind's {available:.10g} MW are less than 0.1 MW, so the turbine cannot run"
                self._found.warn(path, "cannot_run", detail)
        if not self._curtail or not high:
            return high, high
        if tenths_up(pmin) <= high:
            return self._raised(pmin, position), high
        all_there_is = f"{high / 10:.10g} MW"
        detail = f"pmin {pmin:.10g} MW is above the wind's {all_there_is} and counts as {all_there_is}"
        self._found.warn((*path, "pmin"), "above_the_wind", detail)
        return high, high
