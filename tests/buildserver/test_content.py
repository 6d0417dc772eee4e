import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError
from rest_framework.test import APIClient

from buildserver.content import MAX_BODY_BYTES, MAX_DEPTH, decode

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values)
def test_reads_what_json_writes(value: object) -> None:
    assert decode(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the body is not JSON"),
        (b"{", "the body is not JSON"),
        (b"{} x", "the body is not JSON"),
        (b"NaN", "the body is not JSON"),
        (b"[-Infinity]", "the body is not JSON"),
        (b"1e400", "the body is not JSON"),
        (b'"\\ud800"', "the body is not JSON"),
        (b'"\xff"', "the body is not JSON"),
        (b'"\xed\xa0\x80"', "the body is not JSON"),
        (b"\xef\xbb\xbf{}", "the body is not JSON"),
        (b'"\x00"', "the body is not JSON"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "the body is nested deeper than 100 levels"),
        (b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1), "the body is nested deeper than 100 levels"),
        (b"[" * 10_000 + b"]" * 10_000, "the body is nested deeper than 100 levels"),
        (b"[" * 200_000, "the body is nested deeper than 100 levels"),
    ],
)
def test_refuses_what_is_not_strict_json(data: bytes, message: str) -> None:
    with pytest.raises(ParseError) as refused:
        decode(data)
    assert str(refused.value.detail).startswith(message)


def test_takes_a_hundred_levels_and_many_brackets_side_by_side() -> None:
    assert decode(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH) is not None
    assert decode(b"[" + b",".join([b"{}"] * 500) + b"]") == [{}] * 500


def test_keeps_integers_exact() -> None:
    assert decode(b"123456789012345678901234567890") == 123456789012345678901234567890


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "application/jsonx", ""])
def test_answers_415_to_another_type(kind: str, anonymous: APIClient) -> None:
    answer = anonymous.generic("POST", "/process", b'{"message": "hello"}', content_type=kind)
    assert (answer.status_code, answer.headers["Content-Type"]) == (415, "application/problem+json")


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_takes_json_however_its_type_is_written_and_whatever_is_accepted(kind: str, anonymous: APIClient) -> None:
    answer = anonymous.generic("POST", "/process", b'{"message": "hello"}', content_type=kind, HTTP_ACCEPT="text/html")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")


def test_answers_413_to_a_body_above_the_limit_of_its_route(anonymous: APIClient) -> None:
    body = json.dumps({"message": "x" * MAX_BODY_BYTES})
    answer = anonymous.post("/process", body, content_type="application/json")
    assert answer.status_code == 413
    assert answer.json()["detail"] == f"the body is larger than {MAX_BODY_BYTES} bytes"
