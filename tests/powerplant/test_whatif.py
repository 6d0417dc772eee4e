"""What-if answers are those of as many single questions."""

from collections.abc import Callable
from itertools import count, pairwise
from math import inf

import pytest

from powerplant.dispatch import dispatch
from powerplant.report import report
from powerplant.units import Fleet, Malformed, TooManyPlants, Unit, read_fleet
from powerplant.whatif import Loads, TooManyBytes, Ways, compare, curve, read_loads, read_variants
from powerplant.whatif.curve import loads_between
from powerplant.whatif.shares import shares
from powerplant.whatif.variants import MAX_BYTES
from tests.powerplant.oracles import fleet, least_costs, payload, seeded
from tests.powerplant.test_report import plants_of

WAYS = Ways("onoff", co2=True, max_plants=100)


def still() -> float:
    return 0.0


def ticking(step_s: float) -> Callable[[], float]:
    """A clock on which each look takes so long."""
    ticks = count()
    return lambda: next(ticks) * step_s


def question(**changes: object) -> dict[str, object]:
    return {"payload": payload(), "from_mw": 0, "to_mw": 1200, "points": 4, **changes}


def test_each_point_of_a_curve_is_the_optimum_of_its_load() -> None:
    rng = seeded("curve")
    for _ in range(40):
        units = [(unit.pmin, unit.pmax, unit.eur_per_mwh) for unit in fleet(rng, rng.randint(1, 30), 20)]
        plants = plants_of(units)
        least = least_costs([Unit(*unit) for unit in units])
        of = Fleet(0, plants, "onoff", co2=True, warnings=())
        for point in curve(Loads(of, list(range(len(least) + 3))), 1e9, still):
            load = round(point["load_mw"] * 10)
            if "impossible" in point:
                assert load >= len(least) or least[load] == inf
            else:
                assert point["cost_eur"] == pytest.approx(least[load], abs=1e-6)
                plan = dispatch(plants, load)
                assert point["price_eur_per_mwh"] == (plan.price_eur_per_mwh and round(plan.price_eur_per_mwh, 9))
                assert set(point) == {"load_mw", "cost_eur", "price_eur_per_mwh", "co2_ton"}


def test_reads_evenly_spaced_loads() -> None:
    assert read_loads(question(), WAYS).loads == [0, 4000, 8000, 12000]
    assert read_loads(question(to_mw=100, points=7), WAYS).loads == [0, 167, 333, 500, 667, 833, 1000]
    assert read_loads(question(to_mw=0.2, points=500), WAYS).loads == [0, 1, 2]
    assert read_loads(question(from_mw=0.3, to_mw=0.3, points=1), WAYS).loads == [3]


@pytest.mark.parametrize("points", [2, 3, 7, 499])
def test_loads_are_as_even_as_whole_numbers_can_be(points: int) -> None:
    found = loads_between(17, 10**6, points)
    assert (found[0], found[-1], len(found)) == (17, 10**6, points)
    steps = {after - before for before, after in pairwise(found)}
    assert max(steps) - min(steps) <= 1


def test_a_curve_needs_no_load_in_its_payload() -> None:
    without = {name: value for name, value in payload().items() if name != "load"}
    assert list(curve(read_loads(question(payload=without), WAYS), 1, still)) == list(
        curve(read_loads(question(), WAYS), 1, still)
    )


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ([], ["#"]),
        ({}, ["#/from_mw", "#/to_mw", "#/points", "#/payload"]),
        (question(from_mw=2, to_mw=1), ["#/from_mw"]),
        (question(from_mw=0.05, to_mw="1"), ["#/from_mw", "#/to_mw"]),
        (question(points=0), ["#/points"]),
        (question(points=501), ["#/points"]),
        (question(points=2.5), ["#/points"]),
        (question(points=True), ["#/points"]),
        (question(payload=[], points=None), ["#/points", "#/payload"]),
        (question(payload={"load": "x", "fuels": {}, "powerplants": [{}]}), [
            "#/payload/load", "#/payload/powerplants/0/name", "#/payload/powerplants/0/type",
            "#/payload/powerplants/0/pmax"]),
    ],
)  # fmt: skip
def test_tells_all_the_faults_of_a_curves_question(body: object, pointers: list[str]) -> None:
    with pytest.raises(Malformed) as told:
        read_loads(body, WAYS)
    assert [fault.pointer for fault in told.value.faults] == pointers
    assert len(told.value.told().splitlines()) == len(pointers)


def test_a_spent_budget_leaves_the_points_undecided() -> None:
    points = list(curve(read_loads(question(points=3), WAYS), 0.0, still))
    assert points == [{"load_mw": load, "impossible": "undecided"} for load in (0.0, 600.0, 1200.0)]


def test_a_point_without_proof_tells_its_gap() -> None:
    fleet_of_60 = fleet(seeded("correlated"), 60, 500, "pmin close to pmax", "any")
    units = [(unit.pmin, unit.pmax, unit.eur_per_mwh) for unit in fleet_of_60]
    of = Fleet(0, plants_of(units), "onoff", co2=True, warnings=())
    (point,) = curve(Loads(of, [sum(unit[1] for unit in units) // 2]), 3.0, ticking(1.0))
    assert point["gap_eur"] > 0


def test_what_one_search_leaves_of_the_budget_is_the_next_ones() -> None:
    times = iter([0.0, 0.0, 1.0, 9.0, 20.0])
    assert list(shares(4, 10.0, lambda: next(times))) == [2.5, 3.0, 0.5, 0.0]


def test_compares_the_four_conventions_unless_told_otherwise() -> None:
    found = list(compare(read_variants({"payload": payload()}, WAYS), 1, still))
    assert [(variant["wind"], variant["co2"]) for variant in found] == [
        ("onoff", True), ("onoff", False), ("curtail", True), ("curtail", False),
    ]  # fmt: skip
    for variant in found:
        read = read_fleet(payload(), wind=variant["wind"], co2=variant["co2"])
        assert variant == report(read, dispatch(read.plants, read.load), 0.0)


def test_a_variant_changes_the_load_and_single_fuels() -> None:
    variants = [{"load": 910}, {"fuels": {"wind(%)": 0}}, {}, {"load": 10**308}, {"load": 0.05}]
    found = list(compare(read_variants({"payload": payload(), "variants": variants}, WAYS), 1, still))
    assert [variant.get("cost_eur") and round(variant["cost_eur"], 6) for variant in found] == [
        24976.362264, 15015.849057, 11524.664151, None, None,
    ]  # fmt: skip
    assert found[3]["load_mw"] == 1e308
    assert {key: found[4][key] for key in ("impossible", "nearest_below_mw", "nearest_above_mw", "wind", "co2")} == {
        "impossible": "granularity", "nearest_below_mw": 0.0, "nearest_above_mw": 0.1, "wind": "onoff", "co2": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        (3, ["#"]),
        ({}, ["#/payload"]),
        ({"payload": payload(), "variants": []}, ["#/variants"]),
        ({"payload": payload(), "variants": [{}] * 21}, ["#/variants"]),
        ({"payload": payload(), "variants": "all"}, ["#/variants"]),
        ({"payload": payload(), "variants": [{"load": -1}, 4]}, ["#/variants/0/load", "#/variants/1"]),
        ({"payload": payload(), "variants": [{"wind": ["onoff"], "co2": "true", "fuels": [], "Wind": 1}]}, [
            "#/variants/0/wind", "#/variants/0/co2", "#/variants/0/fuels", "#/variants/0/Wind"]),
        ({"payload": payload(), "variants": [{"fuels": {"wind(%)": 101}}]}, ["#/variants/0/fuels/wind(%25)"]),
        ({"payload": payload(), "variants": [{"wind": "x", "y": 1, "co2": 0, "load": -1, "fuels": {"wind(%)": -1}}]}, [
            "#/variants/0/wind", "#/variants/0/co2", "#/variants/0/y", "#/variants/0/load",
            "#/variants/0/fuels/wind(%25)"]),
        ({"payload": payload(load="x", plants=[{}]), "variants": [{"wind": 0}, 7, {"fuels": 3}]}, [
            "#/variants/0/wind", "#/payload/load", "#/payload/powerplants/0/name", "#/payload/powerplants/0/type",
            "#/payload/powerplants/0/pmax", "#/variants/1", "#/variants/2/fuels"]),
        ({"payload": {}, "variants": {}}, ["#/variants", "#/payload/load", "#/payload/fuels", "#/payload/powerplants"]),
        ({"payload": payload(load=-1), "variants": [{"load": 1}, {"load": 2, "co2": None}]}, ["#/variants/1/co2"]),
        ({"payload": payload(load="1", plants=[{}]), "variants": [{}, {}]}, [
            "#/payload/load", "#/payload/powerplants/0/name", "#/payload/powerplants/0/type",
            "#/payload/powerplants/0/pmax"]),
        ({"payload": {"load": 1, "powerplants": []}, "variants": [{"fuels": {"wind(%)": 1}}, {}]}, ["#/payload/fuels"]),
    ],
)  # fmt: skip
def test_tells_all_the_faults_of_a_comparison_where_they_stand(body: object, pointers: list[str]) -> None:
    with pytest.raises(Malformed) as told:
        read_variants(body, WAYS)
    assert [fault.pointer for fault in told.value.faults] == pointers


@pytest.mark.parametrize("own", ["kerosine(euro/MWh)", "kerosine(euro/Mwh)"])
@pytest.mark.parametrize("other", ["kerosine(euro/MWh)", "kerosine(euro/Mwh)"])
def test_a_variants_kerosine_counts_however_both_are_spelt(own: str, other: str) -> None:
    jet = {"name": "jet", "type": "turbojet", "efficiency": 0.5, "pmax": 10}
    asked = {"payload": {"load": 1, "fuels": {own: 50}, "powerplants": [jet]}, "variants": [{"fuels": {other: 7}}, {}]}
    assert [fleet.plants[0].eur_per_mwh for fleet in read_variants(asked, WAYS)] == [14.0, 100.0]
    asked["variants"] = [{"fuels": {other: "x"}}]
    with pytest.raises(Malformed) as told:
        read_variants(asked, WAYS)
    assert [fault.pointer for fault in told.value.faults] == [f"#/variants/0/fuels/{other.replace('/', '~1')}"]


def test_fuels_that_nobody_knows_change_nothing() -> None:
    asked = {"payload": payload(coal=1), "variants": [{"fuels": {"coal": "x", "wind(%)": 0}}, {"fuels": {"peat": 1}}]}
    assert [fleet.plants[-1].eur_per_mwh for fleet in read_variants(asked, WAYS)] == [50.8 / 0.3] * 2
    assert [fleet.plants[0].pmax for fleet in read_variants(asked, WAYS)] == [0, 900]


def test_counts_the_bytes_of_all_variants() -> None:
    asked = {"payload": payload(), "variants": [{}] * 3}
    with pytest.raises(TooManyBytes) as refused:
        read_variants(asked, WAYS._replace(body_bytes=MAX_BYTES // 3 + 1))
    assert str(refused.value) == (
        "a body of 5592406 bytes with 3 variants makes 16777218 bytes, above the 16777216 taken in one request"
    )
    assert len(read_variants(asked, WAYS._replace(body_bytes=MAX_BYTES // 3))) == 3


def test_counts_the_plants_of_all_variants() -> None:
    with pytest.raises(TooManyPlants, match=r"^102 plants are more than the 100 taken in one request$"):
        read_variants({"payload": payload(), "variants": [{}] * 17}, WAYS)
    assert len(read_variants({"payload": payload(), "variants": [{}] * 16}, WAYS)) == 16
