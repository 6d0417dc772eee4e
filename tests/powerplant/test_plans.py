"""`/api/v1/plans`: reports, kept ones, what-if questions."""

import json
import re
import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

import pytest
import requests
from django.contrib.auth.models import User
from django.test import Client
from django.test.utils import override_settings
from rest_framework.test import APIClient, APIRequestFactory

from powerplant import conf, models
from powerplant.conf import MAX_BODY_BYTES
from powerplant.dispatch import dispatch
from powerplant.live import MAX_BYTES
from powerplant.models import StoredPlan, TooLarge
from powerplant.report import table
from powerplant.turns import Turns
from powerplant.units import read_fleet
from powerplant.views import reading, searching
from powerplant.views.productionplan import ProductionPlan, fleet_of
from tests.conftest import Start
from tests.powerplant.oracles import payload, seeded
from tests.powerplant.test_views import plant

PLANS = "/api/v1/plans"
JSON = {"Content-Type": "application/json"}
FIELDS = [
    *("id", "status", "load_mw", "cost_eur", "co2_ton", "price_eur_per_mwh", "bound_eur", "gap_eur", "elapsed_s"),
    *("wind", "co2", "warnings", "plants"),
]
FIELDS_OF_A_PLANT = ["name", "type", "p", "state", "reason", "cost_eur", "co2_ton", "eur_per_mwh", "pmin", "pmax"]


@pytest.fixture
def planner() -> Iterator[APIClient]:
    """A client whose key has the scope `plan` alone."""
    from buildserver.keys import load  # noqa: PLC0415 - the settings are read

    with override_settings(PRESHARED=load("planner:a-key-for-plans", None)):
        yield APIClient(headers={"Authorization": "Bearer a-key-for-plans"})


def test_reports_all_there_is_to_say_of_a_plan_without_a_key(anonymous: APIClient) -> None:
    answer = anonymous.post(f"{PLANS}?store=false", payload(480, 0), format="json")
    told = answer.json()
    assert (answer.status_code, list(told), list(told["plants"][0])) == (200, FIELDS, FIELDS_OF_A_PLANT)
    assert (told["id"], told["status"], told["load_mw"], told["gap_eur"], told["wind"], told["co2"]) == (
        None, "optimal", 480.0, 0.0, "onoff", True,
    )  # fmt: skip
    assert told["cost_eur"] == told["bound_eur"] == pytest.approx(15015.849057)
    assert told["price_eur_per_mwh"] == pytest.approx(31.283019)
    assert [(row["name"], row["p"], row["state"]) for row in told["plants"]] == [
        ("windpark1", 0.0, "off"), ("windpark2", 0.0, "off"), ("gasfiredbig1", 380.0, "partial"),
        ("gasfiredbig2", 100.0, "minimum"), ("gasfiredsomewhatsmaller", 0.0, "off"), ("tj1", 0.0, "off"),
    ]  # fmt: skip


def test_warns_of_what_was_rounded_and_of_equal_names(anonymous: APIClient) -> None:
    body = payload(
        10, 33, [plant(pmin=0.15), plant(type="windturbine", pmin=0, pmax=1), plant(name="c", pmin=0.11, pmax=0.12)]
    )
    told = anonymous.post(f"{PLANS}?store=false", body, format="json").json()
    assert {(warning["pointer"], warning["code"]) for warning in told["warnings"]} == {
        ("#/powerplants/0/pmin", "rounded"), ("#/powerplants/1", "rounded"), ("#/powerplants/2/pmin", "rounded"),
        ("#/powerplants/2/pmax", "rounded"), ("#/powerplants/2", "cannot_run"),
        ("#/powerplants/1/name", "duplicate_name"),
    }  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("long", ["", "x" * MAX_BYTES], ids=["small", "large"])
def test_keeps_a_plan_with_its_request(long: str, api: APIClient) -> None:
    body = {**payload(480, 60), "note": [10**30, 0.1, "ü\u2028", None, long]}
    made = api.post(PLANS, body, format="json")
    told = made.json()
    assert made.status_code == 201
    assert made.headers["Location"] == f"{PLANS}/{told['id']}"
    kept = api.get(made.headers["Location"])
    assert kept.status_code == 200
    row = kept.json()
    assert row.pop("request") == json.loads(json.dumps(body))
    assert row.pop("created_by") == "tests"
    assert row.pop("created_at").endswith("Z")
    assert row == told


@pytest.mark.django_db
def test_lists_the_newest_first_a_page_at_a_time(api: APIClient) -> None:
    loads = [float(load) for load in range(100, 107)]
    made = {api.post(PLANS, payload(load), format="json").json()["id"] for load in loads}
    assert len(made) == len(loads)
    seen, cursor, pages = [], "", 0
    while cursor is not None:
        page = api.get(PLANS, {"limit": 3, "cursor": cursor}).json()
        seen += page["items"]
        cursor, pages = page["next"], pages + 1
    assert ([row["load_mw"] for row in seen], pages) == (loads[::-1], 3)
    assert list(seen[0]) == ["id", "created_at", "created_by", *FIELDS[1:-2], "plants"]
    assert seen[0]["plants"] == 6
    whole = api.get(PLANS).json()
    assert whole == {"items": seen, "next": None}


@pytest.mark.django_db
def test_a_list_goes_on_after_a_plan_that_is_gone(api: APIClient) -> None:
    for load in (100, 200, 300):
        api.post(PLANS, payload(load), format="json")
    cursor = api.get(PLANS, {"limit": 2}).json()["next"]
    assert api.delete(f"{PLANS}/{cursor}").status_code == 204
    assert [row["load_mw"] for row in api.get(PLANS, {"cursor": cursor}).json()["items"]] == [100.0]


@pytest.mark.django_db
def test_deletes_a_plan_once(api: APIClient) -> None:
    where = api.post(PLANS, payload(), format="json").headers["Location"]
    assert [api.delete(where).status_code, api.delete(where).status_code, api.get(where).status_code] == [204, 404, 404]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "told"),
    [
        *((f"limit={limit}", {"#/limit": f"limit is '{limit}'; it must be a whole number from 1 to 1000"})
          for limit in ("0", "1001", "x", "-1", "1.5", "", "1e2", "9" * 30)),
        *((f"cursor={cursor}", {"#/cursor": f"cursor is '{cursor}'; it must be the next of a page"})
          for cursor in ("x", "-1", "0", "1" + "0" * 18, " ")),
        ("limit=2&limit=3", {"#/limit": "limit is given 2 times; give it once"}),
        ("limit=0&cursor=1&cursor=1&cursor=2", {
            "#/limit": "limit is '0'; it must be a whole number from 1 to 1000",
            "#/cursor": "cursor is given 3 times; give it once"}),
    ],
)  # fmt: skip
def test_refuses_a_page_that_is_none(query: str, told: dict[str, str], api: APIClient) -> None:
    answer = api.get(f"{PLANS}?{query}")
    assert answer.status_code == 400
    assert {fault["pointer"]: fault["detail"] for fault in answer.json()["errors"]} == told


@pytest.mark.django_db
def test_an_empty_cursor_is_the_beginning(api: APIClient) -> None:
    assert api.get(f"{PLANS}?cursor=").json() == {"items": [], "next": None}


@pytest.mark.django_db
@pytest.mark.parametrize("number", ["1", "999999999999999999"])
def test_answers_404_for_a_plan_that_is_not_there(number: str, api: APIClient) -> None:
    assert api.get(f"{PLANS}/{number}").json()["detail"] == f"there is no plan {number}"


@pytest.mark.parametrize("number", ["0", "-1", "x", f"{10**18}", "1/"])
def test_what_is_no_number_is_no_route(number: str, anonymous: APIClient) -> None:
    assert anonymous.get(f"{PLANS}/{number}").json()["detail"] == "there is no such route"


@pytest.mark.django_db
def test_keeping_and_looking_need_the_scope_plan(anonymous: APIClient, reader: APIClient, planner: APIClient) -> None:
    where = planner.post(PLANS, payload(), format="json").headers["Location"]
    for client, status in ((anonymous, 401), (reader, 403)):
        with override_settings(PRESHARED=_all_keys()):
            answers = [
                client.post(PLANS, payload(), format="json"), client.post(f"{PLANS}?store=", payload(), format="json"),
                client.get(PLANS), client.get(where), client.delete(where),
            ]  # fmt: skip
        assert [answer.status_code for answer in answers] == [status] * 5
    assert [planner.get(where).status_code, planner.get(PLANS).status_code] == [200, 200]
    assert planner.delete(where).status_code == 204


@pytest.mark.django_db
def test_store_that_comes_twice_is_refused_to_those_who_may_keep(anonymous: APIClient, planner: APIClient) -> None:
    for query in ("store=false&store=false", "store=false&store=true", "store=true&store=false"):
        assert anonymous.post(f"{PLANS}?{query}", payload(), format="json").status_code == 401
        refused = planner.post(f"{PLANS}?{query}", payload(), format="json")
        assert refused.status_code == 400
        assert [fault["detail"] for fault in refused.json()["errors"]] == ["store is given 2 times; give it once"]
    assert not StoredPlan.objects.exists()


def _all_keys() -> object:
    from django.conf import settings  # noqa: PLC0415 - as they were before the fixture

    from buildserver.keys import load  # noqa: PLC0415

    return load("", Path(settings.ASSETS_HOME) / "keys")


@pytest.mark.parametrize("path", ["", "/curve", "/compare", "/1"])
def test_other_verbs_are_told_which_there_are(path: str, anonymous: APIClient) -> None:
    answer = anonymous.put(f"{PLANS}{path}", {}, format="json")
    allowed = {"": "GET, HEAD, POST", "/1": "GET, HEAD, DELETE"}.get(path, "POST")
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)


@pytest.mark.django_db
def test_keeps_nothing_of_a_question_without_a_plan(api: APIClient) -> None:
    assert api.post(PLANS, payload(load=0.05), format="json").status_code == 422
    refused = api.post(f"{PLANS}?store=maybe&wind=x", payload(load=-1), format="json")
    assert [fault["pointer"] for fault in refused.json()["errors"]] == ["#/wind", "#/store", "#/load"]
    assert not StoredPlan.objects.exists()


@pytest.mark.django_db
def test_what_is_too_large_to_keep_is_said_to_be_answered_without(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "MAX_STORED_BYTES", 200)
    answer = api.post(PLANS, payload(), format="json")
    assert answer.status_code == 413
    assert answer.json()["detail"].endswith(
        "bytes compressed, above the 200 kept; with ?store=false it is answered and not kept"
    )
    with pytest.raises(TooLarge, match=r"^the request takes "):
        StoredPlan.objects.keep(b"x" * 201, {"load_mw": 1.0, "plants": []}, None)


@pytest.mark.django_db
def test_a_kept_plan_is_told_by_its_number_and_load(api: APIClient) -> None:
    made = api.post(PLANS, payload(480.1), format="json").json()["id"]
    assert str(StoredPlan.objects.get(pk=made)) == f"plan {made}: 480.1 MW"


# --- what if ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size_bytes", "left"), [(MAX_BYTES, True), (MAX_BYTES + 1, False)])
def test_lets_go_of_a_body_once_read_when_it_is_too_large_to_be_shown(size_bytes: int, left: bool) -> None:
    text = json.dumps(payload()).ljust(size_bytes)
    sent = APIRequestFactory().post(PLANS, text, content_type="application/json")
    request = ProductionPlan().initialize_request(sent)
    assert len(reading.read(request, fleet_of).plants) == 6
    assert bool(request.data) is left


def test_answers_a_curve_without_a_key(anonymous: APIClient) -> None:
    asked = {"payload": payload(), "from_mw": 0, "to_mw": 1300, "points": 14}
    answer = anonymous.post(f"{PLANS}/curve?co2=false", asked, format="json")
    points = answer.json()["points"]
    assert (answer.status_code, [point["load_mw"] for point in points]) == (200, [100.0 * step for step in range(14)])
    assert points[-1] == {"load_mw": 1300.0, "impossible": "capacity"}
    for point in points[:-1]:
        read = read_fleet(payload(point["load_mw"]), co2=False)
        assert point["cost_eur"] == pytest.approx(dispatch(read.plants, read.load).cost_eur, abs=1e-8)


def test_answers_a_comparison_without_a_key(anonymous: APIClient) -> None:
    asked = {"payload": payload(), "variants": [{"co2": False}, {"load": 1e6}]}
    answer = anonymous.post(f"{PLANS}/compare?wind=curtail", asked, format="json")
    first, second = answer.json()["variants"]
    assert (answer.status_code, list(first), first["wind"], first["co2"]) == (200, FIELDS, "curtail", False)
    assert second == {
        "load_mw": 1e6, "wind": "curtail", "co2": True, "impossible": "capacity", "nearest_below_mw": 1257.6,
        "detail": "load 1000000 MW is outside what the plants can produce, 0 to 1257.6 MW", "nearest_above_mw": None,
    }  # fmt: skip


@pytest.mark.parametrize("question", ["curve", "compare"])
def test_answers_400_with_every_fault_of_query_and_body(question: str, anonymous: APIClient) -> None:
    answer = anonymous.post(f"{PLANS}/{question}?wind=x", {}, format="json")
    pointers = [fault["pointer"] for fault in answer.json()["errors"]]
    assert (answer.status_code, pointers[0], pointers[-1]) == (400, "#/wind", "#/payload")


@override_settings(POWERPLANT_MAX_PLANTS=20)
def test_counts_the_plants_of_all_variants_together(anonymous: APIClient) -> None:
    answer = anonymous.post(f"{PLANS}/compare", {"payload": payload()}, format="json")
    assert (answer.status_code, answer.json()["detail"]) == (413, "24 plants are more than the 20 taken in one request")


def test_counts_the_bytes_of_all_variants_together(anonymous: APIClient) -> None:
    text = json.dumps({"payload": payload(), "variants": [{}] * 20}).ljust(MAX_BODY_BYTES // 20 + 1)
    answer = anonymous.post(f"{PLANS}/compare", text, content_type="application/json")
    assert answer.status_code == 413
    assert "a body of 838861 bytes with 20 variants makes 16777220 bytes, above the 16777216" in answer.json()["detail"]
    assert anonymous.post(f"{PLANS}/compare", text[:-1], content_type="application/json").status_code == 200


@pytest.mark.parametrize("path", ["/productionplan", f"{PLANS}?store=false", f"{PLANS}/curve", f"{PLANS}/compare"])
def test_a_hard_search_without_a_place_is_told_when_to_retry(
    path: str, anonymous: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = Turns(3)
    monkeypatch.setattr(searching, "_turns", lambda: turns)
    monkeypatch.setattr("powerplant.turns.EASY_S", 0.0)
    inner = payload()
    body = {**inner, "payload": inner, "from_mw": 0, "to_mw": 1, "points": 2}
    held, done = threading.Barrier(4), threading.Event()

    def hold(place: int) -> None:
        with turns.clock(2) as seconds:
            if place == 0:
                seconds()
            else:
                turns._free.acquire()
            held.wait(30)
            done.wait(30)

    threads = [threading.Thread(target=hold, args=(place,), daemon=True) for place in range(3)]
    for thread in threads:
        thread.start()
    held.wait(30)
    answer = anonymous.post(path, body, format="json")
    done.set()
    for thread in threads:
        thread.join(30)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "6")
    assert answer.json()["detail"] == "3 hard searches are under way, as many as may be at a time"


def test_without_a_projects_access_kept_plans_are_the_settings_matter(api: APIClient) -> None:
    class Bare:
        access = None

    with pytest.raises(
        Exception, match=r"^plan is allowed to nobody: set request\.access in a middleware, or POWERPLANT_ALLOW$"
    ):
        conf.require(Bare())  # type: ignore[arg-type]
    with override_settings(POWERPLANT_ALLOW=["plan"]):
        conf.require(Bare())  # type: ignore[arg-type]


# --- the admin --------------------------------------------------------------------------------------------------------


@pytest.fixture
def admin_client(client: Client, db: None) -> Client:
    client.force_login(
        User.objects.create(username="admin", is_staff=True, is_superuser=True),
        "django.contrib.auth.backends.ModelBackend",
    )
    return client


def test_the_admin_lists_filters_shows_and_deletes(api: APIClient, admin_client: Client) -> None:
    number = api.post(f"{PLANS}?wind=curtail", payload(481), format="json").json()["id"]
    api.post(PLANS, payload(482), format="json")
    listed = "/admin/powerplant/storedplan/"
    assert b"482.0" in admin_client.get(listed).content
    filtered = admin_client.get(listed, {"wind__exact": "curtail"}).content
    assert (b"481.0" in filtered, b"482.0" in filtered) == (True, False)
    assert b"482.0" in admin_client.get(listed, {"q": "482"}).content
    page = admin_client.get(f"{listed}{number}/change/")
    assert page.status_code == 200
    assert b"cheaper than the break plant at 31.28 EUR/MWh" in page.content
    assert b"kerosine(euro/MWh)" in page.content
    assert admin_client.get(f"{listed}add/").status_code == 403
    assert admin_client.post(f"{listed}{number}/delete/", {"post": "yes"}).status_code == 302
    assert StoredPlan.objects.count() == 1


def test_the_admin_shows_the_first_plants_of_a_large_plan_and_how_many_there_are(
    api: APIClient, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("powerplant.admin.SHOWN_PLANTS", 3)
    built: list[dict[str, object]] = []
    monkeypatch.setattr("powerplant.admin.table", lambda told: built.extend(told["plants"]) or table(told))
    number = api.post(PLANS, payload(), format="json").json()["id"]
    page = admin_client.get(f"/admin/powerplant/storedplan/{number}/change/").content.decode()
    assert f"the first 3 of 6 plants are shown; GET /api/v1/plans/{number} has all of them" in page
    assert {plant["name"] for plant in built} == {"windpark1", "windpark2", "gasfiredbig1"}
    assert page.count("cheaper than the break plant") == 2
    monkeypatch.setattr("powerplant.admin.SHOWN_PLANTS", 6)
    page = admin_client.get(f"/admin/powerplant/storedplan/{number}/change/").content.decode()
    assert "plants are shown" not in page


def test_the_admin_shows_the_beginning_of_a_large_request(
    api: APIClient, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {**payload(), "comment": "\N{SNOWMAN}"}
    sent = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    number = api.post(PLANS, sent, content_type="application/json").json()["id"]
    path = f"/admin/powerplant/storedplan/{number}/change/"
    whole = admin_client.get(path).content.decode()
    assert "&quot;comment&quot;: &quot;\N{SNOWMAN}&quot;" in whole
    monkeypatch.setattr("powerplant.admin.SHOWN_LETTERS", len(sent) - 3)  # in the middle of the snowman
    page = admin_client.get(path).content.decode()
    assert f"&quot;comment&quot;:&quot;\n... of {len(sent)} bytes" in page
    monkeypatch.setattr("powerplant.admin.SHOWN_LETTERS", len(sent))  # but its lines are longer
    page = admin_client.get(path).content.decode()
    assert "{\n  &quot;load&quot;: 480," in page
    assert re.search(r"\n\.\.\. of \d+ letters", page.partition("&quot;load")[2])


# --- on MariaDB -------------------------------------------------------------------------------------------------------


@pytest.mark.live
@pytest.mark.service("mariadbd")
def test_keeps_the_largest_plan_in_mariadb(mariadb: str, start: Start) -> None:
    service = start(DATABASE_URL=mariadb, OPEN_RATE="none")
    names = [secrets.token_urlsafe(240) for _ in range(20_000)]  # nothing can be compressed in them
    plants = [plant(name=name, pmin=0, efficiency=0.5 + n / 1e6) for n, name in enumerate(names)]
    refused = service.call("POST", PLANS, json=payload(90_000, plants=plants))
    assert (refused.status_code, "kept; with ?store=false" in refused.json()["detail"]) == (413, True)
    made = service.call("POST", PLANS, json=payload(90_000, plants=plants[:16_000]))
    assert (made.status_code, made.json()["status"]) == (201, "optimal")
    kept = service.call("GET", made.headers["Location"]).json()
    assert len(kept["plants"]) == len(kept["request"]["powerplants"]) == 16_000
    assert service.call("GET", PLANS).json()["items"][0]["cost_eur"] == kept["cost_eur"]


# --- hard searches, for real ------------------------------------------------------------------------------------------


@pytest.mark.live
def test_hard_searches_leave_threads_to_others(start: Start) -> None:
    """Correlated blocks take about a second; of four threads two may hold such a search."""
    service = start(WEB_WORKERS="1", WEB_THREADS="4", POWERPLANT_BUDGET_S="20", OPEN_RATE="none")
    rng = seeded("hard")
    sizes = [rng.randint(500, 5000) / 10 for _ in range(15_000)]
    plants = [plant(pmin=size, pmax=size, efficiency=round(1 / (20 + size / 10), 9)) for size in sizes]
    body = json.dumps(payload(round(sum(sizes) / 2), plants=plants))

    def ask(_: int) -> requests.Response:
        return requests.post(service.url + "/productionplan", body, timeout=120, headers=JSON)

    with ThreadPoolExecutor(6) as threads:
        asked = [threads.submit(ask, number) for number in range(6)]
        wait(asked, return_when=FIRST_COMPLETED)
        assert service.call("GET", "/ping").status_code == 200
        answers = [future.result() for future in asked]
    assert {answer.status_code for answer in answers} == {200, 503}
    assert all(answer.headers["Retry-After"] == "40" for answer in answers if answer.status_code == 503)
    assert {answer.headers["X-Plan-Status"] for answer in answers if answer.ok} == {"optimal"}
