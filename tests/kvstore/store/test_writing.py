"""A write is one transaction under the namespace's lock, in few statements, the same on each database."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connections, transaction
from django.test.utils import CaptureQueriesContext

from kvstore import conditions, store, transactions
from kvstore.backends.writers import make
from kvstore.keys import path_of
from kvstore.store import transactions as store_transactions
from kvstore.store.sweeping import forget_cached
from kvstore.store.writing import writing
from tests.kvstore.conftest import ALIAS
from tests.kvstore.store.asking import START, K, at_once, impatient, put

pytestmark = pytest.mark.usefixtures("records")


HEAD = "SELECT revision, version_floor, forgotten_revision,"
LOG = "INSERT INTO kvstore_change"
COUNT = "UPDATE kvstore_namespace SET"
UPSERT = "INSERT INTO kvstore_record"
UPDATE = "UPDATE kvstore_record SET"
AFTER = "SELECT version, replaced_bytes, size_bytes, content_type,"
OTHER = path_of("default", "other")
PUTS = tuple(transactions.Put(str(number), b"1", "text/plain", None) for number in range(100))
GETS = tuple(transactions.Get(str(number)) for number in range(100))
COMPARED = tuple(transactions.Compare(str(number), 0) for number in range(100))
ETAGS = conditions.read_if_match('"1", "7"')
EXPECTED = {
    "a new key": (lambda: put(K), [HEAD, UPSERT, LOG, COUNT]),
    "a key that is there": (lambda: put(OTHER), [HEAD, UPSERT, LOG, COUNT]),
    "only where it is absent": (lambda: put(K, version=0), [HEAD, UPSERT, LOG, COUNT]),
    "over a version": (lambda: put(OTHER, version=1), [HEAD, UPDATE, AFTER, LOG, COUNT]),
    "over one of several": (lambda: put_if(ETAGS), [HEAD, UPDATE, AFTER, LOG, COUNT]),
    "but for a version": (
        lambda: put_if(conditions.read_if_none_match('"7"')),
        [HEAD, UPDATE, AFTER, LOG, COUNT],
    ),
    "a deletion": (lambda: store.delete(OTHER, now=START), [HEAD, UPDATE, AFTER, LOG, COUNT]),
    "a conditional deletion": (
        lambda: store.delete(OTHER, condition=ETAGS, now=START),
        [HEAD, UPDATE, AFTER, LOG, COUNT],
    ),
    "a touch": (lambda: store.touch(OTHER, 60, now=START), [HEAD, UPDATE, AFTER, LOG, COUNT]),
    "100 puts": (lambda: commit(success=PUTS), [HEAD, UPSERT, LOG, COUNT]),
    "100 puts where 100 are absent": (
        lambda: commit(compare=COMPARED, success=PUTS),
        [HEAD, "SELECT path, version FROM kvstore_record", UPSERT, LOG, COUNT],
    ),
    "100 gets": (
        lambda: commit(success=GETS),
        [HEAD, "SELECT path, size_bytes FROM kvstore_record", "SELECT path, value, content_type,"],
    ),
}


def put_if(condition: conditions.Condition) -> None:
    store.put(OTHER, store.Value(b"1", "text/plain"), condition=condition, now=START)


def commit(**branches: Any) -> transactions.Txn:
    txn = transactions.Txn(**({"compare": (), "success": (), "failure": ()} | branches))
    assert store_transactions.commit("default", txn, now=START).succeeded
    return txn


@pytest.mark.parametrize("what", EXPECTED)
def test_a_write_is_one_statement_for_the_record_with_no_read_before_it(what: str, records: str) -> None:
    """The namespace's row is read to lock it; what was there is asked for after the change."""
    write, expected = EXPECTED[what]
    put(OTHER)
    with CaptureQueriesContext(connections[ALIAS]) as queries:
        write()
    asked = [" ".join(query["sql"].split()) for query in queries]
    asked = [one for one in asked if one.split()[0] not in ("BEGIN", "COMMIT")]
    assert [one[: len(start)] for one, start in zip(asked, expected, strict=True)] == expected
    assert [("FOR UPDATE" in one) for one in asked] == [records == "mariadb", *[False] * (len(asked) - 1)]


@pytest.mark.parametrize("what", EXPECTED)
def test_where_nobody_looks_on_the_same_statements_are_carried_out(what: str, records: str) -> None:
    write, expected = EXPECTED[what]
    put(OTHER)
    with counted(records) as count:
        write()
    assert count() == len(expected) + 2  # the transaction's begin and end


@contextmanager
def counted(records: str) -> Iterator[Callable[[], int]]:
    """How many statements the driver sends meanwhile, without Django's knowledge."""
    connection = connections[ALIAS]
    if records == "sqlite":
        seen: list[str] = []
        ours = [connection.connection, make(connection).connection.connection]
        for one in ours:
            one.set_trace_callback(seen.append)
        yield lambda: len([one for one in seen if not one.startswith("--")])
        for one in ours:
            one.set_trace_callback(None)
        return

    def questions() -> int:
        cursor = connection.connection.cursor()
        cursor.execute("SHOW SESSION STATUS LIKE 'Questions'")
        return int(cursor.fetchone()[1])

    before = questions()
    yield lambda: questions() - before - 1


def test_a_read_is_one_query() -> None:
    put()
    forget_cached()
    with CaptureQueriesContext(connections[ALIAS]) as queries:
        store.get(K, START)
    assert [query["sql"].split()[0] for query in queries] == ["SELECT"]


def test_does_not_write_inside_a_transaction_that_may_be_undone() -> None:
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic(using=ALIAS):
        put()


# --- several at once ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", range(5))
def test_of_two_that_save_over_the_same_version_one_wins(version: int) -> None:
    for _ in range(version):
        put()
    one, other = at_once(lambda: put(value=b"1", version=version), lambda: put(value=b"2", version=version))
    won, lost, value = (one, other, b"1") if isinstance(one, store.Written) else (other, one, b"2")
    assert won == store.Written(version + 1, version + 1, created=version == 0)
    assert isinstance(lost, store.VersionConflict)
    assert lost.current == version + 1
    assert store.get(K, START).value == value


def test_no_version_and_no_revision_is_given_twice() -> None:
    put()

    def save_ten() -> list[store.Written]:
        return [put() for _ in range(10)]

    written = [one for ten in at_once(save_ten, save_ten, save_ten) for one in ten]
    assert sorted(one.version for one in written) == list(range(2, 32))
    assert all(one.version == one.revision for one in written)


def test_a_namespace_is_locked_until_its_write_is_committed(records: str) -> None:
    put()
    with writing("default", [], START) as transaction:
        (locked,) = at_once(lambda: impatient(put))
    assert isinstance(locked, OperationalError)
    assert put().revision == transaction.revision + 1


def test_other_namespaces_are_not_locked_where_rows_can_be(records: str) -> None:
    other = path_of("other", "k")
    put()
    put(other)
    with writing("default", [], START):
        (written,) = at_once(lambda: impatient(lambda: put(other)))
    assert isinstance(written, OperationalError if records == "sqlite" else store.Written)


def test_of_many_first_writes_to_a_namespace_each_is_done() -> None:
    for number in range(5):
        paths = [path_of(f"new-{number}", key) for key in "abcdef"]
        written = at_once(*(lambda path=path: put(path) for path in paths))  # type: ignore[misc]
        assert sorted(one.revision for one in written) == [1, 2, 3, 4, 5, 6]


def test_a_write_that_takes_too_long_for_the_caches_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    put()
    with monkeypatch.context() as patched:
        patched.setattr("kvstore.store.writing.MAX_WRITE_S", -1)
        with pytest.raises(OperationalError, match=r"^the write took longer than -1 s and is undone$"):
            put(value=b"2")
    assert store.get(K, START).value == b"1"
    assert put().revision == 2


def test_who_waits_longer_than_a_record_lives_finds_it_gone() -> None:
    """The time of a write is that at which it may happen, not that at which it was asked for."""
    now = [START]
    put(ttl_s=10)
    begun = threading.Event()
    found: list[Any] = []

    def touch() -> None:
        begun.set()
        try:
            found.append(store.touch(K, 60, now=lambda: now[0]))
        except store.Absent as fault:
            found.append(fault)
        connections.close_all()

    with writing("default", [], START):
        late = threading.Thread(target=touch)
        late.start()
        assert begun.wait(30)
        now[0] += timedelta(seconds=10)
    late.join()
    assert isinstance(found[0], store.Absent)
    written = store.put(K, store.Value(b"1", "text/plain"), ttl_s=5, now=lambda: now[0])
    assert written.expires_at == START + timedelta(seconds=15)


def test_writing_over_a_value_changes_one_page_of_each_table_and_index_that_needs_it(records: str) -> None:
    if records != "sqlite":
        pytest.skip("MariaDB does not tell which pages")
    put(K)
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        cursor.execute("PRAGMA page_size")
        page_bytes = cursor.fetchone()[0]
    put(K)
    log = Path(f"{connections[ALIAS].settings_dict['NAME']}-wal")
    # Of the record, its namespace, and the log with its two indexes; a header of the file, and one a page.
    assert log.stat().st_size == 32 + 5 * (24 + page_bytes)
