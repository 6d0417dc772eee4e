"""`/save`, `/get` and `/delete` as clients see them, the same on each database."""

import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connections
from django.test import override_settings
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from pytest_django import Settings
from rest_framework.test import APIClient

from kvstore import store
from kvstore.keys import path_of
from kvstore.store.writing import writing
from tests.kvstore.conftest import ALIAS, Clock, RecordsHere, add, remove, sqlite_settings
from tests.kvstore.views.asking import FORM, JSON, pointers, problem, save
from tests.kvstore.views.conftest import ClientOf

pytestmark = pytest.mark.usefixtures("records")

# --- what is answered ---------------------------------------------------------------------------------------------


def test_saves_gets_and_deletes(api: APIClient) -> None:
    saved = save(api, {"key": "a", "value": [1]})
    assert (saved.status_code, saved.json(), saved["X-KV-Revision"]) == (201, {"key": "a", "version": 1}, "1")
    replaced = save(api, {"key": "a", "value": [2]})
    assert (replaced.status_code, replaced.json(), replaced["X-KV-Revision"]) == (200, {"key": "a", "version": 2}, "2")
    got = api.get("/get?key=a")
    assert (got.status_code, got["X-KV-Revision"], got["Content-Type"]) == (200, "2", JSON)
    assert got.json() == {"key": "a", "value": [2], "version": 2, "expires_at": None}
    deleted = api.delete("/delete?key=a")
    assert (deleted.status_code, deleted.json(), deleted["X-KV-Revision"]) == (200, {"key": "a", "deleted": True}, "3")
    gone = api.get("/get?key=a")
    assert problem(gone, 404)["detail"] == "there is no key a in the namespace default"
    assert gone["X-KV-Revision"] == "3"
    assert save(api, {"key": "a", "value": 3}).json()["version"] == 3


def test_tells_the_revision_of_the_key_and_not_of_the_namespace(api: APIClient) -> None:
    for key in "abc":
        save(api, {"key": key, "value": 1})
    assert [api.get(f"/get/{key}")["X-KV-Revision"] for key in "abc"] == ["1", "2", "3"]
    assert [api.get("/get/d")["X-KV-Revision"], api.delete("/delete/d")["X-KV-Revision"]] == ["0", "0"]


def test_lets_nobody_keep_an_answer(api: APIClient) -> None:
    answers = [save(api, {"key": "a", "value": 1}), api.get("/get/a"), api.get("/get/b"), api.delete("/delete/a")]
    assert [answer["Cache-Control"] for answer in answers] == ["no-store"] * 4


@pytest.mark.parametrize(
    "value",
    [
        "123456789012345678901234567890",
        "[ 1,\t2 ,\n3 ]",
        '{ "b":1, "a" : 2.50 }',
        '"\\u00e9 é \\/"',
        "null",
        "1E5",
        "-0.0",
        '""',
    ],
)
def test_gives_a_value_back_byte_for_byte(api: APIClient, value: str) -> None:
    assert save(api, f'{{"key": "a", "value": {value} }}').status_code == 201
    body = api.get("/get?key=a").content
    assert body == f'{{"key":"a","value":{value},"version":1,"expires_at":null}}'.encode()


@pytest.mark.parametrize(
    "key",
    [
        "a/b/c",
        "/",
        "//a//",
        "a b",
        " a",
        "é",
        "😀",
        "%2F",
        "%",
        "a?b",
        "a#b",
        "a+b",
        "a&b=c",
        "get",
        "\u2028",
        "~!@$*()'",
        "k" * 512,
        "é" * 256,
    ],
)
def test_takes_a_key_in_both_spellings(api: APIClient, key: str) -> None:
    assert save(api, {"key": key, "value": key}).json() == {"key": key, "version": 1}
    escaped = quote(key, safe="")
    for url in (f"/get?key={escaped}", f"/get/{escaped}", f"/get/{quote(key)}"):
        got = api.get(url)
        assert (got.status_code, got.json()["key"], got.json()["value"]) == (200, key, key)
    assert api.delete(f"/delete/{quote(key)}").json() == {"key": key, "deleted": True}
    assert save(api, {"key": key, "value": 1}).status_code == 201
    assert api.delete(f"/delete?key={escaped}").json() == {"key": key, "deleted": True}


def test_head_is_get_without_the_body(api: APIClient) -> None:
    save(api, {"key": "a", "value": 1})
    assert (api.head("/get/a").content, api.head("/get/a")["X-KV-Revision"]) == (b"", "1")
    assert api.head("/get/b").status_code == 404


def test_a_record_ends_with_its_ttl(api: APIClient, clock: Clock) -> None:
    save(api, {"key": "a", "value": 1, "ttl": 60})
    clock.move(59.5)
    assert api.get("/get/a").json()["expires_at"] == "2026-11-20T12:01:00Z"
    clock.move(0.5)
    gone = api.get("/get/a")
    assert problem(gone, 404)
    assert gone["X-KV-Revision"] == "1"
    problem(api.delete("/delete/a"), 404)
    again = save(api, {"key": "a", "value": 2, "version": 0})
    assert (again.status_code, again.json()["version"], again["X-KV-Revision"]) == (201, 2, "2")
    assert api.get("/get/a").json()["expires_at"] is None


def test_a_ttl_counts_from_now(api: APIClient) -> None:
    before = timezone.now()
    save(api, {"key": "a", "value": 1, "ttl": 0.5})
    save(api, {"key": "b", "value": 1, "ttl": 1000})
    expires_at = parse_datetime(api.get("/get/b").json()["expires_at"])
    assert expires_at
    assert 1000 <= (expires_at - before).total_seconds() < 1060


@pytest.mark.parametrize(
    ("saved", "version", "status"),
    [(0, 0, 201), (0, 1, 412), (1, 0, 412), (1, 1, 200), (1, 2, 412), (2, 1, 412), (2, 2, 200)],
)
def test_saves_over_the_version_given_and_no_other(api: APIClient, saved: int, version: int, status: int) -> None:
    for number in range(saved):
        save(api, {"key": "a", "value": number})
    answer = save(api, {"key": "a", "value": "new", "version": version})
    assert answer.status_code == status
    if status == 412:
        assert problem(answer, 412)["current_version"] == saved
        assert answer["X-KV-Revision"] == str(saved)


def test_says_which_version_is_there(api: APIClient) -> None:
    save(api, {"key": "a", "value": 1})
    answer = save(api, {"key": "a", "value": 1, "version": 7})
    assert problem(answer, 412)["detail"] == "the current version is 1, not 7"


def test_a_value_that_is_not_json_is_named_and_not_shown(api: APIClient, clock: Clock) -> None:
    store.put(path_of("default", "a"), store.Value(b"\xff", "image/png"), now=clock.now)
    answer = api.get("/get/a")
    told = "the value is image/png, not JSON; /api/v1/namespaces/default/keys/{key} gives it as it is"
    assert problem(answer, 406)["detail"] == told
    assert answer["X-KV-Revision"] == "1"


def test_works_in_the_namespace_default_only(api: APIClient, clock: Clock) -> None:
    store.put(path_of("team-a", "a"), store.Value(b"1", JSON), now=clock.now)
    assert api.get("/get/a").status_code == 404
    assert api.get("/get?key=team-a/a").status_code == 404
    problem(api.delete("/delete/a"), 404)


# --- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["/get", "/get?", "/get?key", "/get?key=", "/get/", "/get?KEY=a", "/get?key=a&key=b"])
def test_refuses_a_request_without_one_key(api: APIClient, url: str) -> None:
    for answer in (api.get(url), api.delete(url.replace("get", "delete"))):
        assert pointers(answer)["#/key"].startswith(("the key is given", "the key is empty"))


def test_says_how_to_give_a_key(api: APIClient) -> None:
    how = "times; give it once, as ?key=K or as the path's end"
    assert pointers(api.get("/get")) == {"#/key": f"the key is given 0 {how}"}
    assert pointers(api.get("/get?key=a&key=a")) == {"#/key": f"the key is given 2 {how}"}


@pytest.mark.parametrize("key", ["%0A", "a%0Ab", "a%0A", "a%1f", "%7F", "a%C2%85"])
def test_refuses_a_control_character_in_a_url(api: APIClient, key: str) -> None:
    for answer in (api.get(f"/get/{key}"), api.get(f"/get?key={key}"), api.delete(f"/delete/{key}")):
        assert "the key has the control character U+" in pointers(answer)["#/key"]


@pytest.mark.parametrize("key", ["k" * 513, "k" * 5000, quote("é" * 257)])
def test_a_key_that_is_too_long_is_414_in_a_url_and_400_in_a_body(api: APIClient, key: str) -> None:
    for answer in (api.get(f"/get/{key}"), api.get(f"/get?key={key}"), api.delete(f"/delete/{key}")):
        assert "bytes of UTF-8; at most 512 are allowed" in problem(answer, 414)["detail"]
    assert "at most 512 are allowed" in pointers(save(api, {"key": "k" * 513, "value": 1}))["#/key"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {"#/key", "#/value"}),
        ([], {"#"}),
        ({"key": 1, "value": 1, "ttl": "1", "version": -1}, {"#/key", "#/ttl", "#/version"}),
        ({"key": "a", "value": 1, "ttl": 0}, {"#/ttl"}),
        ({"key": "a", "value": 1, "ttl": True}, {"#/ttl"}),
        ({"key": "a", "value": 1, "version": 1.5}, {"#/version"}),
        ({"key": "a", "value": 1, "version": 10**400}, {"#/version"}),
        ({"key": "a", "value": 1, "a/b~c": 1}, {"#/a~1b~0c"}),
        ('{"key": "a", "value": {"x": 1, "x": 2}}', {"#/value"}),
        ('{"key": "a", "value": ' + "[" * 101 + "]" * 101 + "}", {"#/value"}),
    ],
)
def test_points_at_each_fault_of_a_body(api: APIClient, body: object, expected: set[str]) -> None:
    assert set(pointers(save(api, body))) == expected
    assert api.get("/get/a").status_code == 404


@pytest.mark.parametrize(
    "body",
    ["", "{", "NaN", '{"key": "a", "value": NaN}', '{"key": "a", "value": "\\ud800"}', b'{"key": "a", "value": "\xff"}',
     "[" * 10_000 + "]" * 10_000, '{"key": "a", "value": 1e400}', '{"key": "a", "value": 1'],
)  # fmt: skip
def test_refuses_what_is_not_json(api: APIClient, body: str | bytes) -> None:
    assert problem(save(api, body), 400)["detail"].startswith(
        ("the body is not JSON", "the body is nested", "the body is empty")
    )
    assert api.get("/get/a").status_code == 404


@pytest.mark.parametrize("body", ["key=a&value=1", ""])
@pytest.mark.parametrize("content_type", [FORM, "multipart/form-data; boundary=x", "text/plain", "application/jsonl"])
def test_refuses_what_is_not_sent_as_json(api: APIClient, content_type: str, body: str) -> None:
    problem(save(api, body, content_type), 415)


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_takes_json_however_its_type_is_written(api: APIClient, content_type: str) -> None:
    assert save(api, {"key": "a", "value": 1}, content_type).status_code == 201


@override_settings(KVSTORE_MAX_VALUE_BYTES=10)
def test_takes_a_value_of_the_limit_and_refuses_one_above(api: APIClient) -> None:
    assert save(api, {"key": "k" * 512, "value": "12345678"}).status_code == 201
    answer = save(api, {"key": "a", "value": "123456789"})
    assert problem(answer, 413)["detail"] == "the value has 11 bytes; at most 10 are allowed"
    assert save(api, b'{"key": "b", "value": 1}' + b" " * (8202 - 24)).status_code == 201
    answer = save(api, b'{"key": "b", "value": 1}' + b" " * (8203 - 24))
    assert problem(answer, 413)["detail"] == "the body has 8203 bytes; at most 8202 are allowed"
    assert problem(save(api, b"{" * 8203), 413)


@override_settings(KVSTORE_MAX_VALUE_BYTES=1)
def test_the_longest_key_fits_beside_the_longest_value(api: APIClient) -> None:
    escaped = "\\u0061" * 512
    assert save(api, f'{{"key": "{escaped}", "value": 1, "ttl": 315360000, "version": 0}}').status_code == 201


# --- who may ------------------------------------------------------------------------------------------------------

GOOD = ('{"key": "a", "value": 1}', JSON)
INSIDE = ('{"key": "ci/a", "value": 1}', JSON)
BROKEN = ("{", JSON)
A_FORM = ("{", FORM)
NOTHING = ("", "")


@pytest.mark.parametrize(
    ("who", "line", "body", "status"),
    [
        ("anonymous", "PUT /savex", A_FORM, 404),
        ("anonymous", "PUT /save", A_FORM, 405),
        ("anonymous", "GET /save", NOTHING, 405),
        ("anonymous", "POST /get/a", NOTHING, 405),
        ("anonymous", "GET /delete/a", NOTHING, 405),
        ("anonymous", "OPTIONS /get", NOTHING, 405),
        ("anonymous", "POST /save", A_FORM, 401),
        ("anonymous", "GET /get", NOTHING, 401),
        ("anonymous", f"DELETE /delete/{'k' * 513}", NOTHING, 401),
        ("reader", "POST /save", A_FORM, 403),
        ("reader", "DELETE /delete", NOTHING, 403),
        ("reader", "GET /get/a", NOTHING, 404),
        ("writer", "GET /get", NOTHING, 403),
        ("writer", "GET /get/a", NOTHING, 403),
        ("narrow", "POST /save", A_FORM, 415),
        ("narrow", "POST /save", BROKEN, 400),
        ("narrow", "POST /save", GOOD, 403),
        ("narrow", "GET /get", NOTHING, 400),
        ("narrow", "GET /get/a", NOTHING, 403),
        ("narrow", "DELETE /delete?key=a", NOTHING, 403),
        ("inside", "POST /save", GOOD, 403),
        ("inside", "POST /save", INSIDE, 201),
        ("inside", "DELETE /delete/cix", NOTHING, 403),
        ("inside", "DELETE /delete/ci/a", NOTHING, 404),
        ("api", "POST /save", A_FORM, 415),
    ],
)
def test_refuses_in_the_order_of_the_contract(
    client_of: ClientOf, who: str, line: str, body: tuple[str, str], status: int
) -> None:
    method, _, url = line.partition(" ")
    answer = client_of(who).generic(method, url, body[0], content_type=body[1])
    assert answer.status_code == status, answer.content
    if status == 405:
        assert method not in answer["Allow"]
    if status == 401:
        assert answer["WWW-Authenticate"] == "Bearer"


@override_settings(KVSTORE_MAX_VALUE_BYTES=1)
def test_a_key_outside_is_refused_before_its_value_is_measured(client_of: ClientOf) -> None:
    assert save(client_of("inside"), {"key": "a", "value": 12}).status_code == 403
    assert save(client_of("inside"), {"key": "ci/a", "value": 12}).status_code == 413


def test_a_large_body_is_not_read_before_access(reader: APIClient, anonymous: APIClient) -> None:
    body = b" " * (2 * 2**20)
    assert [save(client, body).status_code for client in (anonymous, reader)] == [401, 403]


# --- when several come at once, and when the database is away -----------------------------------------------------


def test_of_two_that_save_over_the_same_version_one_is_told_412(api: APIClient) -> None:
    save(api, {"key": "a", "value": 0})
    answers: list[int] = []
    barrier = threading.Barrier(2)

    def save_over(number: int) -> None:
        client = APIClient(headers=api._credentials or {}, **api.defaults)
        barrier.wait()
        answers.append(save(client, {"key": "a", "value": number, "version": 1}).status_code)
        connections.close_all()

    threads = [threading.Thread(target=save_over, args=[number]) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 412]
    assert api.get("/get/a").json()["version"] == 2


def ask_all(client: APIClient) -> list[Any]:
    return [save(client, {"key": "a", "value": 1}), client.get("/get/a"), client.delete("/delete/a")]


def test_a_database_that_is_away_is_503(api: APIClient, settings: Settings, tmp_path: Path) -> None:
    add("away", sqlite_settings(tmp_path / "no" / "such" / "directory"))
    settings.DATABASE_ROUTERS = [RecordsHere("away")]
    try:
        for answer in ask_all(api):
            problem(answer, 503)
            assert int(answer["Retry-After"]) > 0
            assert "X-KV-Revision" not in answer
    finally:
        remove("away")


def test_a_locked_database_is_503_for_writes_and_the_next_one_works(api: APIClient, clock: Clock) -> None:
    save(api, {"key": "a", "value": 1})
    locked, asked = threading.Event(), threading.Event()

    def hold() -> None:
        with writing("default", [], clock.now):
            locked.set()
            asked.wait(30)
        connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    locked.wait(30)
    sqlite = connections[ALIAS].vendor == "sqlite"
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 0" if sqlite else "SET innodb_lock_wait_timeout = 0")
    answers = ask_all(api)
    asked.set()
    holder.join()
    assert [answer.status_code for answer in answers] == [503, 200, 503]
    assert save(api, {"key": "a", "value": 2, "version": 1}).status_code == 200
    connections[ALIAS].close()
