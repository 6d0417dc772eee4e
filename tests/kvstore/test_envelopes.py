"""Reading the bodies of /save and of a restore."""

import json
import string
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kvstore import envelopes, values
from kvstore.envelopes import Fault, Save

LAST_TTL_S = 315_360_000
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def envelope(value: bytes, more: bytes = b"") -> bytes:
    return b'{"key": "k", "value": ' + value + more + b"}"


def nested(levels: int, inner: bytes = b"") -> bytes:
    return b"[" * levels + inner + b"]" * levels


@pytest.mark.parametrize(
    "value",
    [
        b"null", b"true", b'""', b"0", b"-0", b"1.0", b"1E5", b"1e-400", b"123456789012345678901234567890", b"9" * 300,
        b"0.1000000000000000055511151231257827", b"[ 1,\t2 ,\n3 ]", b'{ "b" : 1 , "a" : 2 }', b'"\\u0000"',
        b'"\\u00e9\\/\\ud83d\\ude00"', '"é😀\u2028\x7f"'.encode(), b'[{"a": 1}, {"a": 1}]', b'{"a": {"a": {"a": ":"}}}',
        b'{"A": 1, "a": 2}', nested(100), nested(99, b'{"a": 1}'), b"[" + b"[]," * 200 + b"[]]",
    ],
)  # fmt: skip
def test_keeps_the_bytes_of_a_value(value: bytes) -> None:
    assert envelopes.read_save(envelope(value)) == Save("k", value)
    assert envelopes.read_save(b'{"value":\r\n ' + value + b'\t ,"key":"k"}').value == value


@settings(deadline=None)
@given(JSON_VALUES, st.sampled_from([None, 0, 1, "\t"]), st.booleans())
def test_keeps_the_bytes_of_whatever_another_encoder_writes(
    value: Any, indent: int | str | None, ascii_only: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()
    assert envelopes.read_save(envelope(text)).value == text


@pytest.mark.parametrize(
    ("more", "ttl_s", "version"),
    [
        (b"", None, None),
        (b', "ttl": 60', 60, None),
        (b', "ttl": 0.5', 0.5, None),
        (b', "ttl": 1e-9', 1e-9, None),
        (b', "ttl": 315360000', LAST_TTL_S, None),
        (b', "version": 0', None, 0),
        (b', "version": 7.0', None, 7),
        (b', "version": 9223372036854775807, "ttl": 1', 1, 2**63 - 1),
    ],
)
def test_reads_ttl_and_version(more: bytes, ttl_s: float | None, version: int | None) -> None:
    saved = envelopes.read_save(envelope(b"1", more))
    assert saved == Save("k", b"1", ttl_s, version)
    assert version is None or type(saved.version) is int


def test_reads_a_key_however_it_is_escaped() -> None:
    key = '"' + "".join(f"\\u{ord(character):04x}" for character in "a/é") + '"'
    assert envelopes.read_save(f'{{"\\u006bey": {key}, "value": 1}}'.encode()).key == "a/é"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is empty; it is JSON"),
        (b" \n", "the body is empty; it is JSON"),
        (b"nul", "the body is not JSON: Input data was truncated"),
        (b"{", "the body is not JSON"),
        (b'{"key": "k", "value": 1', "the body is not JSON"),
        (b'{"key": "k", "value": 1}}', "trailing characters"),
        (b'{"key": "k", "value": 1,}', "trailing comma"),
        (b"{'key': 'k'}", "the body is not JSON"),
        (b"key=k&value=1", "the body is not JSON"),
        (b"\xef\xbb\xbf{}", "the body is not JSON"),
        ('{"key": "k", "value": 1}'.encode("utf-16"), "the body is not JSON"),
        (envelope(b"NaN"), "the body is not JSON"),
        (envelope(b"-Infinity"), "the body is not JSON"),
        (envelope(b"1e400"), "Number out of range"),
        (envelope(b"[1e400]"), "Number out of range"),
        (envelope(b"9" * 5000), "Integer value out of range"),
        (envelope(b"01"), "the body is not JSON"),
        (envelope(b'"\\ud800"'), "the body is not JSON"),
        (envelope(b'{"\\udfff\\ud800": 1}'), "invalid utf-16 surrogate pair"),
        (envelope(b'"\xff"'), "can't decode byte 0xff"),
        (envelope(b'"\xed\xa0\x80"'), "can't decode byte 0xed"),
        (envelope(b'"\n"'), "invalid character"),
        (envelope(nested(10_000)), "the body is nested deeper than 100 levels"),
        (b"[" * 200_000, "the body is nested deeper than 100 levels"),
    ],
)
def test_refuses_what_is_not_json_and_says_where(body: bytes, message: str) -> None:
    with pytest.raises(values.NotJSON) as raised:
        envelopes.read_save(body)
    assert message in str(raised.value)


@pytest.mark.parametrize("body", [b"[]", b"null", b"1", b'"key"', nested(500)])
def test_refuses_what_is_no_object(body: bytes) -> None:
    assert faults(body) == [Fault("", "invalid", "the body is not a JSON object with key and value")]


@pytest.mark.parametrize("levels", [101, 150, 500])
def test_refuses_a_value_deeper_than_100_levels(levels: int) -> None:
    expected = [Fault("value", "invalid", "the value is nested deeper than 100 levels")]
    assert faults(envelope(nested(levels))) == expected
    assert faults(envelope(b'{"a": ' * levels + b"1" + b"}" * levels)) == expected


TOO_LONG = f"it is above 0 and at most {LAST_TTL_S} s (ten years)"
NO_TTL = "the ttl is not a number of seconds; leave it out for a record that stays"
NO_VERSION = "the version is not an integer; leave it out to save whatever is there"


@pytest.mark.parametrize(
    ("member", "sent", "detail"),
    [
        ("key", b"1", "the key is not a string"),
        ("key", b"null", "the key is not a string"),
        ("key", b'["k"]', "the key is not a string"),
        ("key", b'""', "the key is empty; it has 1 to 512 bytes of UTF-8"),
        ("key", b'"' + b"k" * 513 + b'"', "the key has 513 bytes of UTF-8; at most 512 are allowed"),
        ("ttl", b"0", f"the ttl is 0 s; {TOO_LONG}"),
        ("ttl", b"0.0", f"the ttl is 0.0 s; {TOO_LONG}"),
        ("ttl", b"-1", f"the ttl is -1 s; {TOO_LONG}"),
        ("ttl", b"1e-400", f"the ttl is 0.0 s; {TOO_LONG}"),
        ("ttl", b"315360000.5", f"the ttl is 315360000.5 s; {TOO_LONG}"),
        ("ttl", b"1e300", f"the ttl is 1e+300 s; {TOO_LONG}"),
        ("ttl", b"9" * 400, f"the ttl is {'9' * 64}… s; {TOO_LONG}"),
        ("ttl", b"true", NO_TTL),
        ("ttl", b'"60"', NO_TTL),
        ("ttl", b"null", NO_TTL),
        ("ttl", nested(500), NO_TTL),
        ("version", b"-1", f"the version is -1; it is 0 (the key must be absent) to {2**63 - 1}"),
        ("version", b"9223372036854775808", f"the version is {2**63}; it is 0 (the key must be absent) to {2**63 - 1}"),
        ("version", b"-" + b"9" * 400, f"the version is -{'9' * 63}…; it is 0 (the key must be absent) to {2**63 - 1}"),
        ("version", b"1.5", NO_VERSION),
        ("version", b"1e300", f"the version is 1e+300; it is 0 (the key must be absent) to {2**63 - 1}"),
        ("version", b"false", NO_VERSION),
        ("version", b'"1"', NO_VERSION),
        ("version", b"null", NO_VERSION),
        ("version", b"{}", NO_VERSION),
    ],
)
def test_names_the_member_that_is_wrong_and_what_would_be_right(member: str, sent: bytes, detail: str) -> None:
    members = {"key": b'"k"', "value": b"1"} | {member: sent}
    body = b"{" + b",".join(b'"%s":%s' % (name.encode(), text) for name, text in members.items()) + b"}"
    assert faults(body) == [Fault(member, "invalid", detail)]


def test_tells_all_faults_at_once() -> None:
    found = faults(b'{"key": "", "ttl": true, "version": -1, "tll": 60, "x": {}}')
    assert [(fault.member, fault.code) for fault in found] == [
        ("key", "invalid"), ("value", "required"), ("ttl", "invalid"), ("version", "invalid"),
        ("tll", "unknown"), ("x", "unknown"),
    ]  # fmt: skip
    assert found[1].detail == "the member value is missing"
    assert found[4].detail == "there is no such member; there are key, value, ttl, version"


def test_its_message_tells_all_faults_too() -> None:
    with pytest.raises(envelopes.BadBody) as raised:
        envelopes.read_save(b"{}")
    assert str(raised.value) == "the member key is missing; the member value is missing"


@pytest.mark.parametrize(
    ("body", "member", "name", "times"),
    [
        (b'{"key": "a", "key": "b", "value": 1}', "key", "key", 2),
        (b'{"key": "a", "k\\u0065y": "b", "value": 1}', "key", "key", 2),
        (b'{"key": "a", "value": 1, "value": {"a": 1}}', "value", "value", 2),
        (envelope(b"1", b', "ttl": 1, "ttl": 1, "ttl": 1'), "ttl", "ttl", 3),
        (envelope(b'{"a": 1, "a": 1}'), "value", "a", 2),
        (envelope(b'[[{"b": {"": 1, "c": ":", "": 2}}]]'), "value", "", 2),
        (envelope(nested(98, b'{"a": {"a": 1, "a": 2}}')), "value", "a", 2),
    ],
)
def test_refuses_a_member_that_comes_twice(body: bytes, member: str, name: str, times: int) -> None:
    assert faults(body) == [Fault(member, "repeated", f"the member {name} comes {times} times in one object")]


def test_refuses_what_is_nested_too_deep_under_a_member_that_comes_twice() -> None:
    # The last of the two is looked at first; where the stack ends differs among the parsers.
    for levels in range(800, 1001):
        with pytest.raises((values.NotJSON, envelopes.BadBody)):
            envelopes.read_save(b'{"key": "k", "value": ' + nested(levels) + b', "value": 1}')


def test_repeats_little_of_a_hostile_body() -> None:
    unknown = b"{" + b",".join(b'"%d%s": 1' % (number, b"x" * 100) for number in range(5000)) + b"}"
    twice = envelope(b"{" + b",".join(b'"%d": 1' % (number // 2) for number in range(100_000)) + b"}")
    assert len(faults(unknown)) == 11
    assert faults(unknown)[2].member == f"0{'x' * 63}…"
    assert faults(envelope(b"1", b', "%s": 1' % (b"x" * 64)))[0].member == "x" * 64
    assert len(faults(twice)) == 11


def test_points_to_a_member_whatever_its_name_is() -> None:
    assert faults(envelope(b"1", b', "a/b~1": 1'))[0].member == "a~1b~01"


@settings(deadline=None)
@example(["~1", "a/b", ""])
@given(st.lists(st.text(max_size=64), min_size=1).filter(lambda steps: steps != [""]))
def test_a_pointer_leads_back_to_its_steps(steps: list[str]) -> None:
    assert envelopes.steps_of(envelopes.pointer(*steps)) == steps


def test_the_pointer_of_the_whole_has_no_steps() -> None:
    assert envelopes.steps_of(envelopes.pointer()) == []


@pytest.mark.parametrize(
    ("body", "version"),
    [(b'{"restore": 5}', 5), (b' {"restore":1.0}\n', 1), (b'{"restore": 9223372036854775807}', 2**63 - 1)],
)
def test_reads_the_version_to_restore(body: bytes, version: int) -> None:
    assert envelopes.read_restore(body) == version
    assert type(envelopes.read_restore(body)) is int


NO_RESTORE = "the version to restore is not an integer"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"5", Fault("", "invalid", "the body is not a JSON object with restore")),
        (b"{}", Fault("restore", "required", "the member restore is missing")),
        (b'{"restore": 5, "x": 1}', Fault("x", "unknown", "there is no such member; there are restore")),
        (b'{"restore": "5"}', Fault("restore", "invalid", NO_RESTORE)),
        (b'{"restore": true}', Fault("restore", "invalid", NO_RESTORE)),
        (b'{"restore": 1.5}', Fault("restore", "invalid", NO_RESTORE)),
        (b'{"restore": null}', Fault("restore", "invalid", NO_RESTORE)),
        (b'{"restore": 0}', Fault("restore", "invalid", f"the version to restore is 0; it is 1 to {2**63 - 1}")),
        (
            b'{"restore": 9223372036854775808}',
            Fault("restore", "invalid", f"the version to restore is {2**63}; it is 1 to {2**63 - 1}"),
        ),
        (
            b'{"restore": 5, "restore": 5}',
            Fault("restore", "repeated", "the member restore comes 2 times in one object"),
        ),
    ],
)
def test_refuses_a_restore_of_what_is_no_version(body: bytes, fault: Fault) -> None:
    with pytest.raises(envelopes.BadBody) as raised:
        envelopes.read_restore(body)
    assert raised.value.faults == (fault,)


@settings(deadline=None)
@given(
    st.binary()
    | st.text(string.printable + "é\ud800", max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
def test_raises_nothing_else_for_any_bytes(data: bytes) -> None:
    for body in (data, envelope(data), envelope(b"1", b', "ttl": ' + data), envelope(b"1", b"," + data)):
        with suppress(values.NotJSON, envelopes.BadBody):
            json.loads(envelopes.read_save(body).value)
        with suppress(values.NotJSON, envelopes.BadBody):
            assert envelopes.read_restore(body) > 0


def faults(body: bytes) -> list[Fault]:
    with pytest.raises(envelopes.BadBody) as raised:
        envelopes.read_save(body)
    return list(raised.value.faults)
