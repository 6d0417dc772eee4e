import json
import math
from pathlib import Path

import pytest
from django.test.utils import override_settings
from rest_framework.test import APIClient

from powerplant.conf import MAX_BODY_VALUES
from tests.live import PROJECT

# The plans of the challenge: output by plant, and the cost with and without CO2.
OFFICIAL = {
    1: ([("windpark1", 90.0), ("windpark2", 21.6), ("gasfiredbig1", 368.4), ("gasfiredbig2", 0.0),
         ("gasfiredsomewhatsmaller", 0.0), ("tj1", 0.0)], 11524.664151, 9314.264151),
    2: ([("windpark1", 0.0), ("windpark2", 0.0), ("gasfiredbig1", 380.0), ("gasfiredbig2", 100.0),
         ("gasfiredsomewhatsmaller", 0.0), ("tj1", 0.0)], 15015.849057, 12135.849057),
    3: ([("windpark1", 90.0), ("windpark2", 21.6), ("gasfiredbig1", 460.0), ("gasfiredbig2", 338.4),
         ("gasfiredsomewhatsmaller", 0.0), ("tj1", 0.0)], 24976.362264, 20185.962264),
}  # fmt: skip


def payload(number: int = 1, **changes: object) -> dict[str, object]:
    read: dict[str, object] = json.loads(Path(PROJECT, "docs", "payloads", f"payload{number}.json").read_text())
    return {**read, **changes}


def plant(**changes: object) -> dict[str, object]:
    return {"name": "a", "type": "gasfired", "efficiency": 0.5, "pmin": 10, "pmax": 20, **changes}


@pytest.mark.parametrize("number", OFFICIAL)
@pytest.mark.parametrize("wind", ["onoff", "curtail"])
@pytest.mark.parametrize("co2", [True, False])
def test_answers_the_official_payloads_with_their_optimal_plans(
    number: int, wind: str, co2: bool, anonymous: APIClient
) -> None:
    plan, with_co2, without_co2 = OFFICIAL[number]
    query = f"?wind={wind}&co2={'true' if co2 else 'false'}"
    answer = anonymous.post(f"/productionplan{query}", payload(number), format="json")
    assert answer.status_code == 200
    answered = [(row["name"], row["p"]) for row in answer.json()]
    if number == 2:  # any split over the two equal plants costs the same
        assert answered[2][1] + answered[3][1] == 480
        assert min(answered[2][1], answered[3][1]) >= 100
    else:
        assert answered == plan
    assert answer.headers["X-Plan-Status"] == "optimal"
    assert float(answer.headers["X-Plan-Gap-Eur"]) == 0
    assert math.isclose(float(answer.headers["X-Plan-Cost-Eur"]), with_co2 if co2 else without_co2, abs_tol=1e-5)
    assert (answer.headers["X-Plan-Wind"], answer.headers["X-Plan-Co2"]) == (wind, "true" if co2 else "false")
    burnt = sum(output for name, output in answered if name.startswith("gas"))
    assert math.isclose(float(answer.headers["X-Plan-Co2-Ton"]), 0.3 * burnt, abs_tol=1e-5)


@override_settings(POWERPLANT_WIND="curtail", POWERPLANT_CO2=False)
def test_follows_the_conventions_of_the_settings_where_a_request_does_not_say(anonymous: APIClient) -> None:
    answer = anonymous.post("/productionplan", payload(), format="json")
    assert (answer.headers["X-Plan-Wind"], answer.headers["X-Plan-Co2"]) == ("curtail", "false")


@pytest.mark.parametrize(
    ("changes", "reason", "below", "above"),
    [
        ({"load": 99999}, "capacity", 1257.6, None),
        ({"load": 1e12}, "capacity", 1257.6, None),
        ({"load": 0.05}, "granularity", 0, 0.1),
        ({"load": 5, "powerplants": [plant()]}, "gap", 0, 10),
        ({"load": 25, "powerplants": [plant(pmin=20), plant(pmin=20)]}, "gcd", 20, 40),
    ],
)
def test_explains_a_load_that_no_plan_meets(
    changes: dict[str, object], reason: str, below: float | None, above: float | None, anonymous: APIClient
) -> None:
    answer = anonymous.post("/productionplan", payload(**changes), format="json")
    told = answer.json()
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert (told["reason"], told["nearest_below_mw"], told["nearest_above_mw"]) == (reason, below, above)


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["#/fuels", "#/load", "#/powerplants"]),
        ([], ["#"]),
        (payload(load=-1), ["#/load"]),
        (payload(load="480"), ["#/load"]),
        (payload(load=True), ["#/load"]),
        (payload(powerplants={}), ["#/powerplants"]),
        (payload(powerplants=[plant(efficiency=0), plant(pmin=30), plant(type="nuclear"), plant(name=None)]),
         ["#/powerplants/0/efficiency", "#/powerplants/1/pmin", "#/powerplants/2/type", "#/powerplants/3/name"]),
        (payload(fuels={"wind(%)": 60}), [f"#/fuels/{fuel}" for fuel in ("gas(euro~1MWh)", "kerosine(euro~1MWh)")]),
    ],
)  # fmt: skip
def test_answers_400_with_a_pointer_to_every_fault(body: object, pointers: list[str], anonymous: APIClient) -> None:
    answer = anonymous.post("/productionplan", json.dumps(body), content_type="application/json")
    assert answer.status_code == 400
    assert sorted(fault["pointer"] for fault in answer.json()["errors"]) == sorted(pointers)


@pytest.mark.parametrize("query", ["wind=maybe", "co2=1", "wind=", "co2=True"])
def test_answers_400_to_a_convention_that_is_none(query: str, anonymous: APIClient) -> None:
    answer = anonymous.post(f"/productionplan?{query}", payload(), format="json")
    assert answer.status_code == 400
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [f"?{query.partition('=')[0]}"]


def test_tells_the_faults_of_the_query_and_of_the_body_in_one_answer(anonymous: APIClient) -> None:
    answer = anonymous.post("/productionplan?wind=x&co2=y", payload(load=-1), format="json")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["?wind", "?co2", "#/load"]


@override_settings(POWERPLANT_MAX_PLANTS=5)
def test_answers_413_to_more_plants_than_it_takes(anonymous: APIClient) -> None:
    answer = anonymous.post("/productionplan", payload(), format="json")
    assert (answer.status_code, answer.json()["detail"]) == (413, "6 plants are more than the 5 taken in one request")


@pytest.mark.parametrize("junk", ["[]", "{}", "1"])
def test_answers_413_to_more_values_than_it_decodes(junk: str, anonymous: APIClient) -> None:
    text = json.dumps(payload(junk=[])).replace('"junk": []', f'"junk": [{",".join([junk] * MAX_BODY_VALUES)}]')
    answer = anonymous.post("/productionplan", text, content_type="application/json")
    assert answer.status_code == 413
    assert answer.json()["detail"].startswith(f"the body has more than {MAX_BODY_VALUES} values, as told by its commas")


def test_ignores_unknown_fields_and_keeps_plants_of_one_name_apart(anonymous: APIClient) -> None:
    body = payload(load=30, powerplants=[plant(colour="red"), plant(efficiency=0.4)], comment="x")
    answer = anonymous.post("/productionplan", body, format="json")
    assert answer.json() == [{"name": "a", "p": 20.0}, {"name": "a", "p": 10.0}]


@override_settings(CLOSED_ROUTES=["/productionplan"])
def test_a_closed_route_needs_the_scope_plan(anonymous: APIClient, reader: APIClient, api: APIClient) -> None:
    statuses = [
        client.post("/productionplan", payload(), format="json").status_code for client in (anonymous, reader, api)
    ]
    assert statuses == [401, 403, 200]


@override_settings(
    POWERPLANT_WIND="none", POWERPLANT_BUDGET_S=0, POWERPLANT_MAX_PLANTS=0, POWERPLANT_MAX_WATCHERS=-1,
    POWERPLANT_WATCHERS="no_module.take", POWERPLANT_HARD_SEARCHES=0,
)  # fmt: skip
def test_wrong_settings_are_named_by_the_checks() -> None:
    from powerplant.checks import check_settings, check_watchers  # noqa: PLC0415

    assert [(found.id, found.msg) for found in [*check_settings(), *check_watchers()]] == [
        ("powerplant.E001", "POWERPLANT_WIND is 'none'"),
        ("powerplant.E002", "POWERPLANT_BUDGET_S is 0.0"),
        ("powerplant.E003", "POWERPLANT_MAX_PLANTS is 0"),
        ("powerplant.E004", "POWERPLANT_MAX_WATCHERS is -1"),
        ("powerplant.E006", "POWERPLANT_HARD_SEARCHES is 0"),
        ("powerplant.E005", "POWERPLANT_WATCHERS cannot be imported: No module named 'no_module'"),
    ]
