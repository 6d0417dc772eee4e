"""Where lists go on."""

import base64
import re
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvstore import cursors, keys
from kvstore.cursors import BadCursor, Listing

LAST = 2**63 - 1
KEYS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=128)
LIST = Listing("team-a", "ci/", "/")
PATH = keys.path_of("team-a", "ci/x")
READERS: list[Callable[[str], object]] = [
    lambda cursor: cursors.read_after(LIST, cursor),
    lambda cursor: cursors.read_before(PATH, cursor),
    cursors.read_namespace,
]


@settings(deadline=None)
@given(KEYS, st.integers(0, 128), st.sampled_from(["", "/", "é"]))
def test_a_list_goes_on_where_it_was(key: str, cut: int, delimiter: str) -> None:
    listing = Listing("team-a", key[:cut], delimiter)
    cursor = cursors.after(listing, key)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", cursor)
    assert cursors.read_after(listing, cursor) == key


@settings(deadline=None)
@given(st.integers(1, LAST))
def test_a_history_goes_on_where_it_was(revision: int) -> None:
    cursor = cursors.before(PATH, revision)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", cursor)
    assert cursors.read_before(PATH, cursor) == revision


@settings(deadline=None)
@given(st.from_regex(keys.NAMESPACE, fullmatch=True))
def test_a_list_of_namespaces_goes_on_where_it_was(name: str) -> None:
    cursor = cursors.after_namespace(name)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", cursor)
    assert cursors.read_namespace(cursor) == name


@pytest.mark.parametrize("reader", READERS)
def test_an_empty_cursor_is_the_beginning(reader: Callable[[str], object]) -> None:
    assert reader("") is None


def test_stays_short_for_the_longest_key_and_prefix() -> None:
    key = "é" * 256
    assert len(cursors.after(Listing("n" * 64, key, key), key)) == 691
    assert len(cursors.before(keys.path_of("n" * 64, key), LAST)) == 19


@pytest.mark.parametrize(
    "other",
    [
        Listing("team-b", "ci/", "/"),
        Listing("team-a", "ci", "/"),
        Listing("team-a", "", "/"),
        Listing("team-a", "ci/", ""),
        Listing("team-a", "ci/", "x"),
        Listing("team-a", "ci//", ""),
    ],
)
def test_refuses_a_cursor_of_another_list_of_keys(other: Listing) -> None:
    cursor = cursors.after(LIST, "ci//x")
    assert cursors.read_after(LIST, cursor)
    with pytest.raises(BadCursor):
        cursors.read_after(other, cursor)


@pytest.mark.parametrize("path", ["team-a/ci/y", "team-b/ci/x", "team-a/ci/x "])
def test_refuses_a_cursor_of_the_history_of_another_key(path: str) -> None:
    with pytest.raises(BadCursor):
        cursors.read_before(keys.Path(path), cursors.before(PATH, 7))


GIVEN = [cursors.after(LIST, "ci/x"), cursors.before(PATH, 7), cursors.after_namespace("team-a")]


@pytest.mark.parametrize("reader", range(3))
@pytest.mark.parametrize("cursor", range(3))
def test_takes_the_cursors_of_its_own_kind_alone(reader: int, cursor: int) -> None:
    if reader == cursor:
        assert READERS[reader](GIVEN[cursor])
    else:
        with pytest.raises(BadCursor):
            READERS[reader](GIVEN[cursor])


def test_says_what_would_be_right() -> None:
    right = "send it with the same namespace, key, prefix and delimiter, or begin without one"
    with pytest.raises(
        BadCursor, match=rf"^the cursor of 3 characters is not one that `next` gave for this list; {right}$"
    ):
        cursors.read_namespace("abc")


@pytest.mark.parametrize("reader", range(3))
@pytest.mark.parametrize(
    "spoil",
    [
        lambda cursor: cursor + "=",
        lambda cursor: cursor + "\n",
        lambda cursor: " " + cursor,
        lambda cursor: cursor + "é",
        lambda cursor: cursor + "\ud800",
        lambda cursor: "+/" + cursor[2:],
        lambda cursor: cursor[1:],
        lambda cursor: cursor[:8],
        lambda cursor: cursor[:5],
        lambda cursor: cursor * 600,
    ],
)
def test_refuses_what_was_never_given_as_one(reader: int, spoil: Callable[[str], str]) -> None:
    with pytest.raises(BadCursor):
        READERS[reader](spoil(GIVEN[reader]))


def test_one_place_has_one_cursor() -> None:
    cursor = cursors.before(PATH, 7)
    twin = cursor[:-1] + chr(ord(cursor[-1]) + 1)
    assert base64.urlsafe_b64decode(cursor + "=") == base64.urlsafe_b64decode(twin + "=")
    with pytest.raises(BadCursor):
        cursors.read_before(PATH, twin)


@pytest.mark.parametrize(
    "data", [b"", b"k", b"p", b"xci/x", b"kci/\0", b"kci/\xff", b"kCI/x", b"kci/" + b"x" * 510, b"kci/\xed\xa0\x80"]
)
def test_leads_to_no_place_that_no_key_has(data: bytes) -> None:
    with pytest.raises(BadCursor):
        cursors.read_after(LIST, cursors.encode(LIST, data))


@pytest.mark.parametrize("data", [b"", b"\1", bytes(8), b"\x80" + bytes(7), b"\xff" * 8, bytes(8) + b"\1"])
def test_leads_to_no_revision_that_there_cannot_be(data: bytes) -> None:
    with pytest.raises(BadCursor):
        cursors.read_before(PATH, cursors.encode(("history", PATH), data))


@pytest.mark.parametrize("data", [b"", b"A", b"a/b", b"\xff", b"n" * 65])
def test_leads_to_no_namespace_that_there_cannot_be(data: bytes) -> None:
    with pytest.raises(BadCursor):
        cursors.read_namespace(cursors.encode(("namespaces",), data))


@settings(deadline=None)
@given(st.text() | st.from_regex(cursors.SHAPE, fullmatch=True), st.binary())
def test_raises_nothing_else_for_any_text(cursor: str, data: bytes) -> None:
    for sent in (cursor, cursors.encode(LIST, data), cursors.encode(("history", PATH), data)):
        for reader in READERS:
            with suppress(BadCursor):
                reader(sent)
