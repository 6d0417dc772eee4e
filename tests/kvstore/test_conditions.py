"""Which versions a write may meet."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvstore import conditions
from kvstore.conditions import ALWAYS, BadETag, Condition

LAST = 2**63 - 1
NEVER = Condition(frozenset())
CONDITIONS = st.builds(Condition, st.frozensets(st.integers(0, 5)), st.booleans())
ABSENT = Condition(frozenset({0}))
PRESENT = Condition(frozenset({0}), negated=True)
MALFORMED = [
    "", " ", "\t", ",", ", ,\t", "7", "W/7", '"', '"7', '7"', '"7" "8"', '"7""8"', '"7"8', '7"8"', "*, *", '*, "7"',
    '"7", *', "**", '"a b"', '"\t"', '"\x00"', '"\x1f"', '"\x7f"', '"7"\n', '\n"7"', '"\u0100"', '"\ud800"', 'w/"7"',
    'W/ "7"', 'W"7"', "'7'", '"7"; "8"', "null", '"7",8', '\xa0"7"',
]  # fmt: skip


def some(*versions: int) -> Condition:
    return Condition(frozenset(versions))


def other(*versions: int) -> Condition:
    return Condition(frozenset(versions), negated=True)


@pytest.mark.parametrize(
    ("header", "condition"),
    [
        (None, ALWAYS),
        ('"7"', some(7)),
        (' \t"7"\t ', some(7)),
        ('"7","8"', some(7, 8)),
        ('"7" ,\t"8" , "7"', some(7, 8)),
        (',, "7", ,"8",,', some(7, 8)),
        ("*", PRESENT),
        (" *\t", PRESENT),
        ('W/"7"', NEVER),
        ('W/"7", "8"', some(8)),
        ('"abc"', NEVER),
        ('""', NEVER),
        ('"*"', NEVER),
        ('"abc", "7"', some(7)),
        ('"a,b", "7"', some(7)),
        ('"7,8"', NEVER),
        ('"\x80\xff"', NEVER),
        ('"0"', NEVER),
        ('"07"', NEVER),
        ('"-7"', NEVER),
        ('"7.0"', NEVER),
        ('"\xb2"', NEVER),
        (f'"{LAST}"', some(LAST)),
        (f'"{LAST + 1}"', NEVER),
        (f'"{"9" * 5000}"', NEVER),
    ],
)
def test_if_match_names_the_versions_that_may_be_there(header: str | None, condition: Condition) -> None:
    assert conditions.read_if_match(header) == condition


@pytest.mark.parametrize(
    ("header", "condition"),
    [
        (None, ALWAYS),
        ('"7"', other(7)),
        ('W/"7"', other(7)),
        ('"7", W/"8", "abc"', other(7, 8)),
        (', "7",', other(7)),
        ("*", ABSENT),
        ("\t* ", ABSENT),
        ('"abc"', ALWAYS),
        ('"*"', ALWAYS),
        ('"0"', ALWAYS),
    ],
)
def test_if_none_match_names_those_that_may_not(header: str | None, condition: Condition) -> None:
    assert conditions.read_if_none_match(header) == condition


@pytest.mark.parametrize("header", MALFORMED)
def test_refuses_what_is_no_list_of_etags_and_says_what_one_is(header: str) -> None:
    for name, read in (("If-Match", conditions.read_if_match), ("If-None-Match", conditions.read_if_none_match)):
        with pytest.raises(BadETag) as raised:
            read(header)
        right = 'it is a version in quotes, as in "7", several with commas, or *'
        assert str(raised.value) == f"{name} is {header!a}; {right}"


def test_shows_only_the_start_of_an_endless_header() -> None:
    with pytest.raises(BadETag, match=r"^If-Match is '7{64}\\u2026'; "):
        conditions.read_if_match("7" * 8000)


@pytest.mark.parametrize("header", [" " * 65_536 + "x", '"7" ' * 16_384, "," * 65_535 + "x", '"' + "a" * 65_536])
def test_does_not_go_back_over_a_header_that_is_longer_than_any(header: str) -> None:
    # Quadratic work on these would take minutes.
    with pytest.raises(BadETag):
        conditions.read_if_match(header)


def test_reads_as_many_versions_as_a_header_holds() -> None:
    assert conditions.read_if_match(",".join(f'"{version}"' for version in range(1, 2001))) == some(*range(1, 2001))


@pytest.mark.parametrize(
    ("condition", "holding"),
    [
        (conditions.of_version(7), {7}),
        (conditions.of_version(0), {0}),
        (some(7, 8), {7, 8}),
        (other(7), {0, 8, 9}),
        (ABSENT, {0}),
        (PRESENT, {7, 8, 9}),
        (ALWAYS, {0, 7, 8, 9}),
        (NEVER, set()),
    ],
)
def test_a_condition_holds_for_its_versions_alone(condition: Condition, holding: set[int]) -> None:
    assert {version for version in (0, 7, 8, 9) if condition.holds(version)} == holding


@settings(deadline=None)
@given(CONDITIONS, CONDITIONS)
def test_two_conditions_hold_together_where_both_do(one: Condition, two: Condition) -> None:
    for version in range(7):
        assert (one & two).holds(version) == (one.holds(version) and two.holds(version))


@pytest.mark.parametrize(
    ("header", "version", "has_it"),
    [
        (None, 7, False),
        ('"7"', 7, True),
        ('W/"7"', 7, True),
        ('"6", "7"', 7, True),
        ('"6"', 7, False),
        ('"abc"', 7, False),
        ("*", 7, True),
    ],
)
def test_a_reader_that_has_the_version_is_told_so(header: str | None, version: int, has_it: bool) -> None:
    assert conditions.not_modified(header, version) is has_it


@settings(deadline=None)
@given(st.integers(1, LAST))
def test_a_version_is_known_by_its_etag(version: int) -> None:
    tag = conditions.etag_of(version)
    assert conditions.read_if_match(tag) == conditions.of_version(version)
    assert conditions.not_modified(tag, version)
    assert conditions.not_modified(f"W/{tag}", version)


@settings(deadline=None)
@given(st.text() | st.text('"W/,* 07\t' + string.printable))
def test_raises_nothing_else_for_any_text(header: str) -> None:
    try:
        condition = conditions.read_if_match(header)
    except BadETag:
        with pytest.raises(BadETag):
            conditions.read_if_none_match(header)
    else:
        assert condition == PRESENT or not condition.negated
        assert not condition.holds(0)
