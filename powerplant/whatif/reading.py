"""Reading the payload within a question; its faults are told where it stands."""

from collections.abc import Mapping
from typing import NamedTuple

from powerplant.units import Finding, Fleet, Malformed, read_fleet
from powerplant.units.findings import ABSENT, Findings, json_name


class Ways(NamedTuple):
    """The conventions, and how many plants one request may have, those of all its variants counted."""

    wind: str
    co2: bool
    max_plants: int


def members_of(body: object) -> Mapping[str, object]:
    """The members of the question; raises Malformed when it is no object."""
    if isinstance(body, dict):
        return body
    raise Malformed([Finding("#", "type", f"the body is {json_name(body)}; it must be an object")])


def fleet_of(payload: object, ways: Ways, found: Findings) -> Fleet | None:
    """The fleet of the member `payload`; None when it has faults. Raises TooManyPlants."""
    if payload is ABSENT:
        found.unfit(("payload",), payload, "an object")
        return None
    try:
        return read_fleet(payload, wind=ways.wind, co2=ways.co2, max_plants=ways.max_plants)
    except Malformed as fault:
        found.faults.extend(Finding(f"#/payload{at[1:]}", code, detail) for at, code, detail in fault.faults)
        return None
