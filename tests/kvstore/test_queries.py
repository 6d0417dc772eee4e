"""Numbers in URLs."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvstore import queries
from kvstore.queries import BadNumber

LAST = 2**63 - 1


@pytest.mark.parametrize(
    ("text", "ttl_s"),
    [(None, None), ("", None), ("60", 60), ("0.5", 0.5), ("007", 7), ("315360000", 315_360_000), ("0.000001", 1e-6)],
)
def test_reads_seconds(text: str | None, ttl_s: float | None) -> None:
    assert queries.read_ttl(text) == ttl_s


@pytest.mark.parametrize(
    "text",
    ["0", "0.0", "-1", "+1", " 1", "1 ", "1\n", "1e3", "1E3", ".5", "5.", "1,5", "1_000", "nan", "NaN", "inf",
     "Infinity", "0x10", "true", "null", "٣", "²", "\ud800", "315360000.1", "315360001", "9" * 8000,
     "0." + "0" * 400 + "1"],
)  # fmt: skip
def test_refuses_what_is_no_time_to_live_and_says_what_one_is(text: str) -> None:
    what = ascii(text if len(text) < 65 else f"{text[:64]}…")
    right = "it is a number of seconds such as 60 or 0.5, above 0 and at most 315360000"
    with pytest.raises(BadNumber) as raised:
        queries.read_ttl(text)
    assert str(raised.value) == f"ttl is {what}; {right}"


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("1", 1, 1000), ("1000", 1, 1000), ("0", 0, 60), ("0007", 1, 9), (str(LAST), 0, LAST), ("0" * 18 + "1", 0, LAST)],
)
def test_reads_an_integer_of_the_range(text: str, low: int, high: int) -> None:
    assert queries.read_integer("limit", text, low, high) == int(text)


@pytest.mark.parametrize(
    "text",
    ["", "0", "1001", "-1", "+1", "1.0", "1e2", " 1", "1 ", "1\n", "1_0", "٣", "²", "0x1", "ten", "\ud800", "9" * 8000,
     "0" * 19 + "1"],
)  # fmt: skip
def test_refuses_what_is_no_integer_of_the_range_and_says_what_one_is(text: str) -> None:
    what = ascii(text if len(text) < 65 else f"{text[:64]}…")
    with pytest.raises(BadNumber) as raised:
        queries.read_integer("limit", text, 1, 1000)
    assert str(raised.value) == f"limit is {what}; it is an integer, 1 to 1000"


@settings(deadline=None)
@given(st.text() | st.text("0123456789.-+e"))
def test_raises_nothing_else_for_any_text(text: str) -> None:
    with suppress(BadNumber):
        queries.read_ttl(text)
    with suppress(BadNumber):
        assert 0 <= queries.read_integer("since", text, 0, LAST) <= LAST


@settings(deadline=None)
@given(st.floats(1e-4, 315_360_000), st.integers(0, LAST))
def test_reads_whatever_python_writes_in_digits(ttl_s: float, number: int) -> None:
    assert queries.read_ttl(f"{ttl_s:.20f}") == ttl_s
    assert queries.read_integer("since", str(number), 0, LAST) == number
