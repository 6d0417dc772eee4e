import posixpath
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assets import names

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
# Text in which what the rules are about is likely.
PARTS = ["a", "b", "/", ".", ".buildserver", "\\", "\x00", "\n", "é", "\x9f", " ", "~"]
TRICKY = st.lists(st.sampled_from(PARTS), max_size=8).map("".join)
LIKELY = TRICKY | TEXT


def is_name(text: str) -> bool:
    try:
        names.check(text)
    except names.BadName:
        return False
    return True


USUAL = ["a", "a/b/c", "ci-main-3233", "x.tar.gz", "ä/ö", "a b", "a\\b"]
DOTS = ["...", ".a", "a..", ".buildserver2", "a/.buildserver"]
LONG = ["s" * 200, "/".join(["s" * 200] * 5) + "/" + "s" * 19, "é" * 100]


@pytest.mark.parametrize("name", [*USUAL, *DOTS, *LONG])
def test_takes_names_as_builds_have_them(name: str) -> None:
    names.check(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "the name has 0 bytes of UTF-8; 1 to 1024 are taken"),
        ("/".join(["s" * 200] * 5) + "/" + "s" * 20, "the name has 1025 bytes of UTF-8; 1 to 1024 are taken"),
        ("s" * 201, "segment 1 of the name has 201 bytes; 1 to 200 are taken"),
        ("a/" + "é" * 101, "segment 2 of the name has 202 bytes; 1 to 200 are taken"),
        ("/a", "segment 1 of the name is empty; single slashes stand between segments, none at an end"),
        ("a/", "segment 2 of the name is empty"),
        ("a//b", "segment 2 of the name is empty"),
        ("a/../b", "segment 2 of the name is '..'; write the name without it"),
        ("./a", "segment 1 of the name is '.'; write the name without it"),
        ("a\nb", "the name has the control character U+000A at 2; none is taken"),
        ("ab\x85", "the name has the control character U+0085 at 3; none is taken"),
        (".buildserver/staging/x", r"names below .buildserver/ are the store's own; begin with another segment"),
        (".buildserver", "names below .buildserver/ are the store's own"),
        ("a\ud800", "the name is not text that UTF-8 can express: a lone surrogate at 2"),
    ],
)
def test_says_what_is_wrong_with_a_name(name: str, message: str) -> None:
    with pytest.raises(names.BadName, match=re.escape(message)):
        names.check(name)


def test_counts_the_store_s_prefix_into_the_length() -> None:
    name = "/".join(["s" * 200] * 5)
    names.check(name, prefix_bytes=20)
    with pytest.raises(names.BadName, match="the name has 1004 bytes of UTF-8; 1 to 1003 are taken"):
        names.check(name, prefix_bytes=21)


@given(LIKELY)
@example("a/../../b")
@example("..")
def test_no_name_leaves_its_directory(text: str) -> None:
    if is_name(text):
        assert posixpath.normpath(posixpath.join("/root", text)) == f"/root/{text}"
        assert not text.startswith((".buildserver/", "/"))


@given(LIKELY)
def test_the_pattern_of_the_document_says_the_same_as_the_check(text: str) -> None:
    # Python's $ stands before a last newline too, that of OpenAPI does not.
    assert (re.search(names.PATTERN.replace("$", r"\Z"), text) is not None) == is_name(text)


@given(LIKELY)
def test_parents_are_the_names_above(text: str) -> None:
    if is_name(text):
        above = names.parents(text)
        assert all(is_name(parent) and text.startswith(f"{parent}/") for parent in above)
        assert len(above) == text.count("/")


@given(TEXT, TEXT)
@example("a\ud7ff", "a\ue000")
@example("\U0010ffff", "\U0010ffffb")
@example("a\U0010ffff", "b")
def test_what_begins_with_a_prefix_lies_between_it_and_its_end_in_byte_order(prefix: str, rest: str) -> None:
    for text in (rest, prefix + rest):
        end = names.end_of(prefix)
        inside = prefix.encode() <= text.encode() and (end is None or text.encode() < end.encode())
        assert inside == text.startswith(prefix)


SHORT = st.text(st.sampled_from("ab/"), max_size=4)


@given(SHORT, st.none() | st.lists(SHORT, max_size=3), SHORT)
def test_a_narrowed_list_has_what_is_below_the_prefix_and_below_a_place(
    prefix: str, places: list[str] | None, name: str
) -> None:
    allowed = places is None or any(name.startswith(place) for place in places)
    found = [one for one in names.narrowed(prefix, places) if name.startswith(one)]
    assert len(found) == (1 if name.startswith(prefix) and allowed else 0)
