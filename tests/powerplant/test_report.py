"""What is told of a plan is true of it."""

import json
from math import inf

import pytest

from powerplant.dispatch import NoPlan, Plan, dispatch
from powerplant.report import as_text, challenge_answer, report
from powerplant.units import Fleet, Plant, read_fleet
from tests.powerplant.oracles import PLANTS, capacity, fleet, least_cost_by_subsets, payload, seeded

NEEDED = "dearer than the break plant at 1.00 EUR/MWh, but no cheaper plan does without it"


def plants_of(units: list[tuple[int, int, float]], kind: str = "gasfired") -> tuple[Plant, ...]:
    return tuple(
        Plant(low, high, cost, f"p{place}", kind, place, 0.3) for place, (low, high, cost) in enumerate(sorted_(units))
    )


def sorted_(units: list[tuple[int, int, float]]) -> list[tuple[int, int, float]]:
    return sorted(units, key=lambda unit: unit[2])


def told(units: list[tuple[int, int, float]], load: int, kind: str = "gasfired") -> list[tuple[str, str]]:
    """State and reason of each plant in the cheapest plan."""
    of = Fleet(load, plants_of(units, kind), "onoff", co2=True, warnings=())
    return [(plant["state"], plant["reason"]) for plant in report(of, dispatch(of.plants, load), 0.0)["plants"]]


@pytest.mark.parametrize(
    ("units", "load", "expected"),
    [
        ([(0, 50, 1.0), (0, 50, 2.0), (0, 50, 3.0)], 70, [
            ("full", "at its maximum: cheaper than the break plant at 2.00 EUR/MWh"),
            ("partial", "between its limits: the rest of the load"),
            ("off", "off: dearer than the break plant at 2.00 EUR/MWh")]),
        ([(1000, 1000, 1.0), (0, 500, 2.0)], 400, [
            ("off", "off: its minimum of 100 MW does not fit"),
            ("partial", f"between its limits: {NEEDED}")]),
        ([(10, 100, 1.0), (50, 100, 2.0)], 120, [
            ("partial", "between its limits: lowered to make room for dearer plants"),
            ("minimum", "at its minimum: the rest of the load")]),
        ([(10, 10, 1.0), (10, 30, 3.0), (5, 5, 9.0)], 45, [
            ("full", "at its maximum: cheaper than the break plant at 9.00 EUR/MWh"),
            ("full", "at its maximum: cheaper than the break plant at 9.00 EUR/MWh"),
            ("full", "at its maximum: as dear as the break plant")]),
        ([(8, 8, 1.0), (8, 8, 2.0), (5, 5, 9.0)], 13, [
            ("full", "at its maximum: cheaper than the break plant at 2.00 EUR/MWh"),
            ("off", "off: its minimum of 0.8 MW does not fit"),
            ("full", f"at its maximum: {NEEDED.replace('1.00', '2.00')}")]),
        ([(0, 0, 1.0), (0, 5, 2.0)], 0, [
            ("off", "off: its limits hold no multiple of 0.1 MW above 0"),
            ("off", "off: the load is 0")]),
        ([(5, 10, 1.0), (0, 10, 1.0)], 4, [
            ("off", "off: its minimum of 0.5 MW does not fit"),
            ("partial", "between its limits: the rest of the load")]),
        ([(0, 10, 1.0), (0, 10, 1.0)], 4, [
            ("partial", "between its limits: the rest of the load"),
            ("off", "off: no plan with it is cheaper")]),
    ],
)  # fmt: skip
def test_gives_the_reason_of_each_state(
    units: list[tuple[int, int, float]], load: int, expected: list[tuple[str, str]]
) -> None:
    assert told(units, load) == expected


def test_a_turbine_without_wind_says_so() -> None:
    assert told([(0, 0, 0.0), (0, 5, 2.0)], 3, "windturbine")[0] == ("off", "off: the wind gives it less than 0.1 MW")


def test_claims_no_more_than_is_proven() -> None:
    plants = plants_of([(0, 10, 1.0), (3, 5, 2.0), (4, 6, 3.0)])
    told = report(Fleet(4, plants, "onoff", co2=True, warnings=()), Plan((0, 0, 4), 1.2, 0.8, 1.0), 0.5)
    assert (told["status"], told["gap_eur"], told["bound_eur"], told["elapsed_s"]) == ("feasible", 0.8, 0.4, 0.5)
    assert [plant["reason"] for plant in told["plants"]] == [
        "off: it runs in no better plan that was found",
        "off: dearer than the break plant at 1.00 EUR/MWh",
        "at its minimum: dearer than the break plant at 1.00 EUR/MWh, but the best plan that was found needs it",
    ]
    assert "feasible: the cheapest plan costs at most 0.80 EUR less" in as_text(told, "table")


def test_every_reason_holds_on_random_fleets() -> None:
    """Each sentence is checked against enumeration, by what it says."""
    rng = seeded("reasons")
    checked = 0
    for _ in range(400):
        units = [(unit.pmin, unit.pmax, unit.eur_per_mwh) for unit in fleet(rng, rng.randint(1, 6), 20)]
        plants = plants_of(units)
        load = rng.randint(0, capacity(plants))
        try:
            plan = dispatch(plants, load)
        except NoPlan:
            continue
        of = Fleet(load, plants, "onoff", co2=True, warnings=())
        for place, row in enumerate(report(of, plan, 0.0)["plants"]):
            check(plants, load, plan, place, row["state"], row["reason"])
            checked += 1
    assert checked > 500


def check(plants: tuple[Plant, ...], load: int, plan: Plan, place: int, state: str, reason: str) -> None:
    plant, p = plants[place], plan.outputs[place]
    limits = {"off": p == 0, "full": p == plant.pmax > 0, "minimum": p == plant.pmin, "partial": 0 < p < plant.pmax}
    assert limits[state]
    others = [*plants[:place], *plants[place + 1 :]]
    running = [other for other, output in zip(plants, plan.outputs, strict=True) if output and other is not plant]
    if "does not fit" in reason:
        assert sum(other.pmin for other in running) + plant.pmin > load
    if "no plan with it is cheaper" in reason:
        with_it = min(
            (least_cost_by_subsets(others, load - q) + plant.eur_per_mwh * q / 10 for q in outputs_of(plant, load)),
            default=inf,
        )
        assert with_it > plan.cost_eur - 1e-9
    if "no cheaper plan does without it" in reason:
        assert least_cost_by_subsets(others, load) > plan.cost_eur - 1e-9
    if "lowered to make room" in reason:
        assert any(other.eur_per_mwh > plant.eur_per_mwh for other in running)
    if "the rest of the load" in reason:
        assert all(other.eur_per_mwh <= plant.eur_per_mwh for other in running)


def outputs_of(plant: Plant, load: int) -> range:
    return range(max(plant.pmin, 1), min(plant.pmax, load) + 1)


def test_sums_agree_with_the_plants() -> None:
    read = read_fleet(payload(480, 0))
    told = report(read, dispatch(read.plants, 4800), 0.001)
    assert told["load_mw"] == sum(plant["p"] for plant in told["plants"]) == 480
    assert told["cost_eur"] == pytest.approx(sum(plant["cost_eur"] for plant in told["plants"]))
    assert told["co2_ton"] == pytest.approx(sum(plant["co2_ton"] for plant in told["plants"]))
    assert told["price_eur_per_mwh"] == pytest.approx(31.283018868)
    assert json.dumps(told).count("e-") == 0, "figures are rounded"


def test_a_long_name_is_cut_in_the_table_alone() -> None:
    names = {"x" * 60: "x" * 60, "y" * 61: "y" * 59 + "\N{HORIZONTAL ELLIPSIS}", "z" * 1000: "z" * 59 + "\u2026"}
    plants = [{**PLANTS[0], "pmin": 0, "name": name} for name in names]
    read = read_fleet(payload(480, 60, plants))
    told = report(read, dispatch(read.plants, 4800), 0.001)
    lines = as_text(told, "table").splitlines()
    assert [line.split()[0] for line in lines[2:5]] == list(names.values())
    assert lines[0].index("type") == lines[2].index("gasfired") == 62
    assert [plant["name"] for plant in json.loads(as_text(told, "json"))] == list(names)


def test_prints_the_challenges_answer_the_report_or_a_table() -> None:
    read = read_fleet(payload(480, 60, [{**plant, "name": "a\x1b[2J\nb"} for plant in PLANTS]))
    plan = dispatch(read.plants, 4800)
    told = report(read, plan, 0.001)
    assert json.loads(as_text(told, "json")) == challenge_answer(read, plan)
    assert json.loads(as_text(told, "report")) == told
    lines = as_text(told, "table").splitlines()
    assert lines[0].split()[:3] == ["plant", "type", "MW"]
    assert lines[2].startswith("a\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}b  windturbine")
    assert lines[-6].startswith("optimal: proven that no plan is cheaper")
    assert sum(line.startswith("warning: #/powerplants/0 has the name") for line in lines) == 5
