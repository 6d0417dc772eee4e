"""Clients with narrowed keys; and each answer of the tests here is held against the OpenAPI document."""

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from django.http import StreamingHttpResponse
from django.urls import Resolver404, resolve
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator
from pytest_django import Settings
from rest_framework.test import APIClient

from buildserver import keys as access_keys

MADE = {
    "writer": ["kv:write"],
    "inside": ["kv:write@default/ci/"],
    "manager": ["admin"],
    "planner": ["plan"],
    "places": ["kv:read@team-a/ci/", "kv:read@team-b", "kv:write@team-a/ci/", "kv:write@team-b"],
    "corners": ["kv:read@team-a/ci/x", "kv:read@team-a/ci/y", "kv:read@team-a/other"],
}
ClientOf = Callable[[str], APIClient]


@pytest.fixture
def client_of(request: pytest.FixtureRequest, settings: Settings) -> ClientOf:
    """The client with the key of this name, those of MADE too."""
    new = [access_keys.make(name, name, scopes) for name, scopes in MADE.items()]
    settings.PRESHARED = access_keys.KeyRing([*settings.PRESHARED.keys, *new])

    def client(name: str) -> APIClient:
        return APIClient(headers={"X-API-Key": name}) if name in MADE else request.getfixturevalue(name)

    return client


@cache
def document() -> dict[str, Any]:
    """The whole of it, made once."""
    from kvstore import urls  # noqa: PLC0415 - pytest may read this file before Django knows its apps

    found: dict[str, Any] = SchemaGenerator(patterns=urls.urlpatterns).get_schema(public=True)  # type: ignore[no-untyped-call]
    return found


@cache
def validator_of(path: str, method: str, status: str, content_type: str) -> Draft202012Validator:
    """What is said of this answer's JSON."""
    answers = document()["paths"][path][method]["responses"]
    schema = answers[status]["content"][content_type].get("schema", {})
    return Draft202012Validator({**schema, "components": document().get("components", {})})


def hold_against_document(method: str, response: Any) -> None:
    """Each status, type, header and body of a route is what its document says."""
    try:
        route = resolve(response.wsgi_request.path_info).route
    except Resolver404:
        return
    path = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)
    operation = document()["paths"].get(path, {}).get({"HEAD": "get"}.get(method, method.lower()))
    if operation is None:
        return
    status = str(response.status_code)
    assert status in operation["responses"], f"{method} {path} gave {status}, which is not in its document"
    said = operation["responses"][status]
    content_type = response.get("Content-Type", "").partition(";")[0]
    kinds = list(said.get("content", {}))
    assert content_type in kinds or (kinds and "*/*" in kinds) or (not kinds and not content_type), (status, kinds)
    for name, header in said.get("headers", {}).items():
        if header.get("required"):
            assert name in response, f"{method} {path} gave {status} without {name}"
    if content_type in kinds and content_type.endswith("json") and method != "HEAD":
        told = json.loads(response.content)
        validator_of(path, method.lower(), status, content_type).validate(told)


@pytest.fixture(autouse=True)
def documented(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each answer that a client of the test gets is one that the document tells of."""
    generic = APIClient.generic

    def ask(self: APIClient, method: str, *args: Any, **more: Any) -> Any:
        response = generic(self, method, *args, **more)
        if not isinstance(response, StreamingHttpResponse):
            hold_against_document(method, response)
        return response

    monkeypatch.setattr(APIClient, "generic", ask)
