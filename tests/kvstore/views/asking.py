"""How the tests ask, and how they look at an answer."""

import base64
import json
from typing import Any
from urllib.parse import quote

from django.http import HttpResponse
from rest_framework.test import APIClient

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
BYTES = "application/octet-stream"
PROBLEM = "application/problem+json"
ROOT = "/api/v1/namespaces"


def at(key: str, namespace: str = "ns") -> str:
    """The URL of a key."""
    return f"{ROOT}/{namespace}/keys/{quote(key, safe='')}"


def save(client: APIClient, body: object, content_type: str = JSON, **more: Any) -> Any:
    """`POST /save`."""
    return post(client, "/save", body, content_type=content_type, **more)


def post(client: APIClient, url: str, body: object = b"", *, content_type: str = JSON, **headers: str) -> Any:
    """Bytes and text as they are, anything else as JSON."""
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.generic("POST", url, data, content_type=content_type, headers=named(headers))


def put(
    client: APIClient, key: str, value: bytes = b"1", content_type: str = BYTES, query: str = "", **headers: str
) -> Any:
    """`PUT …/keys/{key}` in the namespace `ns`; `If_Match` is the header If-Match."""
    return client.generic("PUT", at(key) + query, value, content_type=content_type, headers=named(headers))


def get(client: APIClient, url: str, **headers: str) -> Any:
    """`GET`."""
    return client.get(url, headers=named(headers))


def delete(client: APIClient, url: str, **headers: str) -> Any:
    """`DELETE`."""
    return client.generic("DELETE", url, content_type="", headers=named(headers))


def touch(client: APIClient, key: str, query: str = "?touch", **headers: str) -> Any:
    """`POST …/keys/{key}?touch`."""
    return client.generic("POST", at(key) + query, content_type="", headers=named(headers))


def txn(client: APIClient, body: object, namespace: str = "ns", **more: str) -> Any:
    """`POST …/txn`."""
    return post(client, f"{ROOT}/{namespace}/txn", body, **more)


def named(headers: dict[str, str]) -> dict[str, str]:
    """Headers that are written as Python's names."""
    return {name.replace("_", "-"): value for name, value in headers.items()}


def problem(response: Any, status: int) -> dict[str, Any]:
    """The problem that was answered with this status."""
    assert (response.status_code, response["Content-Type"]) == (status, PROBLEM), response.content
    told: dict[str, Any] = response.json()
    assert told["status"] == status
    assert {"type", "title", "detail", "instance"} <= told.keys()
    return told


def pointers(response: Any) -> dict[str, str]:
    """Of a 400: what is wrong by where."""
    return {error["pointer"]: error["detail"] for error in problem(response, 400)["errors"]}


def good(response: HttpResponse, status: int = 200) -> Any:
    """The JSON that was answered with this status."""
    assert (response.status_code, response["Content-Type"]) == (status, JSON), response.content
    return json.loads(response.content)


def version_and_revision(response: HttpResponse) -> tuple[str, str]:
    """The headers that tell them."""
    return response["ETag"], response["X-KV-Revision"]


def base64_of(value: bytes) -> str:
    """As JSON carries bytes."""
    return base64.b64encode(value).decode()
