"""The optimal cost, price and CO2 over a range of loads."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from powerplant.dispatch import NoPlan, Plan, dispatch, prepared
from powerplant.report.plans import rounded
from powerplant.units import Fleet, Malformed
from powerplant.units.conventions import tenths_down, tenths_up
from powerplant.units.findings import ABSENT, Findings
from powerplant.whatif.reading import MEMBERS, Ways, fleet_of, members_of, only
from powerplant.whatif.shares import shares

MAX_POINTS: Final = 500
MAX_LOAD_MW: Final = 1e15


class Loads(NamedTuple):
    """A fleet, and loads in tenths of MW, rising."""

    fleet: Fleet
    loads: list[int]


def read_loads(body: object, ways: Ways) -> Loads:
    """Read `{"payload", "from_mw", "to_mw", "points"}`; the payload may lack its load, which does not matter.

    The loads lie evenly between the two, both included, rounded to tenths; equal ones are taken once.
    Raises Malformed with all the faults; TooManyPlants.
    """
    members, found = members_of(body), Findings()
    low, high = (_tenths(members, name, found) for name in ("from_mw", "to_mw"))
    if low is not None and high is not None and low > high:
        found.fault(("from_mw",), "above_to_mw", f"from_mw is {low / 10:.10g}; it must be at most to_mw")
    points = _points(members.get("points", ABSENT), found)
    payload = members.get("payload", ABSENT)
    fleet = fleet_of({"load": 0, **only(payload, MEMBERS)} if isinstance(payload, dict) else payload, ways, found)
    if found.faults or low is None or high is None or points is None or fleet is None:
        raise Malformed(found.faults)
    return Loads(fleet, loads_between(low, high, points))


def loads_between(low: int, high: int, points: int) -> list[int]:
    """So many whole numbers from `low` to `high`, as evenly as they can be, each once; a single point is `low`."""
    steps = max(points - 1, 1)
    return sorted({low + (2 * (high - low) * step + steps) // (2 * steps) for step in range(points)})


def curve(asked: Loads, budget_s: float, clock: Callable[[], float]) -> Iterator[dict[str, Any]]:
    """For each load what its optimum costs, or why there is none; `undecided` once the budget is spent."""
    units = prepared(asked.fleet.plants)
    for load, share_s in zip(asked.loads, shares(len(asked.loads), budget_s, clock), strict=True):
        point: dict[str, Any] = {"load_mw": load / 10}
        if not share_s:
            yield {**point, "impossible": "undecided"}
            continue
        try:
            plan = dispatch(units, load, budget_s=share_s, clock=clock)
        except NoPlan as fault:
            yield {**point, "impossible": fault.reason}
        else:
            yield {**point, **_figures(asked.fleet, plan)}


def _figures(fleet: Fleet, plan: Plan) -> dict[str, Any]:
    """A point's figures; `gap_eur` only where it is not proven that no plan is cheaper."""
    price = plan.price_eur_per_mwh
    figures = {
        "cost_eur": rounded(plan.cost_eur),
        "price_eur_per_mwh": None if price is None else rounded(price),
        "co2_ton": rounded(fleet.co2_ton(plan.outputs)),
    }
    return figures if plan.optimal else {**figures, "gap_eur": rounded(plan.gap_eur)}


def _tenths(members: Mapping[str, object], name: str, found: Findings) -> int | None:
    load = found.number(members.get(name, ABSENT), (name,), 0, MAX_LOAD_MW)
    if load is None or tenths_down(load) == tenths_up(load):
        return None if load is None else tenths_down(load)
    found.fault((name,), "granularity", f"{name} is {load:.10g}; it must be a multiple of 0.1 MW")
    return None


def _points(points: object, found: Findings) -> int | None:
    number = found.number(points, ("points",), 1, MAX_POINTS)
    if number is None or number == int(number):
        return None if number is None else int(number)
    found.fault(("points",), "type", f"points is {number:.10g}; it must be a whole number")
    return None
