"""Reading the payload within a question; its faults are told where it stands."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from powerplant.units import Finding, Fleet, Malformed, read_fleet
from powerplant.units.findings import ABSENT, Findings, json_name

MEMBERS: Final = ("load", "fuels", "powerplants")  # of a payload


class Ways(NamedTuple):
    """The conventions; how many plants one request may have, those of all its variants counted; how large it was."""

    wind: str
    co2: bool
    max_plants: int
    body_bytes: int = 0


class TooManyBytes(ValueError):
    """The body, told again for each variant, is more than one answer may hold."""

    def __init__(self, body_bytes: int, variants: int, limit: int) -> None:
        """A body of `body_bytes` came with so many `variants`; together `limit` bytes are taken."""
        what = f"a body of {body_bytes} bytes with {variants} variants makes {body_bytes * variants} bytes"
        super().__init__(f"{what}, above the {limit} taken in one request")


def only(given: Mapping[str, object], names: Iterable[str]) -> dict[str, object]:
    """These members as far as they are there; a question may have any number of others."""
    return {name: given[name] for name in names if name in given}


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
