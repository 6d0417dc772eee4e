"""A write is one transaction under the namespace's lock, in few statements, the same on each database."""

import pytest
from django.db import OperationalError, connections, transaction
from django.test.utils import CaptureQueriesContext

from kvstore import store
from kvstore.keys import path_of
from kvstore.store.writing import writing
from tests.kvstore.conftest import ALIAS
from tests.kvstore.store.asking import START, K, at_once, impatient, put

pytestmark = pytest.mark.usefixtures("records")


def test_a_write_is_one_upsert_with_no_read_before_it() -> None:
    put(path_of("default", "other"))
    for version in (None, 0, 1, None):
        path = K if version is not None else path_of("default", "other")
        with CaptureQueriesContext(connections[ALIAS]) as queries:
            put(path, version=version)
        asked = [" ".join(query["sql"].split()[:4]).upper() for query in queries]
        lock, record, *after, log, count = [one for one in asked if one.split()[0] not in {"BEGIN", "COMMIT"}]
        assert lock == "SELECT REVISION, VERSION_FLOOR, FORGOTTEN_REVISION,"
        assert record.startswith(("INSERT INTO KVSTORE_RECORD", "UPDATE KVSTORE_RECORD SET"))
        assert not after or version == 1
        assert log.startswith("INSERT INTO KVSTORE_CHANGE")
        assert count.startswith("UPDATE KVSTORE_NAMESPACE SET")


def test_a_read_is_one_query() -> None:
    put()
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
