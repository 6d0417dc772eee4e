"""A page is one snapshot, found by the primary key, on each database; `test_against_model` has what is in it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from kvstore import store
from kvstore.keys import path_of
from kvstore.store import listing
from kvstore.store.listing import Wanted, page
from kvstore.store.transactions import commit
from kvstore.transactions import Delete, Put, Txn
from tests.kvstore.conftest import ALIAS
from tests.kvstore.store.asking import START, at_once, put

pytestmark = pytest.mark.usefixtures("records")


def fill(*keys: str, value: bytes = b"1") -> None:
    commit("default", Txn((), tuple(Put(key, value, "text/plain", None) for key in keys), ()), now=START)


def keys_of(found: listing.Page) -> list[str]:
    return [item.key for item in found.items]


def between_writes(monkeypatch: pytest.MonkeyPatch, write: Callable[[], Any], name: str) -> None:
    """Before the second question of a page, another connection writes."""
    ask, asked = getattr(listing, name), []

    def ask_late(*args: Any) -> Any:
        asked.append(args)
        if len(asked) == (1 if name == "with_values" else 2):
            (fault,) = at_once(write)
            assert not isinstance(fault, Exception)
        return ask(*args)

    monkeypatch.setattr(listing, name, ask_late)


def change_all() -> None:
    ops = (Put("a/3", b"new", "text/plain", None), Put("b", b"new", "text/plain", None), Delete("c"))
    commit("default", Txn((), ops, ()), now=START)


def test_a_page_of_several_questions_is_of_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    fill("a/1", "a/2", "b/1", "c")
    between_writes(monkeypatch, change_all, "between")
    found = page(Wanted("default", delimiter="/"), 10, START)
    assert (keys_of(found), found.prefixes, found.revision) == (["c"], ["a/", "b/"], 4)
    found = page(Wanted("default", delimiter="/"), 10, START)
    assert (keys_of(found), found.prefixes, found.revision) == (["b"], ["a/", "b/"], 7)


def test_values_are_of_the_moment_of_their_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    fill("b", "c")
    between_writes(monkeypatch, change_all, "with_values")
    found = page(Wanted("default", values=True), 10, START)
    assert [(item.key, item.value, item.version) for item in found.items] == [("b", b"1", 1), ("c", b"1", 1)]


def test_after_a_page_each_question_is_of_its_own_moment_again() -> None:
    page(Wanted("default"), 10, START)
    at_once(put)
    assert store.get(path_of("default", "k"), START).version == 1
    put()
    assert keys_of(page(Wanted("default"), 10, START)) == ["k"]


def test_a_page_that_fails_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    fill("a")

    def fail(*_args: Any) -> Any:
        raise RuntimeError("in the middle of a page")

    with monkeypatch.context() as patched:
        patched.setattr(listing, "entries", fail)
        with pytest.raises(RuntimeError, match="in the middle"):
            page(Wanted("default"), 10, START)
    assert not isinstance(at_once(put)[0], Exception)
    assert put().version == 2


def test_a_page_waits_for_no_writer() -> None:
    from kvstore.store.writing import writing  # noqa: PLC0415 - here alone

    fill("a")
    with writing("default", [], START):
        (found,) = at_once(lambda: page(Wanted("default"), 10, START))
    assert keys_of(found) == ["a"]


@pytest.mark.parametrize(
    ("wanted", "limit", "questions"),
    [
        (Wanted("default"), 100, 1),
        (Wanted("default", prefix="b/"), 100, 1),
        (Wanted("default", delimiter="/"), 100, 8),
        (Wanted("default", delimiter="/"), 1, 2),
        (Wanted("default", delimiter="/", after="a/"), 1, 2),
        (Wanted("default", places=["default/a/", "default/c/"]), 100, 2),
    ],
)
def test_looks_at_few_keys_however_many_there_are(
    wanted: Wanted, limit: int, questions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three prefixes of 300 keys each."""
    fill(*(f"{letter}/{number:03}" for letter in "abc" for number in range(300)))
    looked: list[int] = []
    between = listing.between

    def count(*args: Any) -> Any:
        found = between(*args)
        looked.append(len(found))
        return found

    monkeypatch.setattr(listing, "between", count)
    with CaptureQueriesContext(connections[ALIAS]):
        page(wanted, limit, START)
    assert len(looked) <= questions
    assert sum(looked) <= (2 * limit + 2 if not wanted.delimiter else 2 * questions)


def test_a_prefix_of_the_highest_characters_is_told_once() -> None:
    highest = "\U0010ffff"
    fill(highest, f"{highest}a", f"{highest}{highest}", f"{highest}{highest}z", "a")
    found = page(Wanted("default", delimiter=highest), 10, START)
    assert (keys_of(found), found.prefixes) == (["a"], [highest])
    found = page(Wanted("default", delimiter=highest), 1, START)
    assert found.last == "a"
    found = page(Wanted("default", delimiter=highest, after="a"), 1, START)
    assert (found.prefixes, found.last) == ([highest], None)


def test_characters_come_in_the_order_of_their_bytes_and_not_of_utf_16() -> None:
    keys = ["\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff"]
    fill(*reversed(keys))
    assert keys_of(page(Wanted("default"), 10, START)) == keys
    assert keys_of(page(Wanted("default", prefix="\ud7ff"), 10, START)) == ["\ud7ff"]
    assert keys_of(page(Wanted("default", prefix="\uffff"), 10, START)) == ["\uffff"]


def test_a_page_ends_before_more_than_8_mib_of_values_but_has_one() -> None:
    for number in range(3):
        fill(str(number), value=b"x" * (3 * 2**20))
    fill("large", value=b"x" * (9 * 2**20))
    fill("z")
    found = page(Wanted("default", values=True), 10, START)
    assert (keys_of(found), found.last) == (["0", "1"], "1")
    found = page(Wanted("default", after="2", values=True), 10, START)
    assert (keys_of(found), found.last) == (["large"], "large")
    found = page(Wanted("default", after="large", values=True), 10, START)
    assert (keys_of(found), found.last) == (["z"], None)
    assert len(keys_of(page(Wanted("default"), 10, START))) == 5
