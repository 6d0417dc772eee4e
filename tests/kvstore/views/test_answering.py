"""What all routes have in common: who may, in which order a request is refused, and what each answer carries."""

import json
from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.permissions import BasePermission
from rest_framework.test import APIClient

from kvstore import store
from kvstore.keys import path_of
from kvstore.views.answering import KeyValueView
from tests.kvstore.conftest import Clock, clear
from tests.kvstore.views.asking import FORM, JSON, ROOT, at, get, good, post, problem, put, txn
from tests.kvstore.views.conftest import ClientOf

pytestmark = pytest.mark.usefixtures("records")

ROUTES = {  # by verb and URL: which scope opens it
    "POST /save": "kv:write",
    "GET /get?key=a": "kv:read",
    "GET /get/a": "kv:read",
    "HEAD /get/a": "kv:read",
    "DELETE /delete?key=a": "kv:write",
    "DELETE /delete/a": "kv:write",
    f"GET {ROOT}": "kv:read",
    f"DELETE {ROOT}/ns": "kv:write",
    f"GET {ROOT}/ns/quota": "admin",
    f"PUT {ROOT}/ns/quota": "admin",
    f"GET {ROOT}/ns/keys": "kv:read",
    f"GET {ROOT}/ns/keys/a": "kv:read",
    f"HEAD {ROOT}/ns/keys/a": "kv:read",
    f"PUT {ROOT}/ns/keys/a": "kv:write",
    f"DELETE {ROOT}/ns/keys/a": "kv:write",
    f"POST {ROOT}/ns/keys/a?touch": "kv:write",
    f"POST {ROOT}/ns/txn": "kv:read kv:write",
    f"GET {ROOT}/ns/changes": "kv:read",
    f"GET {ROOT}/ns/history/a": "kv:read",
    f"POST {ROOT}/ns/history/a": "kv:write",
}
TAKES_JSON = ("POST /save", f"PUT {ROOT}/ns/quota", f"POST {ROOT}/ns/txn", f"POST {ROOT}/ns/history/a")
WITH_SCOPE = {"reader": "kv:read", "writer": "kv:write", "manager": "admin", "planner": "plan"}
URLS = {line.partition(" ")[2].partition("?")[0] for line in ROUTES}
VERBS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW")


def ask(client: APIClient, line: str, body: bytes = b"", content_type: str = "", **headers: str) -> Any:
    verb, _, url = line.partition(" ")
    return client.generic(verb, url, body, content_type=content_type, headers=headers)


# --- who ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ROUTES)
def test_without_a_key_nothing_opens(anonymous: APIClient, line: str) -> None:
    answer = ask(anonymous, line, b"{")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    if not line.startswith("HEAD"):
        problem(answer, 401)


@pytest.mark.parametrize("who", WITH_SCOPE)
@pytest.mark.parametrize("line", ROUTES)
def test_a_key_opens_what_its_scope_is_for(client_of: ClientOf, line: str, who: str) -> None:
    answer = ask(client_of(who), line, b"{", FORM if line in TAKES_JSON else "")
    opened = WITH_SCOPE[who] in ROUTES[line].split()
    assert (answer.status_code != 403) == opened, answer.content
    assert answer.status_code in (200, 201, 204, 400, 404, 415) if opened else answer.status_code == 403


# --- in which order -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", sorted(URLS))
@pytest.mark.parametrize("verb", VERBS)
def test_a_wrong_verb_is_refused_before_anything_is_asked(anonymous: APIClient, url: str, verb: str) -> None:
    allowed = {line.partition(" ")[0] for line in ROUTES if line.partition(" ")[2].partition("?")[0] == url}
    allowed |= {"HEAD"} if "GET" in allowed else set()
    answer = ask(anonymous, f"{verb} {url}", b"{", FORM)
    assert answer.status_code == (401 if verb in allowed else 405)
    if verb not in allowed:
        assert set(answer["Allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    "url",
    [
        "/Save",
        "/save/",
        "/gets",
        f"{ROOT}/",
        f"{ROOT}/ns/",
        f"{ROOT}/ns/nothing",
        f"{ROOT}/ns/txn/",
        f"{ROOT}/a/b/keys",
    ],
)
@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_what_is_no_route_is_404_to_everyone(anonymous: APIClient, url: str, verb: str) -> None:
    problem(ask(anonymous, f"{verb} {url}", b"{", FORM), 404)


@pytest.mark.parametrize("line", TAKES_JSON)
@pytest.mark.parametrize(
    "content_type", [FORM, "multipart/form-data; boundary=x", "text/plain", "application/jsonl", ""]
)
def test_the_type_of_a_body_is_looked_at_before_the_body(api: APIClient, line: str, content_type: str) -> None:
    assert "edia type" in problem(ask(api, line, b"{", content_type), 415)["detail"]
    problem(ask(api, line, b"{", JSON), 400)


@pytest.mark.parametrize(
    "line",
    [
        f"POST {ROOT}/NS/txn",
        f"PUT {ROOT}/NS/quota",
        f"POST {ROOT}/NS/history/a",
        f"POST {ROOT}/ns/history/",
        f"POST {ROOT}/ns/history/{'k' * 513}",
    ],
)
def test_the_type_of_a_body_is_looked_at_before_the_url(api: APIClient, line: str) -> None:
    problem(ask(api, line, b"{", FORM), 415)
    assert ask(api, line, b"{", JSON).status_code in (400, 414)


OUTSIDE = [  # of the keys that `places` is narrowed to
    "POST /save",
    "GET /get/a",
    "DELETE /delete/a",
    f"GET {ROOT}/team-a/keys/a",
    f"PUT {ROOT}/team-a/keys/a",
    f"PUT {ROOT}/team-a/keys/ci",
    f"PUT {ROOT}/team-a2/keys/ci/a",
    f"DELETE {ROOT}/team-a/keys/a",
    f"POST {ROOT}/team-a/keys/a?touch",
    f"GET {ROOT}/team-a/history/a",
    f"POST {ROOT}/team-a/history/a",
    f"GET {ROOT}/ns/keys",
    f"GET {ROOT}/ns/keys?prefix=ci/",
    f"GET {ROOT}/ns/changes",
    f"POST {ROOT}/ns/txn",
    f"DELETE {ROOT}/team-a",
    f"DELETE {ROOT}/ns",
]


@pytest.mark.parametrize("line", OUTSIDE)
def test_what_is_outside_the_places_of_a_key_is_refused(client_of: ClientOf, clock: Clock, line: str) -> None:
    seed(clock)
    bodies = {"POST /save": b'{"key": "a", "value": 1}', f"POST {ROOT}/ns/txn": b"{}"}
    body = bodies.get(line, b'{"restore": 1}' if "history" in line else b"")
    told = problem(ask(client_of("places"), line, body, JSON), 403)["detail"]
    assert told.startswith("the key places lacks the scope kv:")


@pytest.mark.parametrize(
    "line",
    [
        f"GET {ROOT}/team-a/keys/{'k' * 513}",
        f"PUT {ROOT}/team-a/keys/a%0Ab",
        f"DELETE {ROOT}/ns/keys/",
        f"POST {ROOT}/ns/history/a%0Ab",
        f"POST {ROOT}/NS/txn",
        f"GET {ROOT}/NS/keys",
        f"GET {ROOT}/NS/keys/a",
        f"GET {ROOT}/ns/keys?limit=0",
        f"GET {ROOT}/ns/changes?since=x",
        f"DELETE {ROOT}/NS",
        f"GET /get/{'k' * 513}",
        "DELETE /delete/",
    ],
)
def test_what_is_outside_is_refused_before_what_is_malformed(client_of: ClientOf, line: str) -> None:
    problem(ask(client_of("places"), line, b"{", FORM), 403)


def test_an_access_key_is_refused_before_its_body_is_read(reader: APIClient, anonymous: APIClient) -> None:
    body = b" " * (2 * 2**20)
    for line in (line for line in ROUTES if line.startswith(("POST", "PUT"))):
        assert ask(anonymous, line, body, JSON).status_code == 401
        assert ask(reader, line, body, JSON).status_code == (400 if "txn" in line else 403)


# --- keys that are narrowed ---------------------------------------------------------------------------------------


def seed(clock: Clock) -> None:
    for namespace, key in [("team-a", "ci/1"), ("team-a", "x"), ("team-b", "y"), ("ns", "z"), ("team-a", "ci2")]:
        store.put(path_of(namespace, key), store.Value(b"1", JSON), now=clock.now)


def test_a_narrowed_key_does_everything_inside(client_of: ClientOf, clock: Clock) -> None:
    seed(clock)
    client = client_of("places")
    for key, namespace in (("ci/1", "team-a"), ("y", "team-b")):
        assert get(client, at(key, namespace)).status_code == 200
        assert client.generic("PUT", at(key, namespace), b"2", content_type=JSON).status_code == 200
        assert ask(client, f"POST {at(key, namespace)}?touch").status_code == 200
        assert good(get(client, f"{ROOT}/{namespace}/history/{key}"))["items"][-1]["version"] == 1
        assert post(client, f"{ROOT}/{namespace}/history/{key}", {"restore": 1}).status_code == 200
        assert good(txn(client, {"success": [{"get": {"key": key}}]}, namespace))["results"][0]["get"]["version"] == 3
        assert ask(client, f"DELETE {at(key, namespace)}").status_code == 204
    assert ask(client, f"DELETE {ROOT}/team-b").status_code == 204


def test_lists_show_a_narrowed_key_its_places_only(client_of: ClientOf, clock: Clock) -> None:
    seed(clock)
    client = client_of("places")
    listed = {
        name: [item["key"] for item in good(get(client, f"{ROOT}/{name}/keys"))["items"]]
        for name in ("team-a", "team-b")
    }
    assert listed == {"team-a": ["ci/1"], "team-b": ["y"]}
    assert good(get(client, f"{ROOT}/team-a/keys?prefix=x"))["items"] == []
    assert good(get(client, f"{ROOT}/team-a/keys?delimiter=/"))["prefixes"] == ["ci/"]


def test_namespaces_are_shown_to_a_narrowed_key_that_has_a_place_in_them(client_of: ClientOf, clock: Clock) -> None:
    seed(clock)
    shown = good(get(client_of("places"), ROOT))["items"]
    assert [(size["namespace"], size["keys"], size["bytes"]) for size in shown] == [
        ("team-a", None, None),
        ("team-b", 1, 1),
    ]


def test_changes_show_a_narrowed_key_its_places_only(client_of: ClientOf, clock: Clock) -> None:
    seed(clock)
    shown = good(get(client_of("places"), f"{ROOT}/team-a/changes"))
    assert ([change["key"] for change in shown["changes"]], shown["revision"]) == (["ci/1"], 3)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"compare": [{"key": "ci/1", "version": 1}]}, 200),
        ({"compare": [{"key": "x", "version": 1}]}, 403),
        ({"success": [{"get": {"key": "x"}}]}, 403),
        ({"success": [{"put": {"key": "ci/1", "value": 1}}, {"delete": {"key": "x"}}]}, 403),
        ({"failure": [{"put": {"key": "x", "value": 1}}]}, 403),
        ({}, 200),
    ],
)
def test_a_txn_is_for_keys_inside_only(client_of: ClientOf, clock: Clock, body: dict[str, Any], status: int) -> None:
    seed(clock)
    assert txn(client_of("places"), body, "team-a").status_code == status
    assert store.get(path_of("team-a", "ci/1"), clock.now).version == 1


def test_in_a_txn_reading_and_writing_are_apart(client_of: ClientOf, clock: Clock) -> None:
    seed(clock)
    reading = {"compare": [{"key": "z", "version": 1}], "success": [{"get": {"key": "z"}}]}
    writing = {"success": [{"put": {"key": "z", "value": 1}}, {"delete": {"key": "z"}}]}
    assert [txn(client_of(who), reading).status_code for who in ("reader", "writer")] == [200, 403]
    assert [txn(client_of(who), writing).status_code for who in ("reader", "writer")] == [403, 200]
    assert [txn(client_of(who), {}).status_code for who in ("reader", "writer", "planner")] == [200, 200, 403]


def test_places_that_share_a_common_prefix_are_told_once(client_of: ClientOf, clock: Clock) -> None:
    for key in ("ci/x1", "ci/x2", "ci/y", "ci/z", "other/1", "other2"):
        store.put(path_of("team-a", key), store.Value(b"1", JSON), now=clock.now)
    client = client_of("corners")
    assert good(get(client, f"{ROOT}/team-a/keys?delimiter=/"))["prefixes"] == ["ci/", "other/"]
    assert [item["key"] for item in good(get(client, f"{ROOT}/team-a/keys"))["items"]] == [
        "ci/x1", "ci/x2", "ci/y", "other/1", "other2",
    ]  # fmt: skip
    first = good(get(client, f"{ROOT}/team-a/keys?delimiter=/&limit=1"))
    second = good(get(client, f"{ROOT}/team-a/keys?delimiter=/&limit=1&cursor={first['next']}"))
    assert (first["prefixes"], second["prefixes"]) == (["ci/"], ["other/"])


# --- what each answer carries -------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ROUTES)
@pytest.mark.parametrize("who", ["api", "anonymous"])
def test_each_answer_carries_the_id_of_its_request(client_of: ClientOf, line: str, who: str) -> None:
    body = b'{"key": "a", "value": 1}' if line == "POST /save" else b"{}"
    kept = ask(client_of(who), line, body, JSON, **{"X-Request-ID": "an-id/of:the.sender"})
    made = ask(client_of(who), line, body, JSON, **{"X-Request-ID": "not\tsafe"})
    assert kept["X-Request-ID"] == "an-id/of:the.sender"
    assert made["X-Request-ID"] not in ("", "not\tsafe")


def test_each_answer_about_keys_carries_a_revision(api: APIClient) -> None:
    put(api, "a", b"1", JSON)
    told = {line: ask(api, line, b"{}", JSON).headers.get("X-KV-Revision") for line in ROUTES if f"{ROOT}/ns" in line}
    assert told == {
        f"DELETE {ROOT}/ns": "2",
        f"GET {ROOT}/ns/quota": "2",
        f"PUT {ROOT}/ns/quota": "2",
        f"GET {ROOT}/ns/keys": "2",
        f"GET {ROOT}/ns/keys/a": "0",
        f"HEAD {ROOT}/ns/keys/a": "0",
        f"PUT {ROOT}/ns/keys/a": "3",
        f"DELETE {ROOT}/ns/keys/a": "4",
        f"POST {ROOT}/ns/keys/a?touch": None,  # 400: it takes no body
        f"POST {ROOT}/ns/txn": "4",
        f"GET {ROOT}/ns/changes": "4",
        f"GET {ROOT}/ns/history/a": "4",
        f"POST {ROOT}/ns/history/a": None,  # 400: there is no restore in it
    }


def test_each_fault_of_a_query_is_told_at_once(api: APIClient) -> None:
    answer = get(api, f"{ROOT}/ns/keys?limit=0&cursor=a&values=yes&prefix=a%0A&delimiter=%00")
    problem(answer, 400)
    answer = get(api, f"{ROOT}/ns/keys?limit=0&values=yes&prefix=a%0A")
    errors = json.loads(answer.content)["errors"]
    assert {error["pointer"] for error in errors} == {"#/limit", "#/values", "#/prefix"}


# --- in a project that leaves access to DRF -----------------------------------------------------------------------


class Nobody(BasePermission):
    """A permission of another project."""

    def has_permission(self, _request: object, _view: object) -> bool:
        return False


def without_middleware(settings: Settings) -> APIClient:
    settings.MIDDLEWARE, settings.KVSTORE_ALLOW = [], ["kv:read", "kv:write", "admin"]
    return APIClient()


@pytest.mark.parametrize(
    "line", [*ROUTES, "GET /get/b", "POST /get/a", f"PUT {ROOT}/ns/keys/a?ttl=x", f"PUT {ROOT}/-/keys/a"]
)
def test_each_answer_is_the_same_there(api: APIClient, settings: Settings, line: str) -> None:
    body = b'{"key": "a", "value": 1}' if line == "POST /save" else b"{}"
    with_access = ask(api, line, body, JSON)
    clear()
    there = ask(without_middleware(settings), line, body, JSON)
    assert (there.status_code, there.content) == (with_access.status_code, with_access.content)
    assert there.headers.items() <= with_access.headers.items()
    assert there.headers["Allow"]


@pytest.mark.parametrize("line", ROUTES)
def test_its_permissions_count_there(settings: Settings, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.setattr(KeyValueView, "permission_classes", [Nobody])
    assert ask(without_middleware(settings), line, b"{}", JSON).status_code in (401, 403)
