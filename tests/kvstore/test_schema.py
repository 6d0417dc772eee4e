"""The OpenAPI document of the routes."""

from typing import Any

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from kvstore import urls

GET = {"200", "400", "401", "403", "404", "406", "414", "503"}
DELETE = GET - {"406"} | {"507"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = SchemaGenerator(patterns=urls.urlpatterns).get_schema(public=True)  # type: ignore[no-untyped-call]
    return found


def test_is_valid_and_made_without_a_warning(document: dict[str, Any]) -> None:
    validate_schema(document)
    assert not GENERATOR_STATS


@pytest.mark.parametrize(
    ("path", "method", "answers", "key_in"),
    [
        ("/save", "post", {"200", "201", "400", "401", "403", "412", "413", "415", "422", "503", "507"}, None),
        ("/get", "get", GET, "query"),
        ("/get/{key}", "get", GET, "path"),
        ("/delete", "delete", DELETE, "query"),
        ("/delete/{key}", "delete", DELETE, "path"),
    ],
)
def test_names_what_each_route_answers(
    document: dict[str, Any], path: str, method: str, answers: set[str], key_in: str | None
) -> None:
    operation = document["paths"][path][method]
    assert set(operation["responses"]) - {"default"} == answers
    for status, answer in operation["responses"].items():
        media_type = "application/json" if status in ("200", "201") else "application/problem+json"
        assert list(answer["content"]) == [media_type]
        carries = status in ("200", "201", "404", "406", "412")
        assert ("X-KV-Revision" in answer.get("headers", {})) == carries
    keys = [(one["in"], one["required"]) for one in operation.get("parameters", []) if one["name"] == "key"]
    assert keys == ([(key_in, True)] if key_in else [])


def test_each_operation_has_a_name_of_its_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert sorted(names) == [
        "kv_changes", "kv_delete", "kv_delete_by_path", "kv_delete_namespace", "kv_get", "kv_get_by_path", "kv_history",
        "kv_list", "kv_namespaces", "kv_quota", "kv_read", "kv_remove", "kv_restore", "kv_save", "kv_set_quota",
        "kv_touch", "kv_txn", "kv_write",
    ]  # fmt: skip
