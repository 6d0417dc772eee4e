"""The lines of exports."""

import io
import json
import string
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kvstore import exports, keys, metadata, values
from kvstore.exports import BadLine, Change, End, Header, Item, Record

MAX_BYTES = 1000
FIRST = "first comes a header with kvstore and namespace"
GONE = "a change of op expire has no value, content_type, meta and expires_at"
LONGEST = MAX_BYTES * 4 // 3 + 16_384
AT = datetime(2026, 11, 28, 1, 2, 3, 456_789, tzinfo=UTC)
BYTES = "application/octet-stream"
HEADER = Header("ci", 7, 3)
RECORD = Record("a", 3, b'{"n": 1}', values.JSON, "", None, AT, AT)
CHANGE = Change("put", "a", 2, 5, AT, "laptop", b"\0\xff", "image/png", '{"owner":"x"}', AT)
WHOLE: Sequence[Item] = (HEADER, RECORD, CHANGE, End("ci", 1, 1, more=False))

KEYS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=99)
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is beside them
NUMBERS = st.integers(1, 2**63 - 1)
TYPES = st.sampled_from([values.JSON, "application/json; charset=utf-8"])
VALUES = st.tuples(st.binary(), st.sampled_from([BYTES, "text/plain"])) | st.tuples(
    st.recursive(st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)).flatmap(
        lambda value: st.sampled_from([None, 0, "\t"]).map(lambda indent: json.dumps(value, indent=indent).encode())
    ),
    TYPES,
)
METAS = st.dictionaries(st.from_regex(metadata.NAME, fullmatch=True), KEYS, max_size=2).map(metadata.text_of)
EXPIRIES = st.none() | TIMES
RECORDS = VALUES.flatmap(
    lambda value: st.builds(Record, KEYS, NUMBERS, st.just(value[0]), st.just(value[1]), METAS, EXPIRIES, TIMES, TIMES)
)
PUTS = VALUES.flatmap(
    lambda value: st.builds(
        Change,
        st.just("put"),
        KEYS,
        NUMBERS,
        NUMBERS,
        TIMES,
        st.text(),
        st.just(value[0]),
        st.just(value[1]),
        METAS,
        EXPIRIES,
    )
)
DELETIONS = st.builds(Change, st.sampled_from(["delete", "expire"]), KEYS, NUMBERS, NUMBERS, TIMES, st.text())
NAMESPACES = st.tuples(
    st.builds(Header, st.from_regex(keys.NAMESPACE, fullmatch=True), NUMBERS, NUMBERS),
    st.lists(RECORDS | PUTS | DELETIONS, max_size=4),
)


def read(data: bytes, max_value_bytes: int = MAX_BYTES) -> list[Item]:
    return [item for _, item in exports.read(io.BytesIO(data), max_value_bytes)]


def whole(items: Sequence[Item] = WHOLE) -> bytes:
    return b"".join(map(exports.encode, items))


def told(records: int, changes: int, namespace: str = "ci") -> str:
    return f"{namespace!r} with {records} records and {changes} changes"


def fault(data: bytes) -> str:
    with pytest.raises(BadLine) as raised:
        read(data)
    assert str(raised.value).startswith(f"line {raised.value.line}: ")
    return str(raised.value)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(NAMESPACES, min_size=1, max_size=3))
def test_gives_back_what_was_written(namespaces: list[tuple[Header, list[Record | Change]]]) -> None:
    items: list[Item] = []
    for at, (header, inner) in enumerate(namespaces, 1):
        records = sum(isinstance(item, Record) for item in inner)
        end = End(header.namespace, records, len(inner) - records, more=at < len(namespaces))
        items += [header, *inner, end]
    data = whole(items)
    assert data.count(b"\n") == len(items)
    assert read(data, 2**20) == items


def test_a_file_can_be_read_without_this_program() -> None:
    assert [json.loads(line) for line in whole().splitlines()] == [
        {"kvstore": 1, "namespace": "ci", "revision": 7, "version_floor": 3},
        {"key": "a", "version": 3, "value": {"n": 1}, "expires_at": None,
         "created_at": "2026-11-28T01:02:03.456789Z", "updated_at": "2026-11-28T01:02:03.456789Z"},
        {"op": "put", "key": "a", "version": 2, "revision": 5, "at": "2026-11-28T01:02:03.456789Z", "by": "laptop",
         "value_base64": "AP8=", "content_type": "image/png", "meta": {"owner": "x"},
         "expires_at": "2026-11-28T01:02:03.456789Z"},
        {"end": "ci", "records": 1, "changes": 1, "more": False},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "content_type", "members"),
    [
        (b'{ "b" : 1 }', values.JSON, {"value": {"b": 1}}),
        (b"1", "application/json; charset=utf-8", {"value": 1, "content_type": "application/json; charset=utf-8"}),
        (b"1\n", values.JSON, {"value_base64": "MQo=", "content_type": values.JSON}),
        (b"[1,\n2]", values.JSON, {"value_base64": "WzEsCjJd", "content_type": values.JSON}),
        (b"[1,\r2]", values.JSON, {"value_base64": "WzEsDTJd", "content_type": values.JSON}),
        (b" 1", values.JSON, {"value_base64": "IDE=", "content_type": values.JSON}),
        (b"nul", values.JSON, {"value_base64": "bnVs", "content_type": values.JSON}),
        (b"1", BYTES, {"value_base64": "MQ=="}),
        (b"", "text/plain", {"value_base64": "", "content_type": "text/plain"}),
    ],
)
def test_a_value_stands_in_its_line_where_it_can(value: bytes, content_type: str, members: dict[str, Any]) -> None:
    line = exports.encode(Record("a", 1, value, content_type, "", None, AT, AT))
    rest = {"key", "version", "expires_at", "created_at", "updated_at"}
    assert {name: member for name, member in json.loads(line).items() if name not in rest} == members
    assert value in line or "value" not in members


def test_numbers_its_items_by_their_lines() -> None:
    assert [number for number, _ in exports.read(io.BytesIO(whole()), MAX_BYTES)] == [1, 2, 3, 4]


def test_takes_line_ends_of_another_system_and_a_last_line_without_one() -> None:
    assert read(whole().replace(b"\n", b"\r\n")) == list(WHOLE)
    assert read(whole().rstrip(b"\n")) == list(WHOLE)


def test_takes_a_time_of_any_zone() -> None:
    zone = timezone(timedelta(hours=-5))
    moved = Record("a", 3, b"1", values.JSON, "", AT.astimezone(zone), AT, AT)
    found = read(whole([HEADER, moved, End("ci", 1, 0, more=False)]))[1]
    assert isinstance(found, Record)
    assert (found.expires_at, found.expires_at and found.expires_at.tzinfo) == (AT, UTC)


def test_notices_wherever_a_file_was_cut() -> None:
    data = whole([*WHOLE[:-1], End("ci", 1, 1, more=True), *WHOLE])
    assert len(read(data)) == 8
    ends = [at for at, byte in enumerate(data, 1) if byte == ord("\n")]
    for length in {*range(0, len(data) - 1, 17), *ends[:-1], *(end - 1 for end in ends[:-1]), ends[-1] - 2}:
        fault(data[:length])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "line 1: the file ends before a header that was to come: it was cut short, or is no export"),
        (whole(WHOLE[:1]), "line 2: the file ends before the end of namespace ci: it was cut short"),
        (whole([*WHOLE[:3], End("ci", 1, 1, more=True)]),
         "line 5: the file ends before a header that was to come: it was cut short, or is no export"),
        (whole(WHOLE[1:]), f"line 1: it belongs to no namespace; {FIRST}"),
        (whole(WHOLE[3:]), f"line 1: it belongs to no namespace; {FIRST}"),
        (whole([*WHOLE, RECORD]), f"line 5: it belongs to no namespace; {FIRST}"),
        (whole([HEADER, HEADER]), "line 2: the end of namespace ci is missing before the next header"),
        (whole([HEADER, RECORD, WHOLE[3]]),
         f"line 3: the end is of {told(1, 1)}, and what came is {told(1, 0)}: lines are missing or added"),
        (whole([HEADER, CHANGE, CHANGE, WHOLE[3]]),
         f"line 4: the end is of {told(1, 1)}, and what came is {told(0, 2)}: lines are missing or added"),
        (whole([HEADER, End("cd", 0, 0, more=False)]),
         f"line 2: the end is of {told(0, 0, 'cd')}, and what came is {told(0, 0)}: lines are missing or added"),
        (whole([Header("CI", 7, 3)]),
         "line 1: 'CI' is no namespace; that is 1 to 64 of a-z 0-9 . _ -, first a letter or digit"),
        (b'{"kvstore": 2, "more": []}', "line 1: it begins an export of format 2; only format 1 is known"),
        (b'{"kvstore": "1"}', "line 1: it begins an export of format '1'; only format 1 is known"),
        (b'{"kvstore": true}', "line 1: Expected `int`, got `bool` - at `$.kvstore`"),
        (b'{"kvstore": 1}', "line 1: Object missing required field `namespace`"),
        (whole()[:1] + b"\n", "line 1: the line is not JSON: Input data was truncated"),
        (b"\n" + whole(), "line 1: the line is empty; it is JSON"),
        (whole() + b"\n", "line 5: the line is empty; it is JSON"),
        (b"[]\n", "line 1: it is not a JSON object"),
        (b'{"kvstore": 1, "namespace": "\xff"}\n', "line 1: the line is not JSON: 'utf-8' codec can't decode "),
        (b"\xef\xbb\xbf" + whole(), "line 1: the line is not JSON: "),
        (whole().decode().encode("utf-16-le"), "line 1: the line is not JSON: "),
    ],
)  # fmt: skip
def test_refuses_what_is_no_export_and_says_where(data: bytes, message: str) -> None:
    assert fault(data).startswith(message)


KEY = '"key": "a", "version": 3'
TIMED = '"expires_at": null, "created_at": "2026-11-28T01:02:03Z", "updated_at": "2026-11-28T01:02:03Z"'
PUT = '"op": "put", "key": "a", "version": 2, "revision": 5, "at": "2026-11-28T01:02:03Z"'


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (f"{KEY}, {TIMED}", "it has one of value and value_base64"),
        (f'{KEY}, {TIMED}, "value": 1, "value_base64": ""', "it has one of value and value_base64"),
        (f"{PUT}", "it has one of value and value_base64"),
        (f'{KEY}, {TIMED}, "value": 1, "x": 1', "Object contains unknown field `x`"),
        (f'{PUT}, "value": 1, "created_at": null', "Object contains unknown field `created_at`"),
        (f'{KEY}, "value": 1', "Object missing required field `expires_at`"),
        (f'"key": "a", {TIMED}, "value": 1', "Object missing required field `version`"),
        (f'"key": "a", "version": 0, {TIMED}, "value": 1', "Expected `int` >= 1 - at `$.version`"),
        (f'"key": "a", "version": 9223372036854775808, {TIMED}, "value": 1',
         "Expected `int` <= 9223372036854775807 - at `$.version`"),
        (f'"key": "a", "version": true, {TIMED}, "value": 1', "Expected `int`, got `bool` - at `$.version`"),
        (f'"key": "", "version": 1, {TIMED}, "value": 1', "the key is empty; it has 1 to 512 bytes of UTF-8"),
        (f'"key": "a\\n", "version": 1, {TIMED}, "value": 1', "the key has the control character U+000A at "),
        (f'{PUT}, "value": 1'.replace('"a"', '""'), "the key is empty; it has 1 to 512 bytes of UTF-8"),
        (f'{KEY}, {TIMED}, "value_base64": "YQ"', "the value_base64 is not base64: Incorrect padding"),
        (f'{KEY}, {TIMED}, "value_base64": null', "Expected `str`, got `null` - at `$.value_base64`"),
        (f'{KEY}, {TIMED}, "value_base64": "YQ==", "content_type": "application/json"',
         "the value is not JSON: JSON is malformed: invalid character (byte 0)"),
        (f'{KEY}, {TIMED}, "value": 1, "content_type": "text/plain"',
         "a value is JSON, and its type is 'text/plain'; other types go with value_base64"),
        (f'{KEY}, {TIMED}, "value": 1, "content_type": "application/json;\\n"',
         "'application/json;\\n' is no content type"),
        (f'{KEY}, {TIMED}, "value_base64": "", "content_type": ""', "'' is no content type"),
        (f'{KEY}, {TIMED}, "value": [1, {{"a": 1, "a": 1}}]', "the member a comes 2 times in one object"),
        (f'{KEY}, {TIMED}, "value": 1, "value": 1', "the member value comes 2 times in one object"),
        (f'{KEY}, {TIMED}, "value": {"[" * 101}{"]" * 101}', "the value is nested deeper than 100 levels"),
        (f'{KEY}, {TIMED}, "value": "{"x" * 999}"', "the value has 1001 bytes; at most 1000 are allowed"),
        (f'{KEY}, {TIMED}, "value": 1, "meta": null', "Expected `object`, got `null` - at `$.meta`"),
        (f'{KEY}, {TIMED}, "value": 1, "meta": {{"a": 1}}', "Expected `str`, got `int` - at `$.meta[...]`"),
        (f'{KEY}, {TIMED}, "value": 1, "meta": {{"A": "1"}}', "'A' is no name after X-Meta-; that is 1 to 64 of a-z"),
        (f'{KEY}, {TIMED}, "value": 1, "meta": {{"a": "\\r\\n"}}', "the value of X-Meta-a has U+000D at character 1"),
        (f'{KEY}, {TIMED}, "value": 1, "meta": {{"a": "{"x" * 1024}"}}', "the names after X-Meta- and their values "),
        (f'{KEY}, {TIMED}, "value": 1'.replace("03Z", "03"), "Expected `datetime` with a timezone component"),
        (f'{KEY}, {TIMED}, "value": 1'.replace("null", "5"), "Expected `datetime | null`, got `int` - at `$."),
        (f'{KEY}, {TIMED}, "value": 1'.replace("null", '"1969-12-31T23:59:59Z"'),
         "the time 1969-12-31T23:59:59+00:00 is not of the years 1970 to 9998"),
        (f'{KEY}, {TIMED}, "value": 1'.replace("2026", "9999", 1), "the time 9999-11-28T01:02:03+00:00 is not of"),
        (f'{PUT}, "value": 1'.replace("2026", "1969"), "the time 1969-11-28T01:02:03+00:00 is not of"),
        (f'{PUT}, "value": 1, "expires_at": "0001-01-01T00:00:00+23:59"', "the time 0001-01-01T00:00:00+23:59 is not "),
        (f'{PUT}, "value": 1'.replace("put", "touch"), "Invalid enum value 'touch' - at `$.op`"),
        (f'{PUT}, "value": 1, "by": null', "Expected `str`, got `null` - at `$.by`"),
        (f"{PUT}".replace('"revision": 5', '"revision": 0'), "Expected `int` >= 1 - at `$.revision`"),
        (f'{PUT}, "value": 1'.replace("put", "expire"), GONE),
        (f'{PUT}, "value_base64": ""'.replace("put", "expire"), GONE),
        (f'{PUT}, "content_type": "a/b"'.replace("put", "expire"), GONE),
        (f'{PUT}, "meta": {{}}'.replace("put", "expire"), GONE),
        (f'{PUT}, "expires_at": "2026-11-28T01:02:03Z"'.replace("put", "expire"), GONE),
        ('"end": "ci"', "Object missing required field `records`"),
        ('"end": "ci", "records": -1, "changes": 0, "more": false', "Expected `int` >= 0 - at `$.records`"),
        ('"end": "ci", "records": 0, "changes": 0, "more": 0', "Expected `bool`, got `int` - at `$.more`"),
    ],
)  # fmt: skip
def test_says_what_is_wrong_with_a_line(members: str, message: str) -> None:
    assert fault(exports.encode(HEADER) + f"{{{members}}}\n".encode()).startswith(f"line 2: {message}")


def test_takes_a_value_of_100_levels() -> None:
    deep = Record("a", 3, b"[" * 100 + b"]" * 100, values.JSON, "", None, AT, AT)
    assert read(whole([HEADER, deep, End("ci", 1, 0, more=False)]))[1] == deep


def test_refuses_whatever_else_is_nested_deep() -> None:
    # How deep a decoder goes depends on what called it.
    for levels in (101, 200, *range(850, 1001)):
        nested = b"[" * levels + b"]" * levels
        fault(b'{"kvstore": 1, "kvstore": %s}' % nested)
        fault(b'{"kvstore": %s}' % nested)
        fault(b'{"key": "a", "meta": %s}' % nested)


def test_takes_a_value_and_a_line_of_the_limit() -> None:
    key, meta = "\x20" * 512, metadata.text_of({"a": "\\" * 1023})
    most = Record(key, 2**63 - 1, b"\xff" * MAX_BYTES, "a/" + "b" * 253, meta, AT, AT, AT)
    assert len(exports.encode(most)) < LONGEST
    assert read(whole([HEADER, most, End("ci", 1, 0, more=False)]))[1] == most


def test_reads_no_more_than_the_longest_line() -> None:
    message = f"line 1: it has more than {LONGEST} bytes, too many for a value of {MAX_BYTES} bytes"

    class Endless(io.BytesIO):
        def readline(self, size: int | None = -1, /) -> bytes:
            assert size == LONGEST + 1
            return b"x" * size

    with pytest.raises(BadLine) as raised:
        next(exports.read(Endless(), MAX_BYTES))
    assert str(raised.value) == message
    assert fault(b" " * (LONGEST - 1) + b"\n") == "line 1: the line is empty; it is JSON"
    assert fault(b" " * LONGEST + b"\n") == message


@settings(deadline=None)
@given(st.binary() | st.text(string.printable).map(str.encode), st.sampled_from(range(4)), st.integers(0, 300))
def test_raises_nothing_else_for_any_bytes(data: bytes, line: int, at: int) -> None:
    lines = whole().splitlines(keepends=True)
    lines[line] = lines[line][:at] + data + lines[line][at:]
    for file in (data, b"".join(lines)):
        with suppress(BadLine):
            read(file)
