"""Reading the challenge's payload: whole tenths of MW, costs, and every fault in one answer."""

import copy
import json
from decimal import Decimal
from fractions import Fraction
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powerplant.units import WIND_MODES, Finding, Malformed, TooManyPlants, read_fleet
from powerplant.units.findings import MAX_TOLD, pointer
from tests.powerplant.oracles import FUELS, payload

GAS = {"name": "gas", "type": "gasfired", "efficiency": 0.5, "pmin": 100, "pmax": 460}
JET = {"name": "jet", "type": "turbojet", "efficiency": 0.3, "pmin": 0, "pmax": 16}
PARK = {"name": "park", "type": "windturbine", "efficiency": 1, "pmin": 0, "pmax": 150}


def one(plant: dict[str, Any], **conventions: Any) -> Any:
    """The only plant of a fleet, as read, with 60 % wind."""
    (read,) = read_fleet(payload(100, 60, [plant]), **conventions).plants
    return read


def faults(body: object) -> list[tuple[str, str]]:
    """Where, and by which code."""
    with pytest.raises(Malformed) as malformed:
        read_fleet(body)
    return [(fault.pointer, fault.code) for fault in malformed.value.faults]


def detail(body: object) -> str:
    """The sentence of the only fault."""
    with pytest.raises(Malformed) as malformed:
        read_fleet(body)
    (fault,) = malformed.value.faults
    assert str(malformed.value) == f"{fault.pointer}: {fault.detail}"
    return fault.detail


# --- what a plant is --------------------------------------------------------------------------------------------------


def test_reads_the_official_payload_in_merit_order() -> None:
    fleet = read_fleet(payload(480, 60))
    assert (fleet.load, fleet.wind, fleet.co2, fleet.warnings) == (4800, "onoff", True, ())
    assert [(plant.name, plant.position, plant.pmin, plant.pmax) for plant in fleet.plants] == [
        ("windpark1", 4, 900, 900),
        ("windpark2", 5, 216, 216),
        ("gasfiredbig1", 0, 1000, 4600),
        ("gasfiredbig2", 1, 1000, 4600),
        ("gasfiredsomewhatsmaller", 2, 400, 2100),
        ("tj1", 3, 0, 160),
    ]
    costs = [0, 0, 31.283019, 31.283019, 42.216216, 169.333333]
    assert [plant.eur_per_mwh for plant in fleet.plants] == pytest.approx(costs, abs=1e-6)
    assert [plant.co2_ton_per_mwh for plant in fleet.plants] == [0, 0, 0.3, 0.3, 0.3, 0]
    assert [plant.kind for plant in fleet.plants] == ["windturbine"] * 2 + ["gasfired"] * 3 + ["turbojet"]


def test_merit_order_keeps_equal_costs_as_they_came_and_follows_the_co2_option() -> None:
    plants = [{**GAS, "name": "gas", "pmin": 0}, {**JET, "efficiency": 1.7}, {**GAS, "name": "gas too", "pmin": 0}]
    assert [plant.name for plant in read_fleet(payload(100, 60, plants)).plants] == ["jet", "gas", "gas too"]
    without = read_fleet(payload(100, 60, plants), co2=False)
    assert [plant.name for plant in without.plants] == ["gas", "gas too", "jet"]
    assert not without.co2


def test_co2_is_added_to_each_mwh_of_gas_whatever_the_efficiency() -> None:
    assert one(GAS).eur_per_mwh == pytest.approx(13.4 / 0.5 + 0.3 * 20)
    assert one(GAS, co2=False).eur_per_mwh == pytest.approx(13.4 / 0.5)
    assert one(JET).eur_per_mwh == one(JET, co2=False).eur_per_mwh == pytest.approx(50.8 / 0.3)
    assert one(PARK).eur_per_mwh == 0


def test_co2_is_reported_even_where_it_is_no_cost() -> None:
    fleet = read_fleet(payload(480, 60), co2=False)
    assert fleet.co2_ton([900, 216, 3684, 0, 0, 0]) == pytest.approx(110.52)
    assert fleet.co2_ton([0, 0, 0, 0, 10, 160]) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("pmax", "percent", "tenths"),
    [
        (150, 60, 900),
        (36, 60, 216),
        (4, 25, 10),
        (150, 0, 0),
        (0.1, 99.9, 0),
        (33.3, 33.3, 110),
        (1.1, 10, 1),
        (70, 0.7, 4),
        (33.3, 100, 333),
        (2.9, 100, 29),
    ],
)
def test_wind_is_rounded_down_to_a_tenth_of_a_mw(pmax: float, percent: float, tenths: int) -> None:
    fleet = read_fleet(payload(100, percent, [{**PARK, "pmax": pmax}]))
    assert (fleet.plants[0].pmin, fleet.plants[0].pmax) == (tenths, tenths)
    exact = Fraction(str(pmax)) * Fraction(str(percent)) / 10
    codes = ["rounded"] if tenths else ["rounded", "cannot_run"]
    assert [warning.code for warning in fleet.warnings] == (codes if exact != tenths else [])


def test_wind_that_is_curtailed_runs_from_its_pmin_or_from_all_there_is() -> None:
    assert WIND_MODES == ("onoff", "curtail")
    for pmin, lowest in ((0, 0), (20.01, 201), (89.95, 900), (90, 900), (120, 900)):
        plant = one({**PARK, "pmin": pmin}, wind="curtail")
        assert (plant.pmin, plant.pmax) == (lowest, 900)
        plant = one({**PARK, "pmin": pmin}, wind="onoff")
        assert (plant.pmin, plant.pmax) == (900, 900)


@pytest.mark.parametrize(
    ("pmin", "pmax", "limits"),
    [
        (100, 460, (1000, 4600)),
        (100.0, 460.0, (1000, 4600)),
        (0.3, 0.7, (3, 7)),
        (1.1 + 2.2, 4.35 * 100, (33, 4350)),
        (10.01, 20.09, (101, 200)),
        (Decimal("10.01"), Decimal("20.09"), (101, 200)),
        (Decimal("0.3"), Decimal("4.6E+2"), (3, 4600)),
        (10.05, 10.09, (0, 0)),
        (0.1 + 0.2, 0.3, (3, 3)),
        (0, 0, (0, 0)),
        (123456789012.3, 10**12, (1234567890123, 10**13)),
    ],
)
def test_pmin_is_rounded_up_and_pmax_down(pmin: Any, pmax: Any, limits: tuple[int, int]) -> None:
    plant = one({**GAS, "pmin": pmin, "pmax": pmax})
    assert (plant.pmin, plant.pmax) == limits


def test_a_missing_pmin_is_0() -> None:
    assert one({key: GAS[key] for key in GAS if key != "pmin"}).pmin == 0


@pytest.mark.parametrize(
    ("load", "tenths"),
    [
        (480, 4800),
        (480.0, 4800),
        (0, 0),
        (-0.0, 0),
        (0.1 + 0.2, 3),
        (150 * 0.6, 900),
        (Decimal("480.10"), 4801),
        (0.05, Fraction(1, 2)),
        (90.01, Fraction(9001, 10)),
        (Decimal("0.05"), Fraction(1, 2)),
        (1e12, 10**13),
        (10**12, 10**13),
        (1e308, 10 * int(1e308)),
        (10**300, 10**301),
    ],
)
def test_the_load_is_exact(load: Any, tenths: int | Fraction) -> None:
    assert read_fleet(payload(load)).load == tenths


def test_takes_the_spelling_of_the_prose_for_kerosine() -> None:
    fuels = {"gas(euro/MWh)": 13.4, "kerosine(euro/Mwh)": 60, "wind(%)": 60}
    fleet = read_fleet({"load": 1, "fuels": fuels, "powerplants": [JET]})
    assert fleet.plants[0].eur_per_mwh == 200
    fleet = read_fleet({"load": 1, "fuels": {**fuels, "kerosine(euro/MWh)": 30}, "powerplants": [JET]})
    assert fleet.plants[0].eur_per_mwh == 100


@pytest.mark.parametrize(
    ("plant", "needed"), [(GAS, "gas(euro/MWh)"), (JET, "kerosine(euro/MWh)"), (PARK, "wind(%)")], ids=lambda _: ""
)
def test_needs_the_fuels_of_its_plants_only(plant: dict[str, object], needed: str) -> None:
    fuels = {needed: FUELS[needed]}
    assert read_fleet({"load": 1, "fuels": fuels, "powerplants": [plant]}).plants[0].name == plant["name"]
    others = {fuel: price for fuel, price in FUELS.items() if fuel != needed}
    where = "#/fuels/" + needed.replace("/", "~1").replace("%", "%25")
    assert faults({"load": 1, "fuels": others, "powerplants": [plant, plant]}) == [(where, "missing")]


def test_a_missing_co2_price_counts_as_0() -> None:
    fuels = {"gas(euro/MWh)": 13.4}
    assert read_fleet({"load": 1, "fuels": fuels, "powerplants": [GAS]}).plants[0].eur_per_mwh == 26.8


def test_prices_may_be_zero_or_negative() -> None:
    fuels = {"gas(euro/MWh)": -10, "kerosine(euro/MWh)": 0, "co2(euro/ton)": -1, "wind(%)": 0}
    plants = read_fleet({"load": 1, "fuels": fuels, "powerplants": [GAS, JET]}).plants
    assert [(plant.name, plant.eur_per_mwh) for plant in plants] == [("gas", pytest.approx(-20.3)), ("jet", 0)]


def test_ignores_what_it_does_not_know_and_changes_nothing() -> None:
    body = payload(480, 60, [{**GAS, "colour": "green"}, {**PARK, "efficiency": None}, {**PARK, "efficiency": "n/a"}])
    body["comment"] = {"nested": [1]}
    before = copy.deepcopy(body)
    assert len(read_fleet(body).plants) == 3
    assert body == before


def test_no_plants_and_no_load_are_well_formed() -> None:
    fleet = read_fleet({"load": 0, "fuels": {}, "powerplants": []})
    assert (fleet.load, fleet.plants) == (0, ())


# --- warnings ---------------------------------------------------------------------------------------------------------


def test_warns_of_what_was_rounded_cannot_run_or_has_one_name_twice() -> None:
    plants = [
        {**GAS, "pmin": 10.01, "pmax": 20.09},
        {**GAS, "name": "narrow", "pmin": 10.05, "pmax": 10.09},
        {**PARK, "pmax": 33.33},
        PARK,
        {**PARK, "name": "gas"},
    ]
    assert read_fleet(payload(100, 60, plants)).warnings == (
        Finding("#/powerplants/0/pmin", "rounded", "pmin 10.01 MW is rounded up to 10.1 MW"),
        Finding("#/powerplants/0/pmax", "rounded", "pmax 20.09 MW is rounded down to 20 MW"),
        Finding("#/powerplants/1/pmin", "rounded", "pmin 10.05 MW is rounded up to 10.1 MW"),
        Finding("#/powerplants/1/pmax", "rounded", "pmax 10.09 MW is rounded down to 10 MW"),
        Finding(
            "#/powerplants/1",
            "cannot_run",
            "no multiple of 0.1 MW above 0 is in 10.05 to 10.09 MW, so the plant cannot run",
        ),
        Finding("#/powerplants/2", "rounded", "the wind's 19.998 MW are rounded down to 19.9 MW"),
        Finding(
            "#/powerplants/3/name",
            "duplicate_name",
            "#/powerplants/2 has the name 'park' too; plants are known by their position",
        ),
        Finding(
            "#/powerplants/4/name",
            "duplicate_name",
            "#/powerplants/0 has the name 'gas' too; plants are known by their position",
        ),
    )


@pytest.mark.parametrize(
    ("plant", "percent", "wind", "told"),
    [
        ({**PARK, "pmin": 10.01}, 60, "curtail", [("/pmin", "rounded", "pmin 10.01 MW is rounded up to 10.1 MW")]),
        ({**PARK, "pmin": 10.01}, 60, "onoff", []),  # where it does not matter
        ({**PARK, "pmin": 90, "pmax": 100}, 60, "curtail", [
            ("/pmin", "above_the_wind", "pmin 90 MW is above the wind's 60 MW and counts as 60 MW")]),
        ({**PARK, "pmin": 59.98, "pmax": 100}, 59.95, "curtail", [
            ("", "rounded", "the wind's 59.95 MW are rounded down to 59.9 MW"),
            ("/pmin", "above_the_wind", "pmin 59.98 MW is above the wind's 59.9 MW and counts as 59.9 MW")]),
        ({**PARK, "pmin": 90, "pmax": 100}, 60, "onoff", []),
        ({**PARK, "pmin": 90, "pmax": 90}, 100, "curtail", []),
        ({**PARK, "pmax": 0.4}, 10, "curtail", [
            ("", "rounded", "the wind's 0.04 MW are rounded down to 0 MW"),
            ("", "cannot_run", "the wind's 0.04 MW are less than 0.1 MW, so the turbine cannot run")]),
        ({**PARK, "pmin": 0.2, "pmax": 0.4}, 10, "curtail", [
            ("", "rounded", "the wind's 0.04 MW are rounded down to 0 MW"),
            ("", "cannot_run", "the wind's 0.04 MW are less than 0.1 MW, so the turbine cannot run")]),
        ({**PARK, "pmin": 90, "pmax": 90}, 0, "curtail", []),  # no wind is no news
        ({**PARK, "pmax": 0}, 60, "onoff", []),
        ({**GAS, "pmin": 0, "pmax": 0.05}, 60, "onoff", [
            ("/pmax", "rounded", "pmax 0.05 MW is rounded down to 0 MW"),
            ("", "cannot_run", "no multiple of 0.1 MW above 0 is in 0 to 0.05 MW, so the plant cannot run")]),
        ({**GAS, "pmin": 0, "pmax": 0}, 60, "onoff", []),
    ],
)  # fmt: skip
def test_warns_of_what_a_plant_cannot_do_of_what_was_sent(
    plant: dict[str, Any], percent: float, wind: str, told: list[tuple[str, str, str]]
) -> None:
    warnings = read_fleet(payload(100, percent, [plant]), wind=wind).warnings
    assert warnings == tuple(Finding(f"#/powerplants/0{where}", code, detail) for where, code, detail in told)


# --- faults -----------------------------------------------------------------------------------------------------------

NOT_NUMBERS = [None, True, False, "480", "", [], {}, [1]]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (None, "the payload is null; it must be an object"),
        ([], "the payload is a list; it must be an object"),
        ("{}", "the payload is a string; it must be an object"),
        (7, "the payload is a number; it must be an object"),
        (True, "the payload is a boolean; it must be an object"),
    ],
)
def test_refuses_a_payload_that_is_no_object(body: object, sentence: str) -> None:
    assert faults(body) == [("#", "type")]
    assert detail(body) == sentence


@pytest.mark.parametrize("value", NOT_NUMBERS)
@pytest.mark.parametrize("key", ["pmin", "pmax", "efficiency"])
def test_refuses_a_member_of_a_plant_that_is_no_number(key: str, value: object) -> None:
    assert faults(payload(1, 60, [PARK, {**GAS, key: value}])) == [(f"#/powerplants/1/{key}", "type")]


@pytest.mark.parametrize("value", NOT_NUMBERS)
def test_refuses_a_load_or_fuel_that_is_no_number(value: object) -> None:
    assert faults(payload(value)) == [("#/load", "type")]
    for fuel in FUELS:
        where = "#/fuels/" + fuel.replace("/", "~1").replace("%", "%25")
        assert faults({"load": 1, "fuels": {**FUELS, fuel: value}, "powerplants": []}) == [(where, "type")]


@pytest.mark.parametrize("value", [nan, inf, -inf, Decimal("nan"), Decimal("snan"), Decimal("inf")])
def test_refuses_what_is_not_finite(value: object) -> None:
    assert faults(payload(value)) == [("#/load", "not_finite")]
    assert faults(payload(1, value)) == [("#/fuels/wind(%25)", "not_finite")]
    assert faults(payload(1, 60, [{**GAS, "pmax": value}])) == [("#/powerplants/0/pmax", "not_finite")]


HUGE = [1e308, 10**400, Decimal("1e400"), 1.1e12, 10**13]


@pytest.mark.parametrize("value", HUGE)
@pytest.mark.parametrize("sign", [1, -1])
def test_refuses_huge_numbers_where_they_make_no_sense(value: Any, sign: int) -> None:
    value *= sign
    for key in ("pmin", "pmax", "efficiency"):
        plant = {**GAS, "pmin": 0, key: value}
        assert {where for where, _ in faults(payload(1, 60, [plant]))} == {f"#/powerplants/0/{key}"}
    for fuel in FUELS:
        assert len(faults({"load": 1, "fuels": {**FUELS, fuel: value}, "powerplants": []})) == 1
    assert read_fleet({"load": 1, "fuels": FUELS, "powerplants": [{**PARK, "efficiency": value}]})


def test_takes_any_finite_load_and_refuses_the_others() -> None:
    assert read_fleet(payload(1e308)).load == 10 * int(1e308)
    assert faults(payload(10**400)) == [("#/load", "out_of_range")]
    assert detail(payload(10**400)) == "load is an integer of 1329 bits; it must be 0 to 1.79769e+308"
    assert faults(payload(Decimal("1e400"))) == [("#/load", "not_finite")]


@pytest.mark.parametrize(
    ("change", "where", "code", "sentence"),
    [
        ({"pmin": -1}, "pmin", "out_of_range", "pmin is -1; it must be 0 to 1e+12"),
        ({"pmax": -0.1}, "pmax", "out_of_range", "pmax is -0.1; it must be 0 to 1e+12"),
        ({"pmax": 99.9}, "pmin", "pmin_above_pmax", "pmin is 100 MW; it must be at most the pmax of 99.9 MW"),
        ({"pmin": 460.01}, "pmin", "pmin_above_pmax", "pmin is 460.01 MW; it must be at most the pmax of 460 MW"),
        ({"efficiency": -0.5}, "efficiency", "out_of_range", "efficiency is -0.5; it must be 0 to 1e+12"),
        (
            {"efficiency": 0},
            "efficiency",
            "out_of_range",
            "efficiency is 0; it must be above 0, and a MWh cost at most 1e+12 EUR",
        ),
        (
            {"efficiency": 1e-300},
            "efficiency",
            "out_of_range",
            "efficiency is 1e-300; it must be above 0, and a MWh cost at most 1e+12 EUR",
        ),
        ({"name": None}, "name", "type", "name is null; it must be a string"),
        ({"name": 7}, "name", "type", "name is a number; it must be a string"),
        ({"name": "x" * 1001}, "name", "too_long", "name is 1001 characters long; it must be at most 1000"),
        ({"name": "\U0001f300" * 1001}, "name", "too_long", "name is 1001 characters long; it must be at most 1000"),
        ({"name": "\ud800x"}, "name", "surrogate", "name is '\\ud800x'; a lone surrogate is no character"),
        (
            {"type": "nuclear"},
            "type",
            "unknown_type",
            "type is 'nuclear'; it must be one of gasfired, turbojet, windturbine",
        ),
        (
            {"type": "x" * 99},
            "type",
            "unknown_type",
            f"type is '{'x' * 40}'...; it must be one of gasfired, turbojet, windturbine",
        ),
        ({"type": None}, "type", "type", "type is null; it must be one of gasfired, turbojet, windturbine"),
        ({"type": ["gasfired"]}, "type", "type", "type is a list; it must be one of gasfired, turbojet, windturbine"),
    ],
)
def test_refuses_what_a_plant_cannot_be(change: dict[str, object], where: str, code: str, sentence: str) -> None:
    body = payload(1, 60, [PARK, {**GAS, **change}])
    assert faults(body) == [(f"#/powerplants/1/{where}", code)]
    assert detail(body) == sentence


def test_a_name_may_be_a_thousand_characters_long() -> None:
    assert one({**GAS, "name": "\U0001f300" * 1000}).name == "\U0001f300" * 1000


@pytest.mark.parametrize("kind", ["nuclear", None])
def test_looks_at_the_efficiency_of_a_plant_of_no_known_type(kind: object) -> None:
    for efficiency, codes in (("x", ["type"]), (nan, ["not_finite"]), (0, []), (-1, []), (10**400, [])):
        assert faults(payload(1, 60, [{**GAS, "type": kind, "efficiency": efficiency}])) == [
            ("#/powerplants/0/type", "type" if kind is None else "unknown_type"),
            *(("#/powerplants/0/efficiency", code) for code in codes),
        ]
    without = {key: value for key, value in GAS.items() if key != "efficiency"}
    assert len(faults(payload(1, 60, [{**without, "type": kind}]))) == 1


@pytest.mark.parametrize("efficiency", [Decimal("1e-999999"), Decimal(0), 0.0, -0.0])
def test_never_divides_by_zero(efficiency: object) -> None:
    assert faults(payload(1, 60, [{**GAS, "efficiency": efficiency}])) == [
        ("#/powerplants/0/efficiency", "out_of_range")
    ]


@pytest.mark.parametrize("key", ["name", "type", "pmax", "efficiency"])
def test_says_what_a_plant_lacks(key: str) -> None:
    plant = {other: value for other, value in GAS.items() if other != key}
    assert faults(payload(1, 60, [plant])) == [(f"#/powerplants/0/{key}", "missing")]
    assert detail(payload(1, 60, [plant])).startswith(f"{key} is missing; it must be ")


@pytest.mark.parametrize(
    ("change", "where", "code", "sentence"),
    [
        ({"load": -1}, "#/load", "out_of_range", "load is -1; it must be 0 to 1.79769e+308"),
        ({"load": -1e-9}, "#/load", "out_of_range", "load is -1e-09; it must be 0 to 1.79769e+308"),
        ({"load": "x"}, "#/load", "type", "load is a string; it must be a number"),
        ({"fuels": None}, "#/fuels", "type", "fuels is null; it must be an object"),
        ({"fuels": []}, "#/fuels", "type", "fuels is a list; it must be an object"),
        ({"powerplants": {}}, "#/powerplants", "type", "powerplants is an object; it must be a list"),
        ({"powerplants": None}, "#/powerplants", "type", "powerplants is null; it must be a list"),
        ({"powerplants": [7]}, "#/powerplants/0", "type", "the plant is a number; it must be an object"),
        (
            {"fuels": {**FUELS, "wind(%)": 100.1}},
            "#/fuels/wind(%25)",
            "out_of_range",
            "wind(%) is 100.1; it must be 0 to 100",
        ),
        (
            {"fuels": {**FUELS, "wind(%)": -1}},
            "#/fuels/wind(%25)",
            "out_of_range",
            "wind(%) is -1; it must be 0 to 100",
        ),
        (
            {"fuels": {"kerosine(euro/Mwh)": "x", "wind(%)": 1, "gas(euro/MWh)": 1}},
            "#/fuels/kerosine(euro~1Mwh)",
            "type",
            "kerosine(euro/Mwh) is a string; it must be a number",
        ),
    ],
)
def test_refuses_what_a_payload_cannot_be(change: dict[str, object], where: str, code: str, sentence: str) -> None:
    body = {**payload(), **change}
    assert faults(body) == [(where, code)]
    assert detail(body) == sentence


@pytest.mark.parametrize("key", ["load", "fuels", "powerplants"])
def test_says_what_a_payload_lacks(key: str) -> None:
    body = {other: value for other, value in payload().items() if other != key}
    assert faults(body) == [(f"#/{key}", "missing")]


def test_tells_all_faults_in_one_answer() -> None:
    body = {
        "load": "480",
        "fuels": {"gas(euro/MWh)": True, "wind(%)": 101},
        "powerplants": [
            {"name": None, "type": "gasfired", "efficiency": 0, "pmin": 5, "pmax": 1},
            {**JET, "pmin": -1, "pmax": nan},
            {"type": "nuclear"},
            None,
            PARK,
        ],
    }
    assert sorted(faults(body)) == [
        ("#/fuels/gas(euro~1MWh)", "type"),
        ("#/fuels/kerosine(euro~1MWh)", "missing"),
        ("#/fuels/wind(%25)", "out_of_range"),
        ("#/load", "type"),
        ("#/powerplants/0/efficiency", "out_of_range"),
        ("#/powerplants/0/name", "type"),
        ("#/powerplants/0/pmin", "pmin_above_pmax"),
        ("#/powerplants/1/pmax", "not_finite"),
        ("#/powerplants/1/pmin", "out_of_range"),
        ("#/powerplants/2/name", "missing"),
        ("#/powerplants/2/pmax", "missing"),
        ("#/powerplants/2/type", "unknown_type"),
        ("#/powerplants/3", "type"),
    ]
    with pytest.raises(Malformed, match=r"^13 faults, the first at #/load: load is a string; it must be a number$"):
        read_fleet(body)


def test_tells_only_so_many_faults_and_warnings_and_that_there_are_more() -> None:
    with pytest.raises(
        Malformed, match=rf"^more than {MAX_TOLD} faults, the first at #/powerplants/0: the plant is null"
    ):
        read_fleet(payload(1, 60, [None] * (MAX_TOLD + 2)))
    told = faults(payload(1, 60, [None] * (MAX_TOLD + 2)))
    assert told[:-1] == faults(payload(1, 60, [None] * MAX_TOLD))
    assert (len(told), told[-1]) == (MAX_TOLD + 1, ("#", "more"))
    warnings = read_fleet(payload(1, 60, [{**GAS, "pmin": 10.01}] * (MAX_TOLD + 2))).warnings
    assert (len(warnings), warnings[-1].detail) == (MAX_TOLD + 1, f"there are more than the {MAX_TOLD} told here")


def test_a_thousand_faults_of_several_readings_are_told_once_each_and_that_there_are_more() -> None:
    one, other = Finding("#/a", "type", "a"), Finding("#/b", "type", "b")
    assert Malformed([one, other, one]).faults == (one, other)
    more = Finding("#", "more", f"there are more than the {MAX_TOLD} told here")
    many = [Finding(f"#/{number}", "type", "no") for number in range(MAX_TOLD)]
    assert Malformed([*many, many[0]]).faults == tuple(many)
    assert Malformed([*many, one]).faults == (*many, more)
    assert Malformed([one, more, other]).faults == (one, other, more)


def test_refuses_more_plants_than_are_taken_before_reading_them() -> None:
    with pytest.raises(TooManyPlants, match=r"^6 plants are more than the 5 taken in one request$") as refused:
        read_fleet(payload("faulty"), max_plants=5)
    assert (refused.value.count, refused.value.limit) == (6, 5)
    assert len(read_fleet(payload(), max_plants=6).plants) == 6


def test_refuses_a_wind_mode_that_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="wind is 'half'; it must be one of onoff, curtail"):
        read_fleet(payload(), wind="half")


def test_pointers_are_escaped_as_in_a_uri() -> None:
    assert pointer(()) == "#"
    assert pointer(("a~b", 3, "c/d", "e%f")) == "#/a~0b/3/c~1d/e%25f"
    assert pointer(("x" * 200, "y" * 201)) == f"#/{'x' * 200}/{'y' * 200}..."


def test_findings_become_the_members_of_an_error() -> None:
    with pytest.raises(Malformed) as malformed:
        read_fleet(payload(-1))
    assert malformed.value.faults[0]._asdict() == {
        "pointer": "#/load",
        "code": "out_of_range",
        "detail": "load is -1; it must be 0 to 1.79769e+308",
    }


# --- anything at all --------------------------------------------------------------------------------------------------

NUMBERS = st.one_of(st.integers(), st.integers(0, 500), st.floats(), st.floats(0, 500), st.decimals(), st.just(10**400))
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=5,
)
KINDS = st.sampled_from(["gasfired", "turbojet", "windturbine"])
SOME_PLANT = st.fixed_dictionaries(
    {},
    optional={
        "name": st.text() | ANYTHING,
        "type": KINDS | ANYTHING,
        "efficiency": NUMBERS | ANYTHING,
        "pmin": NUMBERS | ANYTHING,
        "pmax": NUMBERS | ANYTHING,
    },
)
SOME_PAYLOAD = st.fixed_dictionaries(
    {},
    optional={
        "load": NUMBERS | ANYTHING,
        "fuels": st.dictionaries(st.sampled_from([*FUELS, "kerosine(euro/Mwh)"]), NUMBERS | ANYTHING) | ANYTHING,
        "powerplants": st.lists(SOME_PLANT | ANYTHING, max_size=4) | ANYTHING,
    },
)


@given(body=SOME_PAYLOAD | ANYTHING, wind=st.sampled_from(WIND_MODES), co2=st.booleans())
@settings(max_examples=500, deadline=None)
def test_reads_or_refuses_anything(body: object, wind: str, co2: bool) -> None:
    try:
        fleet = read_fleet(body, wind=wind, co2=co2)
    except Malformed as malformed:
        findings = malformed.faults
        assert findings
    else:
        findings = fleet.warnings
        assert fleet.load >= 0
        assert [plant.eur_per_mwh for plant in fleet.plants] == sorted(plant.eur_per_mwh for plant in fleet.plants)
        for plant in fleet.plants:
            assert 0 <= plant.pmin <= plant.pmax <= 10**13
            assert abs(plant.eur_per_mwh) <= 2e12
    json.dumps([finding._asdict() for finding in findings], ensure_ascii=False).encode()
    assert "".join(finding.detail for finding in findings).isprintable()


@given(
    pmin=st.decimals(0, 1000, places=3),
    more=st.decimals(0, 1000, places=3),
    percent=st.decimals(0, 100, places=2),
    load=st.decimals(0, 1000, places=2),
)
@settings(max_examples=300, deadline=None)
def test_floats_and_decimals_give_what_exact_numbers_do(
    pmin: Decimal, more: Decimal, percent: Decimal, load: Decimal
) -> None:
    pmax = pmin + more
    plants = [{**GAS, "pmin": pmin, "pmax": pmax}, {**PARK, "pmax": pmax}]
    exact = read_fleet(payload(load, percent, plants))
    plants = [{**GAS, "pmin": float(pmin), "pmax": float(pmax)}, {**PARK, "pmax": float(pmax)}]
    floats = read_fleet(payload(float(load), float(percent), plants))
    assert (floats.load, floats.plants) == (exact.load, exact.plants)
    assert floats.load == Fraction(load) * 10
    park, gas = floats.plants
    assert park.pmax == Fraction(pmax) * Fraction(percent) // 10
    low, high = -(-Fraction(pmin) * 10 // 1), Fraction(pmax) * 10 // 1
    assert (gas.pmin, gas.pmax) == ((low, high) if low <= high else (0, 0))
