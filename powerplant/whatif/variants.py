"""One payload under several conventions, loads and fuel prices, side by side."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any, Final

from powerplant.dispatch import NoPlan, dispatch
from powerplant.report import impossible, report
from powerplant.units import SPELLINGS, WIND_MODES, Fleet, Malformed, TooManyPlants
from powerplant.units.findings import ABSENT, Findings, Path, json_name, pointer
from powerplant.units.payload import KEROSINE, KEROSINE_IN_THE_PROSE
from powerplant.whatif.reading import MEMBERS, TooManyBytes, Ways, fleet_of, members_of, only
from powerplant.whatif.shares import shares

MAX_VARIANTS: Final = 20
MAX_BYTES: Final = 16 * 2**20  # of the body, times the variants: each name is told once a variant
KEROSINES: Final = {KEROSINE, KEROSINE_IN_THE_PROSE}
CHANGES: Final = ("wind", "co2", "load", "fuels")
CONVENTIONS: Final = [{"wind": wind, "co2": co2} for wind, co2 in product(WIND_MODES, (True, False))]


def read_variants(body: object, ways: Ways) -> list[Fleet]:
    """Read `{"payload", "variants"}`: the payload as each variant changes it.

    A variant's fuels are put over the payload's, one by one. Without `variants` these are the four conventions.
    Raises Malformed with all the faults; TooManyPlants and TooManyBytes for all variants together.
    """
    members, found = members_of(body), Findings()
    payload, variants = members.get("payload", ABSENT), members.get("variants", CONVENTIONS)
    if not isinstance(variants, list) or not 1 <= len(variants) <= MAX_VARIANTS:
        found.fault(("variants",), "out_of_range", f"variants must be a list of 1 to {MAX_VARIANTS}")
        variants = [{}]
    plants = payload.get("powerplants") if isinstance(payload, dict) else None
    if isinstance(plants, list) and len(plants) * len(variants) > ways.max_plants:
        raise TooManyPlants(len(plants) * len(variants), ways.max_plants)
    if ways.body_bytes * len(variants) > MAX_BYTES:
        raise TooManyBytes(ways.body_bytes, len(variants), MAX_BYTES)
    fleets = [_fleet(payload, variant, ways, found, ("variants", index)) for index, variant in enumerate(variants)]
    if found.faults:
        raise Malformed(found.faults)
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


def _fleet(payload: object, variant: object, ways: Ways, found: Findings, path: Path) -> Fleet | None:
    """The fleet of one variant. What is wrong with a change is told at the variant, all else at the payload."""
    changes, read = _changes(variant, path, found), Findings()
    ways = ways._replace(wind=changes.get("wind", ways.wind), co2=changes.get("co2", ways.co2))
    fleet = fleet_of(_changed(payload, changes), ways, read)
    of_payload, of_variant = pointer(("payload",)), pointer(path)
    changed = {pointer(("payload", "load"))} if "load" in changes else set()
    changed |= {pointer(("payload", "fuels", name)) for name in changes.get("fuels", {})}
    for fault in read.faults:
        where = of_variant + fault.pointer.removeprefix(of_payload) if fault.pointer in changed else fault.pointer
        found.faults.append(fault._replace(pointer=where))
    return fleet


def _changes(variant: object, path: Path, found: Findings) -> dict[str, Any]:
    """What a variant changes, as far as that can be tried; of its fuels those that a payload has. Notes its faults."""
    if not isinstance(variant, dict):
        found.fault(path, "type", f"the variant is {json_name(variant)}; it must be an object")
        return {}
    rules = {
        "wind": (variant.get("wind", "onoff") in WIND_MODES, f"wind must be {' or '.join(WIND_MODES)}"),
        "co2": (isinstance(variant.get("co2", True), bool), "co2 must be true or false"),
        "fuels": (isinstance(variant.get("fuels", {}), dict), "fuels must be an object"),
    }
    wrong = {name: detail for name, (fits, detail) in rules.items() if not fits}
    for name, detail in wrong.items():
        found.fault((*path, name), "choice", detail)
    known = f"a variant changes {', '.join(CHANGES)}"
    for name in variant:
        if name not in CHANGES:
            found.fault((*path, name), "unknown", known)
    changes: dict[str, Any] = only(variant, [name for name in CHANGES if name not in wrong])
    return {**changes, "fuels": only(changes.get("fuels", {}), SPELLINGS)}


def _changed(payload: object, changes: Mapping[str, Any]) -> object:
    """The payload with the load and the fuels of `changes` in place of its own; kerosine is one, however spelt."""
    if not isinstance(payload, dict):
        return payload
    changed = {**only(payload, MEMBERS), **only(changes, ["load"])}
    own, fuels = payload.get("fuels", {}), changes.get("fuels", {})
    if fuels and isinstance(own, dict):
        kept = [name for name in SPELLINGS if name not in KEROSINES] if KEROSINES & fuels.keys() else SPELLINGS
        changed["fuels"] = {**only(own, kept), **fuels}
    return changed
