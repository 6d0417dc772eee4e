"""The report of a plan, and of a load that no plan meets, as the API answers them: plain values, MW and EUR."""

from typing import Any, Final

from powerplant.dispatch import NoPlan, Plan
from powerplant.report.states import States
from powerplant.units import Fleet

DECIMALS: Final = 9  # of EUR, t and seconds: what is beyond is the rounding of floats


def challenge_answer(fleet: Fleet, plan: Plan) -> list[dict[str, Any]]:
    """The challenge's answer: `[{"name", "p"}, ...]` in merit order."""
    return [{"name": plant.name, "p": p / 10} for plant, p in zip(fleet.plants, plan.outputs, strict=True)]


def report(fleet: Fleet, plan: Plan, elapsed_s: float) -> dict[str, Any]:
    """All there is to say of a plan; its plants in merit order, with the limits that were computed with.

    elapsed_s  what the search took
    """
    states = States(fleet.plants, plan)
    plants = []
    for plant, p in zip(fleet.plants, plan.outputs, strict=True):
        state = states.of(plant, p)
        plants.append({
            "name": plant.name,
            "type": plant.kind,
            "p": p / 10,
            "state": state.word,
            "reason": state.reason,
            "cost_eur": rounded(p * plant.eur_per_mwh / 10),
            "co2_ton": rounded(p * plant.co2_ton_per_mwh / 10),
            "eur_per_mwh": rounded(plant.eur_per_mwh),
            "pmin": plant.pmin / 10,
            "pmax": plant.pmax / 10,
        })  # fmt: skip
    return {
        "id": None,
        "status": "optimal" if plan.optimal else "feasible",
        "load_mw": sum(plan.outputs) / 10,
        "cost_eur": rounded(plan.cost_eur),
        "co2_ton": rounded(fleet.co2_ton(plan.outputs)),
        "price_eur_per_mwh": None if plan.price_eur_per_mwh is None else rounded(plan.price_eur_per_mwh),
        "bound_eur": rounded(plan.bound_eur),
        "gap_eur": rounded(plan.gap_eur),
        "elapsed_s": rounded(elapsed_s),
        "wind": fleet.wind,
        "co2": fleet.co2,
        "warnings": [finding._asdict() for finding in fleet.warnings],
        "plants": plants,
    }


def impossible(fault: NoPlan) -> dict[str, Any]:
    """Why there is no plan: `reason` and the nearest loads in MW, None where there is none or it is not known."""
    return {"reason": fault.reason, "nearest_below_mw": mw(fault.below), "nearest_above_mw": mw(fault.above)}


def mw(tenths: int | None) -> float | None:
    """MW of tenths."""
    return None if tenths is None else tenths / 10


def rounded(value: float) -> float:
    """Without the last bits of a float, which mean nothing; never -0."""
    return round(value, DECIMALS) + 0.0
