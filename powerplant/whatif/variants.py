"""One payload under several conventions, loads and fuel prices, side by side."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any, Final

from powerplant.dispatch import NoPlan, dispatch
from powerplant.report import impossible, report
from powerplant.units import WIND_MODES, Fleet, Malformed, TooManyPlants
from powerplant.units.findings import ABSENT, Findings, json_name, pointer
from powerplant.whatif.reading import Ways, fleet_of, members_of
from powerplant.whatif.shares import shares

MAX_VARIANTS: Final = 20
CHANGES: Final = ("wind", "co2", "load", "fuels")
CONVENTIONS: Final = [{"wind": wind, "co2": co2} for wind, co2 in product(WIND_MODES, (True, False))]


def read_variants(body: object, ways: Ways) -> list[Fleet]:
    """Read `{"payload", "variants"}`: the payload as each variant changes it.

    A variant's fuels are put over the payload's, one by one. Without `variants` these are the four conventions.
    Raises Malformed with all the faults; TooManyPlants for the plants of all variants together.
    """
    members, found = members_of(body), Findings()
    payload, variants = members.get("payload", ABSENT), members.get("variants", CONVENTIONS)
    if not isinstance(variants, list) or not 1 <= len(variants) <= MAX_VARIANTS:
        found.fault(("variants",), "out_of_range", f"variants must be a list of 1 to {MAX_VARIANTS}")
        variants = [{}]
    plants = payload.get("powerplants") if isinstance(payload, dict) else None
    if isinstance(plants, list) and len(plants) * len(variants) > ways.max_plants:
        raise TooManyPlants(len(plants) * len(variants), ways.max_plants)
    fleets = [_fleet(payload, variant, ways, found, index) for index, variant in enumerate(variants)]
    if found.faults:
        raise Malformed(list(dict.fromkeys(found.faults)))
    return [fleet for fleet in fleets if fleet is not None]


def compare(fleets: Sequence[Fleet], budget_s: float, clock: Callable[[], float]) -> Iterator[dict[str, Any]]:
    """A report each; where no plan meets the load, why, and the nearest loads."""
    for fleet, share_s in zip(fleets, shares(len(fleets), budget_s, clock), strict=True):
        start = clock()
        try:
            plan = dispatch(fleet.plants, fleet.load, budget_s=share_s, clock=clock)
        except NoPlan as fault:
            why = impossible(fault)
            yield {
                "load_mw": float(Fraction(fault.load) / 10),
                "wind": fleet.wind,
                "co2": fleet.co2,
                "impossible": why.pop("reason"),
                "detail": str(fault),
                **why,
            }
        else:
            yield report(fleet, plan, clock() - start)


def _fleet(payload: object, variant: object, ways: Ways, found: Findings, index: int) -> Fleet | None:
    """The fleet of one variant. What is wrong with a change is told at the variant, all else at the payload."""
    path = ("variants", index)
    if not isinstance(variant, dict):
        found.fault(path, "type", f"the variant is {json_name(variant)}; it must be an object")
        return None
    if not _fits(variant, path, found):
        return None
    read, fuels = Findings(), variant.get("fuels", {})
    ways = Ways(variant.get("wind", ways.wind), variant.get("co2", ways.co2), ways.max_plants)
    fleet = fleet_of(_changed(payload, variant, fuels), ways, read)
    changes = {pointer(("payload", "load"))} if "load" in variant else set()
    changes |= {pointer(("payload", "fuels", name)) for name in fuels}
    for fault in read.faults:
        of_variant = fault.pointer in changes
        found.faults.append(
            fault._replace(pointer=pointer(path) + fault.pointer.removeprefix(pointer(("payload",))))
            if of_variant
            else fault
        )
    return fleet


def _changed(payload: object, variant: Mapping[str, object], fuels: Mapping[str, object]) -> object:
    """The payload with the variant's load and fuels in place of its own."""
    if not isinstance(payload, dict):
        return payload
    changed = {**payload, "load": variant["load"]} if "load" in variant else dict(payload)
    own = payload.get("fuels", {})
    if fuels and isinstance(own, dict):
        changed["fuels"] = {**own, **fuels}
    return changed


def _fits(variant: Mapping[str, object], path: tuple[str, int], found: Findings) -> bool:
    """Whether it says what to change in a way that can be tried; its faults are noted."""
    rules = {
        "wind": (variant.get("wind", "onoff") in WIND_MODES, f"wind must be {' or '.join(WIND_MODES)}"),
        "co2": (isinstance(variant.get("co2", True), bool), "co2 must be true or false"),
        "fuels": (isinstance(variant.get("fuels", {}), dict), "fuels must be an object"),
    }
    wrong = [(name, "choice", detail) for name, (fits, detail) in rules.items() if not fits]
    wrong += [(name, "unknown", f"a variant changes {', '.join(CHANGES)}") for name in variant if name not in CHANGES]
    for name, code, detail in wrong:
        found.fault((*path, name), code, detail)
    return not wrong
