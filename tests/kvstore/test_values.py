"""What a value may be."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvstore import values
from kvstore.values import NotJSON


def test_takes_a_value_of_the_limit_and_refuses_one_above() -> None:
    values.check_size(b"12345", 5)
    with pytest.raises(values.ValueTooLarge, match=r"^the value has 6 bytes; at most 5 are allowed$"):
        values.check_size(b"123456", 5)


@pytest.mark.parametrize(
    ("content_type", "is_json"),
    [("application/json", True), ("Application/JSON ; charset=utf-8", True), ("application/jsonl", False), ("", False),
     ("text/plain", False), ("application/problem+json", False)],
)  # fmt: skip
def test_knows_the_type_of_json(content_type: str, is_json: bool) -> None:
    assert values.is_json(content_type) is is_json


@pytest.mark.parametrize(
    "value",
    [
        b"1",
        b" [1,\r\n 2]\t\n",
        b"123456789012345678901234567890",
        b"9" * 4300,
        b"[" * 100 + b"]" * 100,
        b'[{"a": 1}, {"a": {"a": 1}}]',
    ],
)
def test_takes_json_of_100_levels_with_blanks_around_it(value: bytes) -> None:
    values.check_json(value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"", "the value is empty; it is JSON"),
        (b" \n", "the value is empty; it is JSON"),
        (b"{", "the value is not JSON: Input data was truncated"),
        (b"NaN", "the value is not JSON: "),
        (b"1e309", "the value is not JSON: "),
        (b"9" * 4301, "the value is not JSON: Integer value out of range"),
        (b"1 2", "the value is not JSON: "),
        (b'"\\ud800"', "the value is not JSON: "),
        (b"[" * 101 + b"]" * 101, "the value is nested deeper than 100 levels"),
        (b"[" * 200_000, "the value is nested deeper than 100 levels"),
        (b'[{"a": 1, "a": 2}]', "the value is not JSON that is taken: the member a comes 2 times in one object"),
    ],
)
def test_refuses_a_value_that_save_would_not_take(value: bytes, message: str) -> None:
    with pytest.raises(NotJSON) as raised:
        values.check_json(value)
    assert str(raised.value).startswith(message)


def test_refuses_a_value_that_is_too_deep_where_the_last_of_a_name_hides_it() -> None:
    for levels in range(800, 1001):
        with pytest.raises(NotJSON):
            values.check_json(b'{"a": ' + b"[" * levels + b"]" * levels + b', "a": 1}')


@settings(deadline=None)
@given(st.binary())
def test_raises_nothing_else_for_any_bytes(value: bytes) -> None:
    with suppress(NotJSON):
        values.check_json(value)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b'{"a": 1, "b": [1, {"a": 2}]}', []),
        (b'[{}, [], "", {"a": {}, "b": []}]', []),
        (b'{"a": 1, "a": 2, "b": 1, "b": 2, "b": 3}', [(("a",), "a", 2), (("b",), "b", 3)]),
        (b'[0, {"x": [[], {"y": 1, "y": 2}]}]', [((1, "x", 1, "y"), "y", 2)]),
        (b'{"x": {"y": 1, "y": 2}, "a": 1, "a": 2}', [(("a",), "a", 2), (("x", "y"), "y", 2)]),
        (b'{"a": {"b": 1, "b": 2}, "a": {}}', [(("a",), "a", 2), (("a", "b"), "b", 2)]),
    ],
)
def test_tells_where_a_member_comes_twice(data: bytes, found: list[tuple[tuple[str | int, ...], str, int]]) -> None:
    assert list(values.repeated(data)) == found


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/vnd.a+json", 'text/plain; charset="utf-8"', "a/b;", "a/b \t; c=d;;", "a/" + "b" * 253],
)
def test_takes_a_content_type_that_can_go_out_as_it_came(content_type: str) -> None:
    assert values.content_type_fault(content_type) is None


@pytest.mark.parametrize(
    "content_type",
    ["", "text", "text/", "/plain", "text/plain\n", "text/plain;\r\nX: y", "text/plain; a=\xe9", "text plain/a", " a/b",
     "a/b c", "a/b;\0", "a/b/c", "a/" + "b" * 254],
)  # fmt: skip
def test_refuses_a_content_type_that_could_not(content_type: str) -> None:
    what = ascii(content_type if len(content_type) < 65 else content_type[:64] + "\u2026")
    right = "it is type/subtype, in ASCII, of at most 255 characters"
    assert values.content_type_fault(content_type) == f"{what} is no content type; {right}"


@pytest.mark.parametrize("content_type", [None, 1, ["text/plain"], b"text/plain"])
def test_a_content_type_is_text(content_type: object) -> None:
    assert values.content_type_fault(content_type) == "the content type is not a string"


def test_a_value_is_checked_by_its_type_and_size() -> None:
    values.check(b"{", "text/plain", 1)
    values.check(b"1", values.JSON, 1)
    for value, content_type, fault in [
        (b"{", values.JSON, values.NotJSON), (b"11", values.JSON, values.ValueTooLarge), (b"1", "text", values.BadType),
    ]:  # fmt: skip
        with pytest.raises(fault):
            values.check(value, content_type, 1)
