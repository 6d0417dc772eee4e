"""`POST …/txn` as clients see it, the same on each database."""

import json
import threading
from typing import Any

import pytest
from django.db import connections
from django.test import override_settings
from rest_framework.test import APIClient

from kvstore import store, transactions
from kvstore.keys import path_of
from tests.conftest import KEY
from tests.kvstore.conftest import Clock
from tests.kvstore.views.asking import JSON, ROOT, at, base64_of, delete, get, good, pointers, post, problem, put, txn

pytestmark = pytest.mark.usefixtures("records")
KEYS = f"{ROOT}/ns/keys"


def put_op(key: str, value: object = 1, **more: object) -> dict[str, Any]:
    return {"put": {"key": key, "value": value, **more}}


def get_op(key: str) -> dict[str, Any]:
    return {"get": {"key": key}}


def delete_op(key: str) -> dict[str, Any]:
    return {"delete": {"key": key}}


def revision(api: APIClient) -> str:
    """Of the namespace."""
    return str(get(api, KEYS)["X-KV-Revision"])


def test_tells_a_result_for_each_operation(api: APIClient) -> None:
    put(api, "a", b'{ "n": 1E5 }', JSON)
    put(api, "b", b"\xff", "image/png")
    ops = [put_op("c", [1]), get_op("a"), get_op("b"), get_op("nothing"), delete_op("a"), delete_op("nothing")]
    answer = txn(api, {"success": ops})
    assert good(answer) == {
        "succeeded": True,
        "revision": 4,
        "results": [
            {"put": {"key": "c", "version": 1}},
            {"get": {"key": "a", "value": {"n": 1e5}, "version": 1}},
            {"get": {"key": "b", "value_base64": base64_of(b"\xff"), "version": 1, "content_type": "image/png"}},
            {"get": None},
            {"delete": {"key": "a", "deleted": True}},
            {"delete": {"key": "nothing", "deleted": False}},
        ],
    }
    assert answer["X-KV-Revision"] == "4"
    assert b'"value":{ "n": 1E5 }' in answer.content


def test_each_operation_sees_those_before_it(api: APIClient) -> None:
    ops = [
        get_op("a"), put_op("a", 1), get_op("a"), put_op("a", 2), put_op("a", 3), get_op("a"), delete_op("a"),
        delete_op("a"), get_op("a"), put_op("a", 4), get_op("a"),
    ]  # fmt: skip
    told = good(txn(api, {"success": ops}))
    shown = [next(iter(result.values())) for result in told["results"]]
    assert [one if one is None else one.get("version", one.get("deleted")) for one in shown] == [
        None, 1, 1, 2, 3, 3, True, False, None, 4, 4,
    ]  # fmt: skip
    assert told["revision"] == 5
    assert get(api, at("a")).content == b"4"


def test_each_change_has_a_revision_of_its_own(api: APIClient) -> None:
    txn(api, {"success": [put_op("a"), put_op("b"), delete_op("a"), put_op("a")]})
    told = good(get(api, f"{ROOT}/ns/changes"))["changes"]
    assert [(change["revision"], change["key"], change["op"], change["version"]) for change in told] == [
        (1, "a", "put", 1),
        (2, "b", "put", 1),
        (3, "a", "delete", 1),
        (4, "a", "put", 2),
    ]


@pytest.mark.parametrize(
    ("compare", "succeeded"),
    [
        ([], True),
        ([("a", 1)], True),
        ([("a", 1.0)], True),
        ([("a", 1), ("nothing", 0), ("deleted", 0), ("expired", 0)], True),
        ([("a", 1), ("a", 1)], True),
        ([("a", 0)], False),
        ([("a", 2)], False),
        ([("a", 1), ("a", 2)], False),
        ([("a", 1), ("nothing", 1)], False),
        ([("deleted", 1)], False),
        ([("expired", 1)], False),
        ([("a", 2**63 - 1)], False),
    ],
)
def test_carries_out_one_branch_or_the_other(
    api: APIClient, clock: Clock, compare: list[tuple[str, float]], succeeded: bool
) -> None:
    put(api, "a")
    put(api, "deleted")
    delete(api, at("deleted"))
    put(api, "expired", query="?ttl=1")
    clock.move(1)
    asked = [{"key": key, "version": version} for key, version in compare]
    told = good(txn(api, {"compare": asked, "success": [put_op("yes")], "failure": [put_op("no"), get_op("a")]}))
    assert (told["succeeded"], len(told["results"])) == (succeeded, 1 if succeeded else 2)
    assert [get(api, at(key)).status_code for key in ("yes", "no")] == ([200, 404] if succeeded else [404, 200])


@pytest.mark.parametrize("body", [{}, {"success": [get_op("a")]}, {"compare": [{"key": "a", "version": 7}]}])
def test_what_only_reads_takes_no_revision_and_makes_no_namespace(api: APIClient, body: dict[str, Any]) -> None:
    answer = txn(api, body)
    assert (good(answer)["revision"], answer["X-KV-Revision"]) == (0, "0")
    assert good(get(api, ROOT))["items"] == []
    problem(delete(api, f"{ROOT}/ns"), 404)
    put(api, "a")
    assert good(txn(api, body))["revision"] == 1


def test_what_a_txn_reads_is_of_one_moment(api: APIClient) -> None:
    txn(api, {"success": [put_op(key, 1) for key in "abc"]})
    told = good(txn(api, {"success": [get_op(key) for key in "cab"]}))
    assert [(result["get"]["key"], result["get"]["version"]) for result in told["results"]] == [
        ("c", 1),
        ("a", 1),
        ("b", 1),
    ]


def test_a_put_may_have_a_ttl_and_without_one_clears_it(api: APIClient, clock: Clock) -> None:
    txn(api, {"success": [put_op("a", ttl=60), put_op("b", ttl=0.5), put_op("b"), put_op("c", ttl=0.5)]})
    assert [item["expires_at"] for item in good(get(api, KEYS))["items"]] == [
        "2026-11-20T12:01:00Z", None, "2026-11-20T12:00:00.500000Z",
    ]  # fmt: skip
    clock.move(1)
    told = good(txn(api, {"success": [get_op("c"), delete_op("c"), put_op("c")]}))["results"]
    assert told == [{"get": None}, {"delete": {"key": "c", "deleted": False}}, {"put": {"key": "c", "version": 2}}]


def test_bytes_are_put_in_base64_with_their_type(api: APIClient) -> None:
    ops = [
        {"put": {"key": "a", "value_base64": base64_of(bytes(range(256)))}},
        {"put": {"key": "b", "value_base64": base64_of(b"<p>"), "content_type": "text/html; charset=utf-8"}},
        {"put": {"key": "c", "value_base64": base64_of(b" {}"), "content_type": JSON}},
    ]
    assert good(txn(api, {"success": ops}))["succeeded"]
    shown = [get(api, at(key)) for key in "abc"]
    assert [(answer.content, answer["Content-Type"]) for answer in shown] == [
        (bytes(range(256)), "application/octet-stream"),
        (b"<p>", "text/html; charset=utf-8"),
        (b" {}", JSON),
    ]


@pytest.mark.parametrize("value", ["123456789012345678901234567890", "[ 1,\t2 ]", '"\\u00e9"', "null", "-0.0", "1E5"])
def test_a_json_value_keeps_its_bytes(api: APIClient, value: str) -> None:
    body = '{"success": [{"put": {"value":  ' + value + ' , "key": "a"}}]}'
    assert txn(api, body).status_code == 200
    assert get(api, at("a")).content == value.encode()
    told = txn(api, {"success": [get_op("a")]})
    assert f'"value":{value},'.encode() in told.content


def test_a_thousand_operations_are_taken_and_one_more_is_not(api: APIClient) -> None:
    ops = [put_op(str(number)) for number in range(1000)]
    assert good(txn(api, {"success": ops}))["revision"] == 1000
    told = pointers(txn(api, {"success": [*ops, get_op("a")], "compare": [{"key": "a", "version": 0}] * 1001}))
    assert told == dict.fromkeys(["#/compare", "#/success"], "there are 1001 here; at most 1000 are allowed")
    got = good(txn(api, {"success": [get_op(str(number)) for number in range(1000)]}))["results"]
    assert all(result["get"]["version"] == 1 for result in got)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ([], {"#"}),
        ("1", {"#"}),
        ({"succes": []}, {"#/succes"}),
        ({"success": {}}, {"#/success"}),
        ({"compare": [1]}, {"#/compare/0"}),
        ({"compare": [{}]}, {"#/compare/0/key", "#/compare/0/version"}),
        ({"compare": [{"key": "a", "version": "1"}]}, {"#/compare/0/version"}),
        ({"compare": [{"key": "a", "version": -1}]}, {"#/compare/0/version"}),
        ({"success": [put_op("a"), {"put": {"key": "a"}}]}, {"#/success/1/put/value"}),
        ({"success": [{"put": 1}]}, {"#/success/0/put"}),
        ({"success": [{}]}, {"#/success/0"}),
        ({"success": [{"get": {"key": "a"}, "put": {"key": "a", "value": 1}}]}, {"#/success/0"}),
        ({"success": [put_op("", 1, ttl=0)]}, {"#/success/0/put/key", "#/success/0/put/ttl"}),
        ({"success": [put_op("a", 1, value_base64="")]}, {"#/success/0/put/value_base64"}),
        ({"success": [put_op("a", 1, content_type=JSON)]}, {"#/success/0/put/content_type"}),
        ({"success": [{"put": {"key": "a", "value_base64": "?"}}]}, {"#/success/0/put/value_base64"}),
        (
            {"success": [{"put": {"key": "a", "value_base64": "ew==", "content_type": JSON}}]},
            {"#/success/0/put/value_base64"},
        ),
        (
            {"failure": [get_op("k" * 513)], "success": [delete_op("a\n")]},
            {"#/failure/0/get/key", "#/success/0/delete/key"},
        ),
        ({"failure": [{"delete": {"key": "a", "version": 1}}]}, {"#/failure/0/delete/version"}),
        ('{"success": [], "success": []}', {"#/success"}),
        ('{"success": [{"put": {"key": "a", "value": {"x": 1, "x": 1}}}]}', {"#/success/0/put/value"}),
        ('{"success": [{"put": {"key": "a", "value": ' + "[" * 101 + "]" * 101 + "}}]}", {"#/success/0/put/value"}),
    ],
)
def test_points_at_each_fault(api: APIClient, body: object, where: set[str]) -> None:
    assert set(pointers(txn(api, body))) == where
    assert revision(api) == "0"


@pytest.mark.parametrize(
    "body", ["", "{", '{"success": [{"put": {"key": "a", "value": NaN}}]}', "[" * 5000, b'{"\xff": 1}']
)
def test_refuses_what_is_not_json(api: APIClient, body: str | bytes) -> None:
    problem(txn(api, body), 400)


@override_settings(KVSTORE_MAX_VALUE_BYTES=10)
def test_a_value_over_the_limit_undoes_all(api: APIClient) -> None:
    answer = txn(api, {"success": [put_op("a", "x" * 8)], "failure": [put_op("b", "x" * 9)]})
    assert problem(answer, 413)["detail"] == "the value has 11 bytes; at most 10 are allowed"
    assert txn(api, {"success": [put_op("a", "x" * 8)]}).status_code == 200
    assert revision(api) == "1"


def test_a_body_over_the_limit_is_refused(api: APIClient) -> None:
    problem(txn(api, b" " * (16 * 2**20 + 1)), 413)
    assert good(txn(api, b"{}" + b" " * (16 * 2**20 - 2)))["succeeded"]


def test_large_bodies_are_looked_through_one_at_a_time(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each may take hundreds of megabytes meanwhile; small ones wait for none."""
    read, reading, most = transactions.read_txn, set[int](), [0]
    inside, let_go = threading.Event(), threading.Event()

    def read_slowly(body: bytes) -> transactions.Txn:
        if len(body) > 2**20:
            reading.add(threading.get_ident())
            most[0] = max(most[0], len(reading))
            inside.set()
            let_go.wait(30)
            reading.remove(threading.get_ident())
        return read(body)

    def send() -> None:
        txn(APIClient(headers={"Authorization": f"Bearer {KEY}"}), b"{}" + b" " * 2**20)
        connections.close_all()

    monkeypatch.setattr(transactions, "read_txn", read_slowly)
    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert inside.wait(30)
    assert good(txn(api, {}))["succeeded"]
    let_go.set()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_values_that_are_too_large_together_are_not_given(api: APIClient, clock: Clock) -> None:
    for number in range(16):
        store.put(path_of("ns", str(number)), store.Value(b"x" * 2**20, "text/plain"), now=clock.now)
    ops = [get_op(str(number)) for number in range(16)]
    assert len(good(txn(api, {"success": ops}))["results"]) == 16
    answer = txn(api, {"success": [put_op("new"), *ops, get_op("new")]})
    told = "the values asked for have 16777217 bytes; at most 16777216 are given at once"
    assert problem(answer, 413)["detail"] == told
    assert get(api, at("new")).status_code == 404
    problem(txn(api, {"success": [*ops, *ops]}), 413)


def test_a_quota_undoes_all(api: APIClient) -> None:
    put(api, "a", b"12345")
    api.generic("PUT", f"{ROOT}/ns/quota", b'{"max_keys": 2, "max_bytes": 10}', content_type=JSON)
    answer = txn(api, {"success": [put_op("b", "x"), put_op("c", "x")]})
    assert problem(answer, 507)["detail"] == "the namespace ns would have 3 keys; its quota is 2"
    answer = txn(api, {"success": [put_op("b", "1234")]})
    assert problem(answer, 507)["detail"] == "the namespace ns would have 11 bytes; its quota is 10"
    assert get(api, at("b")).status_code == 404
    # What counts is what is there at the end.
    assert txn(api, {"success": [put_op("b", "x"), put_op("c", "x"), delete_op("a")]}).status_code == 200
    assert revision(api) == "4"


def test_a_txn_is_for_one_namespace(api: APIClient) -> None:
    put(api, "a")
    assert good(post(api, f"{ROOT}/other/txn", {"success": [get_op("a"), put_op("a")]}))["revision"] == 1
    assert json.loads(get(api, KEYS).content)["items"][0]["version"] == 1
