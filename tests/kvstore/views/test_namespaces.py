"""`/api/v1/namespaces`, their deletion and their quotas as clients see them, the same on each database."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from kvstore.store import sweeping
from tests.kvstore.conftest import Clock
from tests.kvstore.views.asking import JSON, ROOT, at, delete, get, good, pointers, problem, put, txn

pytestmark = pytest.mark.usefixtures("records")
NS = f"{ROOT}/ns"


def bound(client: APIClient, body: str, namespace: str = "ns", content_type: str = JSON) -> Any:
    """`PUT …/quota`."""
    return client.generic("PUT", f"{ROOT}/{namespace}/quota", body.encode(), content_type=content_type)


def names(client: APIClient, query: str = "") -> list[str]:
    return [size["namespace"] for size in good(get(client, ROOT + query))["items"]]


def sizes(client: APIClient) -> list[tuple[int, int]]:
    """Keys and bytes of each."""
    return [(size["keys"], size["bytes"]) for size in good(get(client, ROOT))["items"]]


# --- the list -----------------------------------------------------------------------------------------------------


def test_tells_of_each_namespace_how_large_it_is(api: APIClient, clock: Clock) -> None:
    put(api, "a", b"123")
    put(api, "b", b"4567")
    put(api, "b", b"45678")
    api.generic("PUT", at("a", "empty"), b"1")
    delete(api, at("a", "empty"))
    answer = get(api, ROOT)
    assert good(answer)["next"] is None
    rest = {"max_keys": None, "max_bytes": None, "created_at": "2026-11-20T12:00:00Z"}
    assert good(answer)["items"] == [
        {"namespace": "empty", "revision": 2, "keys": 0, "bytes": 0, **rest},
        {"namespace": "ns", "revision": 3, "keys": 2, "bytes": 8, **rest},
    ]
    assert answer["Cache-Control"] == "no-store"


def test_what_has_expired_counts_until_it_is_swept(api: APIClient, clock: Clock) -> None:
    put(api, "a", b"123", query="?ttl=1")
    clock.move(1)
    assert sizes(api) == [(1, 3)]
    put(api, "a", b"1", query="?ttl=1")
    assert sizes(api) == [(1, 1)]
    clock.move(1)
    assert list(sweeping.expire(clock.now)) == [1]
    assert sizes(api) == [(0, 0)]
    put(api, "a", b"12")
    assert sizes(api) == [(1, 2)]


def test_goes_on_a_page_at_a_time_in_the_order_of_names(api: APIClient) -> None:
    made = ["0", "a", "a-", "a.b", "a0", "b_", "z" * 64]
    for name in reversed(made):
        api.generic("PUT", at("k", name), b"1")
    for limit in range(1, 9):
        found: list[str] = []
        cursor = ""
        while cursor is not None:
            page = good(get(api, f"{ROOT}?limit={limit}&cursor={cursor}"))
            found += [size["namespace"] for size in page["items"]]
            cursor = page["next"]
        assert found == made


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "cursor=x", "limit=1&limit=1"])
def test_refuses_a_malformed_query(api: APIClient, query: str) -> None:
    assert set(pointers(get(api, f"{ROOT}?{query}"))) == {f"#/{query.partition('=')[0]}"}


# --- deletion -----------------------------------------------------------------------------------------------------


def test_deletes_all_of_a_namespace_and_nothing_else(api: APIClient) -> None:
    for namespace in ("n", "ns", "ns-", "ns0"):
        for key in ("a", "b"):
            api.generic("PUT", at(key, namespace), b"1")
    answer = delete(api, NS)
    assert (answer.status_code, answer.content, answer["X-KV-Revision"]) == (204, b"", "4")
    assert names(api) == ["n", "ns-", "ns0"]
    assert sizes(api) == [(2, 2)] * 3
    assert [get(api, at("a", namespace)).status_code for namespace in ("n", "ns", "ns-")] == [200, 404, 200]
    assert good(get(api, f"{NS}/keys"))["items"] == []
    problem(delete(api, NS), 404)


def test_each_key_of_a_deleted_namespace_is_told_as_deleted(api: APIClient) -> None:
    put(api, "b")
    put(api, "a")
    put(api, "gone")
    delete(api, at("gone"))
    delete(api, NS)
    told = good(get(api, f"{NS}/changes?since=4"))
    assert [(one["revision"], one["key"], one["op"], one["version"]) for one in told["changes"]] == [
        (5, "a", "delete", 1),
        (6, "b", "delete", 1),
    ]
    assert told["revision"] == 6


def test_versions_and_revisions_go_on_after_a_namespace_was_deleted(api: APIClient) -> None:
    for _ in range(3):
        put(api, "a")
    put(api, "b")
    delete(api, NS)
    assert [good(put(api, key), 201)["version"] for key in ("b", "a", "c")] == [4, 4, 4]
    assert put(api, "a", If_Match='"3"').status_code == 412
    assert get(api, at("a"))["X-KV-Revision"] == "8"
    assert sizes(api) == [(3, 3)]
    assert txn(api, {"compare": [{"key": "a", "version": 3}]}).json()["succeeded"] is False


def test_an_empty_namespace_is_deleted_too(api: APIClient) -> None:
    put(api, "a")
    delete(api, at("a"))
    assert delete(api, NS)["X-KV-Revision"] == "3"
    assert names(api) == []
    assert get(api, f"{NS}/keys")["X-KV-Revision"] == "3"


@pytest.mark.parametrize("written", [False, True])
def test_a_namespace_that_is_not_there_is_404(api: APIClient, written: bool) -> None:
    if written:
        put(api, "a")
        delete(api, NS)
    for answer in (delete(api, NS), get(api, f"{NS}/quota")):
        assert problem(answer, 404)["detail"] == "there is no namespace ns"
        assert answer["X-KV-Revision"] == ("2" if written else "0")


# --- quotas -------------------------------------------------------------------------------------------------------


def test_a_quota_is_told_with_what_there_is(api: APIClient) -> None:
    put(api, "a", b"123")
    told = {"max_keys": 5, "max_bytes": None, "keys": 1, "bytes": 3}
    for answer in (bound(api, '{"max_keys": 5}'), get(api, f"{NS}/quota")):
        assert (good(answer), answer["X-KV-Revision"]) == (told, "1")
    assert good(get(api, ROOT))["items"][0]["max_keys"] == 5
    assert good(bound(api, '{"max_bytes": 7, "max_keys": null}')) == {**told, "max_keys": None, "max_bytes": 7}
    assert good(bound(api, "{}"))["max_bytes"] is None


def test_what_is_above_a_quota_is_507(api: APIClient) -> None:
    bound(api, '{"max_keys": 1, "max_bytes": 5}')
    assert put(api, "a", b"12345").status_code == 201
    told = [put(api, "b", b""), put(api, "a", b"123456"), api.generic("PUT", at("b"), b"", content_type=JSON + "l")]
    assert [problem(answer, 507)["detail"] for answer in told] == [
        "the namespace ns would have 2 keys; its quota is 1",
        "the namespace ns would have 6 bytes; its quota is 5",
        "the namespace ns would have 2 keys; its quota is 1",
    ]
    assert get(api, at("a")).content == b"12345"
    assert get(api, f"{NS}/keys")["X-KV-Revision"] == "1"


def test_a_quota_never_refuses_what_makes_room(api: APIClient) -> None:
    for key in "abc":
        put(api, key, b"12345")
    bound(api, '{"max_keys": 1, "max_bytes": 5}')
    assert put(api, "a", b"1234").status_code == 200
    assert put(api, "a", b"1234").status_code == 200
    assert put(api, "a", b"12345").status_code == 507
    assert delete(api, at("b")).status_code == 204
    assert api.generic("POST", at("a") + "?touch").status_code == 200
    assert put(api, "b", b"").status_code == 507


def test_a_quota_may_be_set_before_the_first_write(api: APIClient) -> None:
    assert good(bound(api, '{"max_keys": 0}', "new")) == {"max_keys": 0, "max_bytes": None, "keys": 0, "bytes": 0}
    problem(api.generic("PUT", at("a", "new"), b"1"), 507)
    assert names(api) == ["new"]
    assert delete(api, f"{ROOT}/new").status_code == 204
    assert names(api) == []
    problem(get(api, f"{ROOT}/new/quota"), 404)


def test_a_quota_outlives_its_namespace(api: APIClient) -> None:
    bound(api, '{"max_keys": 1}')
    put(api, "a")
    delete(api, NS)
    assert put(api, "b").status_code == 201
    problem(put(api, "c"), 507)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ("[]", {"#"}),
        ('{"max_keys": -1, "max_bytes": 1.5}', {"#/max_keys", "#/max_bytes"}),
        ('{"max_keys": "1"}', {"#/max_keys"}),
        ('{"max_keys": true}', {"#/max_keys"}),
        (f'{{"max_keys": {2**63}}}', {"#/max_keys"}),
        ('{"keys": 1}', {"#/keys"}),
        ('{"max_keys": 1, "max_keys": 1}', {"#/max_keys"}),
    ],
)
def test_points_at_each_fault_of_a_quota(api: APIClient, body: str, where: set[str]) -> None:
    assert set(pointers(bound(api, body))) == where
    assert names(api) == []


def test_a_quota_of_the_highest_number_is_none(api: APIClient) -> None:
    assert good(bound(api, f'{{"max_keys": {2**63 - 1}, "max_bytes": {2**63 - 1}}}'))["max_keys"] == 2**63 - 1
    assert put(api, "a").status_code == 201
