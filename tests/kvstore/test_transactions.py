"""Reading a transaction."""

import base64
import json
import string
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvstore import transactions, values
from kvstore.envelopes import BadBody, Fault
from kvstore.transactions import Compare, Delete, Get, Op, Put, Txn

OPS = "an operation is a JSON object with one of put, get, delete"
NO_OBJECT = "the body is not a JSON object with compare, success, failure"
BYTES = "application/octet-stream"
KEYS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=99)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
JSON_VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)
TTLS = st.none() | st.integers(1, 9) | st.floats(0.5, 9)
TYPES = st.sampled_from([None, "text/plain", "image/png; a=b"])
PUTS = st.builds(Put, KEYS, JSON_VALUES.map(lambda value: json.dumps(value).encode()), st.just(values.JSON), TTLS)
BYTE_PUTS = st.builds(Put, KEYS, st.binary(), TYPES.map(lambda given: given or BYTES), TTLS)
SOME_OPS = st.lists(PUTS | BYTE_PUTS | st.builds(Get, KEYS) | st.builds(Delete, KEYS), max_size=5).map(tuple)
COMPARES = st.lists(st.builds(Compare, KEYS, st.integers(0, 2**63 - 1)), max_size=3).map(tuple)
# Whatever has the names of a transaction somewhere.
NAMES = st.sampled_from(
    ["compare", "success", "failure", "put", "get", "delete", "key", "value", "value_base64", "ttl"]
)
SHAPES = st.recursive(
    SCALARS | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


def sent(op: Op) -> bytes:
    """An op as a client writes it, a JSON value by its own bytes."""
    key = json.dumps(op.key)
    if not isinstance(op, Put):
        return f'{{"{type(op).__name__.lower()}": {{"key": {key}}}}}'.encode()
    members = [f'"key": {key}'.encode()]
    if op.ttl_s is not None:
        members.append(f'"ttl": {op.ttl_s!r}'.encode())
    if values.is_json(op.content_type):
        members.append(b'"value":  ' + op.value + b" ")
    else:
        members.append(b'"value_base64": "' + base64.b64encode(op.value) + b'"')
        members.append(f'"content_type": {json.dumps(op.content_type)}'.encode())
    return b'{"put": {' + b", ".join(members) + b"}}"


@settings(deadline=None)
@given(st.builds(Txn, COMPARES, SOME_OPS, SOME_OPS))
def test_reads_whatever_was_written(txn: Txn) -> None:
    compare = json.dumps([{"key": each.key, "version": each.version} for each in txn.compare]).encode()
    success, failure = (b"[" + b",".join(map(sent, ops)) + b"]" for ops in (txn.success, txn.failure))
    body = b'{"failure": ' + failure + b', "compare": ' + compare + b', "success": ' + success + b"}"
    assert transactions.read_txn(body) == txn


@pytest.mark.parametrize(
    ("body", "txn"),
    [
        (b"{}", Txn((), (), ())),
        (b'{"compare": [], "success": [], "failure": []}', Txn((), (), ())),
        (b'{"success": [{"get": {"key": "a"}}]}', Txn((), (Get("a"),), ())),
        (b'{"failure": [{"delete": {"key": "a"}}]}', Txn((), (), (Delete("a"),))),
        (b'{"compare": [{"key": "a", "version": 0}]}', Txn((Compare("a", 0),), (), ())),
        (b'{"compare": [{"key": "a", "version": 7.0}]}', Txn((Compare("a", 7),), (), ())),
    ],
)
def test_takes_what_is_left_out_for_none(body: bytes, txn: Txn) -> None:
    found = transactions.read_txn(body)
    assert found == txn
    assert all(type(compare.version) is int for compare in found.compare)


@pytest.mark.parametrize(
    ("members", "put"),
    [
        (b'"value": [ 1,\t2 ]', Put("k", b"[ 1,\t2 ]", values.JSON, None)),
        (b'"value": 123456789012345678901234567890', Put("k", b"123456789012345678901234567890", values.JSON, None)),
        (b'"value": null, "ttl": 0.5', Put("k", b"null", values.JSON, 0.5)),
        (b'"value_base64": ""', Put("k", b"", BYTES, None)),
        (b'"value_base64": "AP8="', Put("k", b"\0\xff", BYTES, None)),
        (b'"value_base64": "YQ==", "content_type": "text/plain"', Put("k", b"a", "text/plain", None)),
        (b'"value_base64": "IDEK", "content_type": "application/json"', Put("k", b" 1\n", values.JSON, None)),
    ],
)
def test_keeps_the_bytes_of_a_value(members: bytes, put: Put) -> None:
    body = b'{"success": [{"put": {"key": "k", ' + members + b"}}]}"
    assert transactions.read_txn(body) == Txn((), (put,), ())


@pytest.mark.parametrize("body", [b"", b" ", b"{", b'{"success": [NaN]}', b'{"success": "\\ud800"}', b"[" * 100_000])
def test_refuses_what_is_not_json(body: bytes) -> None:
    with pytest.raises(values.NotJSON, match=r"^the body is "):
        transactions.read_txn(body)


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"compare"'])
def test_refuses_what_is_no_object(body: bytes) -> None:
    assert faults(body) == [Fault("", "invalid", NO_OBJECT)]


NO_LIST = "this is not a JSON array; leave it out for none"
NO_VERSION = "the version is not an integer"
NO_MEMBER = "there is no such member; there are "
IN_PUT = "key, value, value_base64, content_type, ttl"


@pytest.mark.parametrize(
    ("txn", "member", "code", "detail"),
    [
        ({"then": []}, "then", "unknown", f"{NO_MEMBER}compare, success, failure"),
        ({"compare": {}}, "compare", "invalid", NO_LIST),
        ({"success": None}, "success", "invalid", NO_LIST),
        ({"failure": "put"}, "failure", "invalid", NO_LIST),
        ({"compare": ["k"]}, "compare/0", "invalid", "a comparison is a JSON object with key and version"),
        ({"compare": [{"version": 1}]}, "compare/0/key", "required", "the member key is missing"),
        ({"compare": [{"key": "k"}]}, "compare/0/version", "required", "the member version is missing"),
        ({"compare": [{"key": "", "version": 1}]}, "compare/0/key", "invalid",
         "the key is empty; it has 1 to 512 bytes of UTF-8"),
        ({"compare": [{"key": "k", "version": "1"}]}, "compare/0/version", "invalid", NO_VERSION),
        ({"compare": [{"key": "k", "version": True}]}, "compare/0/version", "invalid", NO_VERSION),
        ({"compare": [{"key": "k", "version": None}]}, "compare/0/version", "invalid", NO_VERSION),
        ({"compare": [{"key": "k", "version": 1.5}]}, "compare/0/version", "invalid", NO_VERSION),
        ({"compare": [{"key": "k", "version": -1}]}, "compare/0/version", "invalid",
         f"the version is -1; it is 0 (the key must be absent) to {2**63 - 1}"),
        ({"compare": [{"key": "k", "version": 1, "x": 1}]}, "compare/0/x", "unknown", f"{NO_MEMBER}key, version"),
        ({"success": [None]}, "success/0", "invalid", OPS),
        ({"success": [[]]}, "success/0", "invalid", OPS),
        ({"success": [{}]}, "success/0", "invalid", OPS),
        ({"success": [{"touch": {"key": "k"}}]}, "success/0", "invalid", OPS),
        ({"success": [{"get": {"key": "k"}, "delete": {"key": "k"}}]}, "success/0", "invalid", OPS),
        ({"failure": [{"get": "k"}]}, "failure/0/get", "invalid", "a get is a JSON object with key"),
        ({"failure": [{"put": None}]}, "failure/0/put", "invalid", "a put is a JSON object with key"),
        ({"success": [{"get": {}}]}, "success/0/get/key", "required", "the member key is missing"),
        ({"success": [{"get": {"key": 1}}]}, "success/0/get/key", "invalid", "the key is not a string"),
        ({"success": [{"get": {"key": "k", "ttl": 1}}]}, "success/0/get/ttl", "unknown", f"{NO_MEMBER}key"),
        ({"success": [{"delete": {"key": "k", "version": 1}}]}, "success/0/delete/version", "unknown",
         f"{NO_MEMBER}key"),
        ({"success": [{"put": {"value": 1}}]}, "success/0/put/key", "required", "the member key is missing"),
        ({"success": [{"put": {"key": "k"}}]}, "success/0/put/value", "required",
         "the member value is missing, or value_base64"),
        ({"success": [{"put": {"key": "k", "value": 1, "value_base64": ""}}]}, "success/0/put/value_base64", "invalid",
         "there is a value too; a put has one of both"),
        ({"success": [{"put": {"key": "k", "value": 1, "content_type": "a/b"}}]}, "success/0/put/content_type",
         "invalid", "a value is application/json; content_type goes with value_base64"),
        ({"success": [{"put": {"key": "k", "value_base64": 1}}]}, "success/0/put/value_base64", "invalid",
         "the value_base64 is not a string"),
        ({"success": [{"put": {"key": "k", "value_base64": "YQ"}}]}, "success/0/put/value_base64", "invalid",
         "the value_base64 is not base64: Incorrect padding"),
        ({"success": [{"put": {"key": "k", "value_base64": "Y Q="}}]}, "success/0/put/value_base64", "invalid",
         "the value_base64 is not base64: Only base64 data is allowed"),
        ({"success": [{"put": {"key": "k", "value_base64": "é"}}]}, "success/0/put/value_base64", "invalid",
         "the value_base64 is not base64: string argument should contain only ASCII characters"),
        ({"success": [{"put": {"key": "k", "value_base64": "", "content_type": "text"}}]},
         "success/0/put/content_type", "invalid",
         "'text' is no content type; it is type/subtype, in ASCII, of at most 255 characters"),
        ({"success": [{"put": {"key": "k", "value_base64": "YQ==", "content_type": "Application/json;v=1"}}]},
         "success/0/put/value_base64", "invalid",
         "the value is not JSON: JSON is malformed: invalid character (byte 0)"),
        ({"success": [{"put": {"key": "k", "value": 1, "ttl": 0}}]}, "success/0/put/ttl", "invalid",
         "the ttl is 0 s; it is above 0 and at most 315360000 s (ten years)"),
        ({"success": [{"put": {"key": "k", "value": 1, "ttl": None}}]}, "success/0/put/ttl", "invalid",
         "the ttl is not a number of seconds; leave it out for a record that stays"),
        ({"success": [{"put": {"key": "k", "value": 1, "a/b": 1}}]}, "success/0/put/a~1b", "unknown",
         f"{NO_MEMBER}{IN_PUT}"),
        ({"success": [{"get": {"key": "k"}}] * 1001}, "success", "invalid",
         "there are 1001 here; at most 1000 are allowed"),
        ({"compare": [{"key": "k", "version": 1}] * 1001}, "compare", "invalid",
         "there are 1001 here; at most 1000 are allowed"),
    ],
)  # fmt: skip
def test_names_the_member_that_is_wrong_and_what_would_be_right(
    txn: dict[str, Any], member: str, code: str, detail: str
) -> None:
    assert faults(json.dumps(txn).encode()) == [Fault(member, code, detail)]


def test_points_into_the_list() -> None:
    good, bad = {"get": {"key": "k"}}, {"put": {"key": "k\n", "value": 1}}
    found = faults(json.dumps({"success": [good, good, good, bad], "failure": [bad]}).encode())
    assert [fault.member for fault in found] == ["success/3/put/key", "failure/0/put/key"]


def test_takes_1000_of_each() -> None:
    ops = [{"put": {"key": "k", "value": 1}}] * 1000
    txn = {"compare": [{"key": "k", "version": 1}] * 1000, "success": ops, "failure": ops}
    found = transactions.read_txn(json.dumps(txn).encode())
    assert (len(found.compare), len(found.success), len(found.failure)) == (1000, 1000, 1000)


def test_does_not_look_into_a_list_that_is_too_long() -> None:
    detail = "there are 1001 here; at most 1000 are allowed"
    assert faults(json.dumps({"success": [{}] * 1001}).encode()) == [Fault("success", "invalid", detail)]


def test_tells_all_faults_at_once() -> None:
    put = {"key": 1, "value": 1, "value_base64": 2, "content_type": "text/plain", "ttl": -1, "x": 1}
    found = faults(json.dumps({"success": [{"put": put}, {}], "compare": [7], "failure": {}, "y": 1}).encode())
    assert [(fault.member, fault.code) for fault in found] == [
        ("failure", "invalid"), ("y", "unknown"), ("compare/0", "invalid"),
        ("success/0/put/key", "invalid"), ("success/0/put/value_base64", "invalid"), ("success/0/put/ttl", "invalid"),
        ("success/0/put/x", "unknown"), ("success/0/put/value_base64", "invalid"),
        ("success/0/put/content_type", "invalid"), ("success/1", "invalid"),
    ]  # fmt: skip


@pytest.mark.parametrize(("times", "told"), [(9, 9), (10, 10), (11, 11), (1000, 11)])
def test_tells_the_first_ten_faults_and_that_there_are_more(times: int, told: int) -> None:
    found = faults(json.dumps({"success": [{}] * times}).encode())
    assert len(found) == told
    assert found[:10] == [Fault(f"success/{index}", "invalid", OPS) for index in range(min(times, 10))]
    assert found[10:] == [Fault("", "more", "there are more than the 10 told here")] * (times > 10)


@pytest.mark.parametrize("levels", [101, 150, 500])
def test_refuses_a_value_deeper_than_100_levels(levels: int) -> None:
    body = b'{"success": [{"put": {"key": "k", "value": %s}}]}'
    detail = "the value is nested deeper than 100 levels"
    assert transactions.read_txn(body % (b"[" * 100 + b"]" * 100))
    assert faults(body % (b"[" * levels + b"]" * levels)) == [Fault("success/0/put/value", "invalid", detail)]


@pytest.mark.parametrize(
    ("body", "member", "name"),
    [
        (b'{"success": [], "success": []}', "success", "success"),
        (b'{"success": [{"get": {"key": "a"}, "get": {"key": "a"}}]}', "success/0/get", "get"),
        (b'{"success": [{"get": {"key": "a", "k\\u0065y": "a"}}]}', "success/0/get/key", "key"),
        (b'{"compare": [{"key": "a", "version": 1, "version": 1}]}', "compare/0/version", "version"),
        (b'{"failure": [{"put": {"key": "a", "value": [{"b": 1, "b": 1}]}}]}', "failure/0/put/value", "b"),
    ],
)
def test_refuses_a_member_that_comes_twice(body: bytes, member: str, name: str) -> None:
    assert faults(body) == [Fault(member, "repeated", f"the member {name} comes 2 times in one object")]


@settings(deadline=None)
@given(st.binary() | st.text(string.printable).map(str.encode) | SHAPES.map(lambda shape: json.dumps(shape).encode()))
def test_raises_nothing_else_for_any_bytes(data: bytes) -> None:
    for body in (data, b'{"success": [' + data + b"]}", b'{"failure": [{"put": ' + data + b"}]}"):
        with suppress(values.NotJSON, BadBody):
            transactions.read_txn(body)


def faults(body: bytes) -> list[Fault]:
    with pytest.raises(BadBody) as raised:
        transactions.read_txn(body)
    return list(raised.value.faults)
