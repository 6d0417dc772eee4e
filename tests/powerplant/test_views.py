import io
import json
import math
from pathlib import Path

import pytest
from django.test.utils import override_settings
from rest_framework.parsers import JSONParser
from rest_framework.test import APIClient

from powerplant.conf import MAX_BODY_BYTES, MAX_BODY_PARTS, MAX_DOUBTED_BYTES
from powerplant.views.parsing import Kept, Lenient, NotJSON
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
    name, _, value = query.partition("=")
    what = {"wind": "onoff or curtail", "co2": "true or false"}[name]
    assert answer.json()["errors"] == [
        {"pointer": f"#/{name}", "code": "choice", "detail": f"{name} is '{value}'; it must be {what}"}
    ]


@pytest.mark.parametrize("query", ["wind=onoff&wind=onoff", "wind=x&wind=onoff", "wind=onoff&co2=true&wind=x"])
def test_answers_400_to_a_convention_that_comes_twice(query: str, anonymous: APIClient) -> None:
    answer = anonymous.post(f"/productionplan?{query}", payload(), format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"pointer": "#/wind", "code": "repeated", "detail": "wind is given 2 times; give it once"}
    ]


def test_tells_the_faults_of_the_query_and_of_the_body_in_one_answer(anonymous: APIClient) -> None:
    answer = anonymous.post("/productionplan?wind=x&co2=y", payload(load=-1), format="json")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["#/wind", "#/co2", "#/load"]


GAS = {"name": "a", "type": "gasfired", "efficiency": 0.5, "pmin": 10, "pmax": 20}
NEARLY_JSON = [
    ('{"load": NaN, "fuels": {}, "powerplants": []}', {"#/load": "load is nan; it must be a finite number"}),
    ('{"load": -Infinity, "fuels": {}, "powerplants": 3}',
     {"#/load": "load is -inf; it must be a finite number",
      "#/powerplants": "powerplants is a number; it must be a list"}),
    ('{"load": 1e400, "fuels": {"wind(%)": NaN}, "powerplants": []}',
     {"#/load": "load is inf; it must be a finite number",
      "#/fuels/wind(%25)": "wind(%) is nan; it must be a finite number"}),
    (json.dumps({"load": -1, "fuels": {"gas(euro/MWh)": 1}, "powerplants": [{**GAS, "name": "\ud800"}]}),
     {"#/load": "load is -1; it must be 0 to 1.79769e+308",
      "#/powerplants/0/name": "name is '\\ud800'; a lone surrogate is no character"}),
]  # fmt: skip
NO_JSON = [
    ('{"load": -1, "junk": NaN, "fuels": {}, "powerplants": []}', ["#/load", "#"]),  # where no payload has anything
    ('{"load": 1, "fuels": {}, "powerplants": [], "\\udfff": "\\ud800"}', ["#"]),
    ('{"load": 1, "fuels": {}, "powerplants": [], "junk": ' + "[" * 101 + "]" * 101 + "}", ["#"]),
    ('{"load": NaN, "junk": ' + "[" * 100_000, ["#"]),
    ('{"load": NaN', ["#"]),
    (" ", ["#"]),
    ("\ufeff{}", ["#"]),
    ('{"load": ' + "9" * 5000 + "}", ["#"]),
]


@pytest.mark.parametrize(("text", "told"), NEARLY_JSON)
@pytest.mark.parametrize("path", ["/productionplan", "/api/v1/plans?store=false"])
def test_points_at_what_json_does_not_have(text: str, told: dict[str, str], path: str, anonymous: APIClient) -> None:
    answer = anonymous.post(path, text, content_type="application/json")
    assert answer.status_code == 400
    assert {fault["pointer"]: fault["detail"] for fault in answer.json()["errors"]} == told


@pytest.mark.parametrize(("text", "pointers"), NO_JSON)
def test_says_what_is_wrong_with_a_text_that_is_no_json(text: str, pointers: list[str], anonymous: APIClient) -> None:
    answer = anonymous.post("/productionplan?wind=x", text, content_type="application/json")
    assert answer.status_code == 400
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["#/wind", *pointers]
    last = answer.json()["errors"][-1]
    assert last["code"] == "json"
    assert last["detail"].startswith(("the body is not JSON: ", "the body is nested deeper than 100 levels"))


@pytest.mark.parametrize(("question", "pointer"), [("curve", "#/payload/load"), ("compare", "#/payload/load")])
def test_points_into_the_payload_of_a_question(question: str, pointer: str, anonymous: APIClient) -> None:
    text = '{"payload": {"load": NaN}, "from_mw": 1e999, "variants": [{"load": 1, "\\ud800~": 2}, {}]}'
    answer = anonymous.post(f"/api/v1/plans/{question}", text, content_type="application/json")
    pointers = {fault["pointer"]: fault["code"] for fault in answer.json()["errors"]}
    assert (answer.status_code, pointers[pointer]) == (400, "not_finite")
    expected = {"curve": ("#/from_mw", "not_finite"), "compare": ("#/variants/0/\\ud800~0", "unknown")}[question]
    assert pointers[expected[0]] == expected[1]


def test_what_is_too_large_is_not_read_a_second_time(anonymous: APIClient) -> None:
    text = '{"load": NaN, "junk": [' + ",".join(["1"] * MAX_BODY_PARTS) + "]}"
    assert anonymous.post("/productionplan", text, content_type="application/json").status_code == 413
    text = '{"load": NaN}'.ljust(MAX_BODY_BYTES + 1)
    assert anonymous.post("/productionplan", text, content_type="application/json").status_code == 413
    for size, code in (MAX_DOUBTED_BYTES, "not_finite"), (MAX_DOUBTED_BYTES + 1, "json"):
        answer = anonymous.post("/productionplan", '{"load": NaN}'.ljust(size), content_type="application/json")
        assert answer.json()["errors"][0]["code"] == code


def test_any_parser_of_a_project_can_be_made_lenient() -> None:
    lenient = Lenient(JSONParser())
    assert lenient.media_type == "application/json"
    assert lenient.parse(io.BytesIO(b'{"a": 1}')) == {"a": 1}
    with pytest.raises(NotJSON, match=r"^JSON parse error - ") as fault:
        lenient.parse(io.BytesIO(b'{"a": -Infinity}'))
    assert fault.value.meant == {"a": -math.inf}
    kept = Kept(io.BytesIO(b"abcdef"))
    assert (kept.read(2), kept.read(1), kept.data) == (b"ab", b"c", b"abc")
    assert (kept.read(), kept.read(), kept.data) == (b"def", b"", b"abcdef")


def test_of_members_with_one_name_the_last_counts_either_way(anonymous: APIClient) -> None:
    text = '{"load": 5, "load": 0, "fuels": {}, "powerplants": []}'
    assert anonymous.post("/productionplan", text, content_type="application/json").json() == []
    answer = anonymous.post("/productionplan", text.replace("5", "NaN"), content_type="application/json")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["#"]


@override_settings(POWERPLANT_MAX_PLANTS=5)
def test_answers_413_to_more_plants_than_it_takes(anonymous: APIClient) -> None:
    answer = anonymous.post("/productionplan", payload(), format="json")
    assert (answer.status_code, answer.json()["detail"]) == (413, "6 plants are more than the 5 taken in one request")


@pytest.mark.parametrize("junk", ["[]", "{}", "1"])
def test_answers_413_to_more_values_than_it_decodes(junk: str, anonymous: APIClient) -> None:
    text = json.dumps(payload(junk=[])).replace('"junk": []', f'"junk": [{",".join([junk] * MAX_BODY_PARTS)}]')
    answer = anonymous.post("/productionplan", text, content_type="application/json")
    assert answer.status_code == 413
    assert answer.json()["detail"].startswith(
        f"the body has more than {MAX_BODY_PARTS} values and names, as told by its commas, "
    )


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
