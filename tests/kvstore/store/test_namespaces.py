"""Namespaces beside writers that are at work, on each database; `test_against_model` has what is done alone."""

import threading
from typing import Any

import pytest
from django.db import connections

from kvstore import store
from kvstore.keys import path_of
from kvstore.models import Namespace, Record
from kvstore.store import changes, namespaces
from kvstore.store.transactions import commit
from kvstore.store.writing import Writing, writing
from kvstore.transactions import Put, Txn
from tests.kvstore.store.asking import START, K, absent, at_once, put

pytestmark = pytest.mark.usefixtures("records")


def test_a_write_that_comes_while_its_namespace_is_deleted_is_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deletion has looked at what is there and is not committed; the write waits, and is there at the end."""
    for _ in range(3):
        put()
    put(path_of("default", "other"))
    deleting, let_go = threading.Event(), threading.Event()
    close = Writing.close

    def close_late(self: Writing) -> None:
        if threading.current_thread() is deletion:
            deleting.set()
            let_go.wait(30)
        close(self)

    monkeypatch.setattr(Writing, "close", close_late)
    told: list[int] = []

    def delete() -> None:
        told.append(namespaces.delete("default", now=START))
        connections.close_all()

    def write() -> None:
        begun.set()
        put(path_of("default", "new"), b"12345")
        connections.close_all()

    begun = threading.Event()
    deletion, writer = threading.Thread(target=delete), threading.Thread(target=write)
    deletion.start()
    assert deleting.wait(30)
    writer.start()
    assert begun.wait(30)
    let_go.set()
    deletion.join()
    writer.join()
    assert told == [6]
    row = store.get(path_of("default", "new"), START)
    assert (row.version, row.revision) == (4, 7)
    (size,) = namespaces.sizes(10)[0]
    assert (size.keys, size.size_bytes, size.revision) == (1, 5, 7)
    absent()


def test_a_deletion_that_waits_for_a_write_takes_it_along() -> None:
    put()
    with writing("default", [K], START) as transaction:
        transaction.put([(path_of("default", "new"), store.Value(b"1", "text/plain"), None)])
        begun = threading.Event()
        told: list[Any] = []

        def delete() -> None:
            begun.set()
            told.append(namespaces.delete("default", now=START))
            connections.close_all()

        deletion = threading.Thread(target=delete)
        deletion.start()
        assert begun.wait(30)
    deletion.join()
    assert told == [4]
    assert absent(path_of("default", "new")) == 0
    assert not Record.objects.exists()


def test_writers_and_deletions_at_once_leave_right_counts() -> None:
    def write(letter: str) -> None:
        for number in range(12):
            put(path_of("default", f"{letter}{number % 4}"), b"x" * number)

    def delete() -> int:
        done = 0
        for _ in range(4):
            try:
                namespaces.delete("default", now=START)
                done += 1
            except store.NoNamespace:
                continue
        return done

    results = at_once(lambda: write("a"), lambda: write("b"), delete)
    assert results[:2] == [None, None]
    there = list(Record.objects.filter(deleted=False).values_list("path", "size_bytes"))
    head = Namespace.objects.get(name="default")
    assert (head.key_count, head.byte_count) == (len(there), sum(size_bytes for _, size_bytes in there))
    found = changes.since("default", 0, limit=1000)
    assert [change.revision for change in found.items] == list(range(1, head.revision + 1))
    puts = [(change.key, change.version) for change in found.items if change.op == "put"]
    assert len(set(puts)) == len(puts) == 24


def test_a_large_namespace_is_deleted_at_once() -> None:
    for start in range(0, 3000, 1000):
        ops = tuple(Put(str(number), b"1", "text/plain", None) for number in range(start, start + 1000))
        commit("default", Txn((), ops, ()), now=START)
    assert namespaces.delete("default", now=START) == 6000
    assert len(changes.since("default", 3000, limit=5000).items) == 3000


def test_of_two_deletions_at_once_one_is_told_that_there_is_nothing() -> None:
    put()
    one, other = sorted(at_once(*[lambda: namespaces.delete("default", now=START)] * 2), key=str)
    assert one == 2
    assert isinstance(other, store.NoNamespace)


def test_those_asked_for_by_name_are_listed_and_no_others() -> None:
    for name in ("a", "b", "c"):
        put(path_of(name, "k"))
    found, more = namespaces.sizes(1, names={"b", "c", "d"})
    assert ([size.name for size in found], more) == (["b"], True)
    assert namespaces.sizes(10, names=set()) == ([], False)
