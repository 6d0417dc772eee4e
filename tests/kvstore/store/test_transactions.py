"""A txn is serializable, and as cheap as its values, on each database; `test_against_model` has what it does."""

import pytest

from kvstore import store
from kvstore.keys import path_of
from kvstore.store.transactions import commit
from kvstore.transactions import Compare, Delete, Get, Op, Put, Txn
from tests.kvstore.store.asking import START, at_once

pytestmark = pytest.mark.usefixtures("records")


def put(key: str, value: int) -> Put:
    return Put(key, b"%d" % value, "text/plain", None)


def value_of(key: str) -> tuple[int, int]:
    """The number under a key, and its version; 0 and 0 where there is none."""
    try:
        row = store.get(path_of("default", key), START)
    except store.Absent:
        return 0, 0
    return int(row.value), row.version


def done(*ops: Op, compare: tuple[Compare, ...] = ()) -> bool:
    return commit("default", Txn(compare, ops, ()), now=START).succeeded


def test_counters_that_are_raised_at_once_lose_nothing() -> None:
    def raise_counter() -> int:
        tries = 0
        for _ in range(8):
            while True:
                tries += 1
                value, version = value_of("counter")
                if done(put("counter", value + 1), put("last", value), compare=(Compare("counter", version),)):
                    break
        return tries

    tries = at_once(raise_counter, raise_counter, raise_counter)
    assert all(isinstance(one, int) for one in tries), tries
    assert value_of("counter") == (24, 24)
    assert value_of("last") == (23, 24)


def test_what_is_moved_between_keys_is_neither_lost_nor_doubled() -> None:
    """Each reader sees the same sum, whatever writers do meanwhile."""
    done(*(put(key, 10) for key in "abc"))

    def move(here: str, there: str) -> None:
        for _ in range(8):
            while True:
                (one, version), (other, other_version) = value_of(here), value_of(there)
                compare = (Compare(here, version), Compare(there, other_version))
                if done(put(here, one - 1), put(there, other + 1), compare=compare):
                    break

    def read() -> set[int]:
        sums = set()
        for _ in range(20):
            found = commit("default", Txn((), tuple(Get(key) for key in "abc"), ()), now=START).results
            sums.add(sum(int(got.row.value) for got in found if got.row))  # type: ignore[union-attr]
        return sums

    moved = at_once(lambda: move("a", "b"), lambda: move("b", "c"), read)
    assert moved == [None, None, {30}]


def test_of_txns_that_want_the_same_keys_in_another_order_each_is_done() -> None:
    def write(keys: str) -> None:
        for number in range(10):
            assert done(*(put(key, number) for key in keys))

    assert at_once(lambda: write("abcde"), lambda: write("edcba"), lambda: write("cabed")) == [None] * 3
    assert [value_of(key)[1] for key in "abcde"] == [30] * 5


def test_large_values_that_are_escaped_fit_into_the_statements() -> None:
    """Each byte of a value takes two in a statement of MariaDB."""
    ops = tuple(Put(str(number), b"\0" * 2**20, "text/plain", None) for number in range(16))
    assert len(commit("default", Txn((), ops, ()), now=START).results) == 16
    assert store.get(path_of("default", "15"), START).value == b"\0" * 2**20


def test_a_thousand_operations_that_undo_one_another_are_all_told() -> None:
    ops = tuple(op for _ in range(250) for op in (put("a", 1), Get("a"), Delete("a"), Get("a")))
    outcome = commit("default", Txn((), ops, ()), now=START)
    assert outcome.revision == 500
    assert [getattr(result, "row", result) is None for result in outcome.results] == [False, False, False, True] * 250
