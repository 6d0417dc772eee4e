"""Changes come in the order of their revisions and none before the one below it, on each database."""

import threading
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connections

from kvstore import store
from kvstore.keys import path_of
from kvstore.store import changes, sweeping
from kvstore.store.transactions import commit
from kvstore.store.writing import writing
from kvstore.transactions import Put, Txn
from tests.kvstore.conftest import ALIAS
from tests.kvstore.store.asking import START, K, at_once, put
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("records")
OTHER = path_of("default", "other")


def revisions(since: int, limit: int = 1000) -> list[int]:
    """Of the changes after a revision."""
    return [change.revision for change in changes.since("default", since, limit=limit).items]


class Held:
    """A write that is not committed before it is let go, in a thread of its own."""

    def __init__(self) -> None:
        self._written, self._let_go = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._write)
        self._thread.start()
        assert self._written.wait(30)

    def _write(self) -> None:
        with writing("default", [K], START) as transaction:
            transaction.put([(K, store.Value(b"held", "text/plain"), None)])
            self._written.set()
            self._let_go.wait(30)
        connections.close_all()

    def let_go(self) -> None:
        self._let_go.set()
        self._thread.join()


def waits_for_a_lock() -> bool:
    """Whether a writer waits, where the database can tell."""
    if connections[ALIAS].vendor == "sqlite":
        return True
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'")
        return int(cursor.fetchone()[1]) > 0


def test_a_reader_that_resumes_never_sees_a_revision_without_the_one_before() -> None:
    """Revision 2 is taken and not committed; who wants 3 waits; the reader sees neither, then 2, then 3."""
    put(OTHER)
    begun, wrote = threading.Event(), threading.Event()

    def write_after() -> None:
        begun.set()
        assert put(OTHER).revision == 3
        wrote.set()
        connections.close_all()

    held = Held()
    after = threading.Thread(target=write_after)
    after.start()
    assert begun.wait(30)
    until(waits_for_a_lock)
    seen = changes.since("default", 1, limit=10)
    assert (seen.items, seen.revision, wrote.is_set()) == ([], 1, False)
    held.let_go()
    since, found = 1, []
    while since < 3:
        page = changes.since("default", since, limit=10)
        found += [change.revision for change in page.items]
        assert found == list(range(2, page.revision + 1))
        since = page.revision
    after.join()
    assert found == [2, 3]


def test_a_writer_that_gives_up_leaves_no_gap() -> None:
    put()

    def give_up() -> None:
        with writing("default", [K], START) as transaction:
            transaction.put([(K, store.Value(b"2", "text/plain"), None)])
            raise RuntimeError("given up")

    with pytest.raises(RuntimeError, match="given up"):
        give_up()
    assert put().revision == 2
    assert revisions(0) == [1, 2]


def test_a_reader_beside_writers_misses_nothing() -> None:
    stop = threading.Event()

    def write() -> None:
        for number in range(15):
            if number % 3:
                put(path_of("default", str(number)))
            else:
                commit("default", Txn((), tuple(Put(key, b"1", "text/plain", None) for key in "abc"), ()), now=START)

    def read(limit: int) -> list[int]:
        found: list[int] = []
        since = 0
        while not (stop.is_set() and changes.revision_of("default") == since):
            page = changes.since("default", since, limit=limit)
            assert page.revision >= since
            found += [change.revision for change in page.items]
            since = page.revision
        return found

    def write_all() -> None:
        results = at_once(write, write)
        stop.set()
        assert results == [None, None]

    every, some, _ = at_once(lambda: read(1000), lambda: read(2), write_all)
    assert every == some == list(range(1, 2 * (10 + 5 * 3) + 1))


def test_a_page_that_was_trimmed_while_it_was_read_is_not_told_as_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        put()
    later = START + timedelta(days=1)
    put(now=later)
    log = changes.log

    def log_trimmed(*args: Any) -> Any:
        list(sweeping.trim_by_age(later))
        return log(*args)

    monkeypatch.setattr(changes, "log", log_trimmed)
    with pytest.raises(store.Forgotten, match="since revision 1 are not all kept: the log begins after 3;"):
        revisions(1)
    assert revisions(3) == [4]


def test_a_change_that_comes_while_a_page_is_read_is_of_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    put()
    log = changes.log

    def log_late(*args: Any) -> Any:
        monkeypatch.setattr(changes, "log", log)
        assert at_once(put)[0].revision == 2
        return log(*args)

    monkeypatch.setattr(changes, "log", log_late)
    page = changes.since("default", 0, limit=10)
    assert ([change.revision for change in page.items], page.revision) == ([1], 1)
    assert revisions(page.revision) == [2]


def test_each_change_is_one_revision_above_the_one_before() -> None:
    put()
    commit("default", Txn((), tuple(Put(str(n % 7), b"1", "x/y", None) for n in range(1000)), ()), now=START)
    store.touch(K, 60, now=START)
    store.delete(K, now=START)
    found = revisions(0, 2000)
    assert found[0] == 1
    assert all(after == before + 1 for before, after in pairwise(found))
    assert len(found) == 1003


def test_tells_of_the_namespace_alone() -> None:
    put()
    put(path_of("default-", "k"))
    put(path_of("other", "k"))
    assert [change.key for change in changes.since("default", 0, limit=10).items] == ["k"]
    assert changes.revision_of("nothing") == 0
