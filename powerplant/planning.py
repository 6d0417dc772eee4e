"""From the text of the challenge's payload to the whole report, for commands."""

import json
from time import perf_counter
from typing import Any, NamedTuple

from powerplant.dispatch import dispatch
from powerplant.report import report
from powerplant.units import Finding, Malformed, read_fleet


class Limits(NamedTuple):
    """What one plan may take."""

    budget_s: float
    max_plants: int


def planned(text: str, *, wind: str, co2: bool, limits: Limits) -> dict[str, Any]:
    """The report of the cheapest plan. Raises Malformed, TooManyPlants, NoPlan."""
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise Malformed([Finding("#", "json", f"the payload is not JSON: {fault}")]) from None
    fleet = read_fleet(payload, wind=wind, co2=co2, max_plants=limits.max_plants)
    start = perf_counter()
    plan = dispatch(fleet.plants, fleet.load, budget_s=limits.budget_s)
    return report(fleet, plan, perf_counter() - start)
