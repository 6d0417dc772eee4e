"""Reading a transaction: what must be there, what is done then, and what otherwise.

`{"compare": [{"key", "version"}], "success": [op…], "failure": [op…]}`, any of them left out for none. An op is one of
`{"put": {"key", "value" or "value_base64", "content_type"?, "ttl"?}}`, `{"get": {"key"}}`, `{"delete": {"key"}}`.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from kvstore import values
from kvstore.envelopes import (
    BadBody,
    Fault,
    Rule,
    current_fault,
    faults_of,
    first,
    key_fault,
    pointer,
    refuse,
    repeated,
    ttl_fault,
    value_fault,
)

# Of comparisons, and of operations in each branch, of which only one is carried out.
MAX_OPS = 1_000
# success / 3 / put / value
MEMBER_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Compare:
    """A key and the version that must be there, 0: it must be absent."""

    key: str
    version: int


@dataclass(frozen=True, slots=True)
class Put:
    """A value to be written; its size is the caller's to check.

    value         JSON as it was sent, without the blanks around it, or any bytes
    content_type  JSON where `values.is_json` says so, and then checked to be
    ttl_s         seconds, 0 < ttl_s <= ten years of 365 days; None: for good
    """

    key: str
    value: bytes
    content_type: str
    ttl_s: float | None


@dataclass(frozen=True, slots=True)
class Get:
    """A key to be read."""

    key: str


@dataclass(frozen=True, slots=True)
class Delete:
    """A key to be deleted."""

    key: str


Op = Put | Get | Delete


@dataclass(frozen=True, slots=True)
class Txn:
    """Where all comparisons hold, `success` is carried out, else `failure`; up to MAX_OPS of each, in order."""

    compare: tuple[Compare, ...]
    success: tuple[Op, ...]
    failure: tuple[Op, ...]


class _Held(msgspec.Struct, frozen=True):
    value: msgspec.Raw = msgspec.Raw()


class _Op(msgspec.Struct):
    put: _Held = _Held()


class _Branches(msgspec.Struct):
    success: list[_Op] = []
    failure: list[_Op] = []


_branches = msgspec.json.Decoder(_Branches)


def read_txn(body: bytes) -> Txn:
    """The transaction in a body.

    body    JSON in UTF-8
    raises  NotJSON; BadBody with every fault, or the first MAX_FAULTS and that there are more: missing and unknown
            members, wrong types and ranges, too many operations; where there is none of these, members that come twice
    """
    members = values.decode(body)
    if not isinstance(members, dict):
        raise BadBody([Fault("", "invalid", f"the body is not a JSON object with {', '.join(TXN)}")])
    refuse(first(txn_faults(members)) or first(repeated(body, MEMBER_DEPTH)))
    # The members were decoded for the checks only; a value keeps its bytes in its own text alone.
    held = _branches.decode(body)
    return Txn(
        tuple(Compare(each["key"], int(each["version"])) for each in members.get("compare", ())),
        ops_of(members.get("success", ()), held.success),
        ops_of(members.get("failure", ()), held.failure),
    )


def txn_faults(members: Mapping[str, object]) -> Iterator[Fault]:
    """What is wrong with a transaction, in the order of its lists."""
    yield from faults_of(members, TXN, ())
    for name, rule in TXN.items():
        items = members.get(name, [])
        if isinstance(items, list) and not rule(items):
            faults = compare_faults if name == "compare" else op_faults
            for index, item in enumerate(items):
                yield from faults(item, name, index)


def compare_faults(compare: object, *at: str | int) -> Iterator[Fault]:
    """What is wrong with a comparison."""
    if isinstance(compare, dict):
        yield from faults_of(compare, COMPARE, COMPARE, *at)
    else:
        yield Fault(pointer(*at), "invalid", "a comparison is a JSON object with key and version")


def op_faults(op: object, *at: str | int) -> Iterator[Fault]:
    """What is wrong with an operation."""
    if not isinstance(op, dict) or len(op) != 1 or not op.keys() <= OPS.keys():
        yield Fault(pointer(*at), "invalid", f"an operation is a JSON object with one of {', '.join(OPS)}")
        return
    [(name, members)] = op.items()
    rules = OPS[name]
    if not isinstance(members, dict):
        yield Fault(pointer(*at, name), "invalid", f"a {name} is a JSON object with key")
        return
    yield from faults_of(members, rules, KEY, *at, name)
    if name == "put":
        yield from put_faults(members, *at, name)


def put_faults(put: Mapping[str, object], *at: str | int) -> Iterator[Fault]:
    """What is wrong with the members of a put together: it has one value, and only bytes are given a type."""
    if "value" in put:
        if "value_base64" in put:
            yield Fault(pointer(*at, "value_base64"), "invalid", "there is a value too; a put has one of both")
        if "content_type" in put:
            detail = f"a value is {values.JSON}; content_type goes with value_base64"
            yield Fault(pointer(*at, "content_type"), "invalid", detail)
    elif "value_base64" not in put:
        yield Fault(pointer(*at, "value"), "required", "the member value is missing, or value_base64")
    elif not base64_fault(put["value_base64"]) and values.is_json(str(put.get("content_type", ""))):
        try:
            values.check_json(base64.b64decode(str(put["value_base64"])))
        except values.NotJSON as fault:
            yield Fault(pointer(*at, "value_base64"), "invalid", str(fault))


def base64_fault(text: object) -> str | None:
    """Bytes are written in the alphabet of base64 with + and /, padded, without line ends."""
    if not isinstance(text, str):
        return "the value_base64 is not a string"
    try:
        base64.b64decode(text, validate=True)
    except ValueError as fault:
        return f"the value_base64 is not base64: {fault}"
    return None


def ops_of(ops: Sequence[Mapping[str, Any]], held: Sequence[_Op]) -> tuple[Op, ...]:
    """The operations of a branch that was checked; `held` has the values of its puts in their own text."""
    return tuple(op_of(op, raw) for op, raw in zip(ops, held, strict=True))


def op_of(op: Mapping[str, Any], held: _Op) -> Op:
    """An operation that was checked."""
    if "get" in op:
        return Get(op["get"]["key"])
    if "delete" in op:
        return Delete(op["delete"]["key"])
    put = op["put"]
    if "value" in put:
        return Put(put["key"], bytes(held.put.value), values.JSON, put.get("ttl"))
    value = base64.b64decode(put["value_base64"])
    return Put(put["key"], value, put.get("content_type", values.BYTES), put.get("ttl"))


def list_fault(items: object) -> str | None:
    """Comparisons and branches are lists of up to MAX_OPS."""
    if not isinstance(items, list):
        return "this is not a JSON array; leave it out for none"
    if len(items) > MAX_OPS:
        return f"there are {len(items)} here; at most {MAX_OPS} are allowed"
    return None


KEY: dict[str, Rule] = {"key": key_fault}
COMPARE: Mapping[str, Rule] = KEY | {"version": current_fault}
PUT: Mapping[str, Rule] = KEY | {
    "value": value_fault,
    "value_base64": base64_fault,
    "content_type": values.content_type_fault,
    "ttl": ttl_fault,
}
OPS: Mapping[str, Mapping[str, Rule]] = {"put": PUT, "get": KEY, "delete": KEY}
TXN: Mapping[str, Rule] = dict.fromkeys(("compare", "success", "failure"), list_fault)
