import base64
import ipaddress
from typing import Any

import pytest
from django.test import RequestFactory
from django.test.utils import override_settings
from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.test import APIClient

from buildserver import keys
from buildserver.access import Access, KeyAuthentication
from buildserver.addresses import address_of
from tests.conftest import KEY, READER


def access(path: str = "/x", ring: str = "", **headers: str) -> Access:
    request = RequestFactory().get(path, headers=headers)
    if ring:
        name, key, *scopes = ring.split()
        with override_settings(PRESHARED=keys.KeyRing([keys.make(name, key, scopes)])):
            found = Access(request)
            assert found.key
            return found
    return Access(request)


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"Authorization": f"Bearer {KEY}"}, "tests"),
        ({"Authorization": f"bearer  {KEY} "}, "tests"),
        ({"X-API-Key": READER}, "reader"),
        ({"Authorization": f"Bearer {KEY}", "X-API-Key": READER}, "tests"),
        ({"Authorization": f"Bearer {KEY}x"}, None),
        ({"Authorization": "Bearer "}, None),
        ({"Authorization": KEY}, None),
        ({"Authorization": "Bearer wrong", "X-API-Key": READER}, None),
        ({"Authorization": "Basic " + base64.b64encode(f"any:{KEY}".encode()).decode()}, None),
        ({}, None),
    ],
)
def test_knows_the_sender_by_either_header(headers: dict[str, str], name: str | None) -> None:
    assert access(**headers).name == name


@pytest.mark.parametrize("sent", [f"any:{KEY}", f":{KEY}"])
def test_takes_a_basic_password_on_the_build_cache_only(sent: str) -> None:
    basic = "Basic " + base64.b64encode(sent.encode()).decode()
    assert access("/buildcache/raw/x", Authorization=basic).name == "tests"
    assert access("/buildcache/raw/x", Authorization="Basic !").name is None
    assert access("/other", Authorization=basic).name is None


def test_authorize_says_whose_key_it_is(api: APIClient, reader: APIClient) -> None:
    assert api.get("/authorize").json() == {"authorized": True, "key": "tests", "scopes": ["*"]}
    answer = reader.post("/authorize").json()
    assert answer == {"authorized": True, "key": "reader", "scopes": ["kv:read", "assets:read", "cache:read"]}


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}])
def test_answers_401_and_the_scheme_without_a_valid_key(headers: dict[str, str], anonymous: APIClient) -> None:
    answer = anonymous.get("/authorize", headers=headers)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_drf_would_answer_403_without_the_schemes_name(anonymous: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KeyAuthentication, "authenticate_header", lambda *_: None)
    assert anonymous.get("/authorize").status_code == 403


def test_offers_basic_on_the_build_cache() -> None:
    header = KeyAuthentication().authenticate_header(RequestFactory().get("/buildcache/raw/x"))  # type: ignore[arg-type]
    assert header == 'Bearer, Basic realm="buildcache"'


def test_requires_the_scope_and_the_place() -> None:
    asked = access(ring="ci k kv:write@team-a/ci/ plan", Authorization="Bearer k")
    asked.require("kv:write", "team-a/ci/x")
    asked.require("kv:write")
    asked.require("plan")
    for scope, resource, message in [
        ("kv:read", None, "the key ci lacks the scope kv:read"),
        ("kv:write", "team-b/ci/x", "the key ci lacks the scope kv:write on team-b/ci/x"),
        ("admin", None, "the key ci lacks the scope admin"),
    ]:
        with pytest.raises(PermissionDenied) as refused:
            asked.require(scope, resource)
        assert str(refused.value.detail) == message
    with pytest.raises(NotAuthenticated, match="no valid key: send Authorization: Bearer <key>, or X-API-Key: <key>"):
        access().require("plan")


def test_tells_the_places_that_lists_are_filtered_by() -> None:
    asked = access(ring="ci k assets:read@a/ assets:read@b/ plan", Authorization="Bearer k")
    assert (asked.places("assets:read"), asked.places("plan"), asked.places("kv:read")) == (["a/", "b/"], None, [])
    assert access().places("plan") == []


def test_a_wrong_verb_is_told_before_a_missing_key(anonymous: APIClient) -> None:
    answer = anonymous.delete("/authorize")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, POST")


@override_settings(CLOSED_ROUTES=["/ping", "/process", "/static/", "/api/", "/"])
@pytest.mark.parametrize("path", ["/ping", "/process", "/static/x.css", "/", "/status", "/api/schema/", "/api/docs/"])
def test_closed_routes_need_a_key(path: str, anonymous: APIClient, api: APIClient) -> None:
    call: Any = lambda client: client.post(path, {}, format="json") if path == "/process" else client.get(path)  # noqa: E731
    refused = call(anonymous)
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert call(api).status_code in (200, 400, 404)


@override_settings(CLOSED_ROUTES=["/ping"])
def test_a_closed_route_answers_a_wrong_verb_first_and_leaves_others_open(anonymous: APIClient) -> None:
    assert anonymous.post("/ping").status_code == 405
    assert anonymous.get("/status").status_code == 200


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "not an address", "not an address"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("", "198.51.100.7", ""),
    ],
)
def test_believes_only_trusted_proxies(peer: str, forwarded: str, address: str) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers={"X-Forwarded-For": forwarded})
    with override_settings(TRUSTED_PROXIES=[ipaddress.ip_network("10.0.0.0/8")]):
        assert address_of(request) == address
