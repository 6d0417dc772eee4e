"""What goes by itself, beside writers at work, on each database; `test_against_model` has what is done alone."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from kvstore import store
from kvstore.keys import path_of
from kvstore.models import Change, Namespace, Record
from kvstore.store import changes, history, namespaces, sweeping
from kvstore.store.transactions import commit
from kvstore.store.writing import writing
from kvstore.transactions import Put, Txn
from tests.kvstore.conftest import ALIAS
from tests.kvstore.store.asking import START, K, absent, at_once, impatient, put

pytestmark = pytest.mark.usefixtures("records")
LATER = START + timedelta(seconds=1)
OLD = START + timedelta(days=31)


def fill(count: int, ttl_s: float | None = None, namespace: str = "default") -> None:
    ops = tuple(Put(str(number), b"1", "text/plain", ttl_s) for number in range(count))
    commit(namespace, Txn((), ops, ()), now=START)


# --- expiry -------------------------------------------------------------------------------------------------------


def test_more_records_than_a_step_takes_are_expired_in_several() -> None:
    fill(700, 1)
    fill(300, 1, "other")
    assert list(sweeping.expire(LATER)) == [500, 500]
    assert [namespaces.head_of(name).key_count for name in ("default", "other")] == [0, 0]
    assert list(sweeping.expire(LATER)) == []


def test_a_namespace_may_be_swept_alone() -> None:
    for name in ("a", "ab", "b"):
        fill(1, 1, name)
    assert list(sweeping.expire(LATER, "a")) == [1]
    assert [namespaces.head_of(name).key_count for name in ("a", "ab", "b")] == [0, 1, 1]


def test_what_is_written_again_before_it_is_swept_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    fill(3, 1)
    expired = sweeping.expired

    def expired_and_written(*args: Any) -> Any:
        found = expired(*args)
        if found:
            at_once(lambda: put(path_of("default", "1"), b"new", LATER))
            at_once(lambda: put(path_of("default", "2"), b"new", LATER, ttl_s=60))
        return found

    monkeypatch.setattr(sweeping, "expired", expired_and_written)
    assert list(sweeping.expire(LATER)) == [1]
    assert [store.get(path_of("default", key), LATER).value for key in "12"] == [b"new"] * 2
    assert namespaces.head_of("default").key_count == 2


def test_what_several_sweep_at_once_is_expired_once() -> None:
    fill(20, 1)
    done = at_once(*[lambda: sum(sweeping.expire(LATER))] * 3)
    assert sum(done) == 20
    assert [change.op for change in changes.since("default", 20, limit=100).items] == ["expire"] * 20


def test_a_swept_record_keeps_no_bytes_and_its_history() -> None:
    put(value=b"secret", ttl_s=1)
    list(sweeping.expire(LATER))
    assert bytes(Record.objects.get(path=K).value) == b""
    assert absent(now=LATER) == 2
    assert history.value_at(K, 1).value.data == b"secret"


# --- the bound by count -------------------------------------------------------------------------------------------


def test_keeps_the_last_values_of_each_key() -> None:
    for number in range(5):
        put(value=str(number).encode())
        put(path_of("default", "other"), b"1")
    assert list(sweeping.trim_by_count(2)) == [2]
    assert [entry.version for entry in history.entries(K, 10).items] == [5, 4]
    assert Change.objects.filter(value__isnull=True).count() == 6
    assert len(changes.since("default", 0, limit=100).items) == 10
    assert list(sweeping.trim_by_count(2)) == []


def test_the_current_value_outlives_its_line() -> None:
    put(value=b"here")
    for _ in range(5):
        store.touch(K, None, now=START)
    list(sweeping.trim_by_count(2))
    assert history.value_at(K, 1).value.data == b"here"
    store.delete(K, now=START)
    with pytest.raises(store.NoVersion):
        history.value_at(K, 1)


def test_more_keys_than_a_step_takes_are_trimmed_in_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "STEP", 3)
    for name in ("a", "b"):
        for _ in range(3):
            fill(4, None, name)
    assert list(sweeping.trim_by_count(1)) == [3, 3, 2]
    assert Change.objects.filter(kept=True).count() == 8


def test_history_is_trimmed_under_the_lock_of_its_namespace() -> None:
    """Else MariaDB may undo it, or a deletion of the namespace, to end their waiting for one another."""
    for _ in range(3):
        put()
    with writing("default", [], START):
        (trimmed,) = at_once(lambda: impatient(lambda: list(sweeping.trim_by_count(1))))
    assert "lock" in str(trimmed).lower()
    assert Change.objects.filter(kept=True).count() == 3
    assert list(sweeping.trim_by_count(1)) == [1]


def test_trimming_beside_a_deletion_of_the_namespace_is_no_fault() -> None:
    for _ in range(4):
        fill(50)

    def trim() -> int:
        return sum(sweeping.trim_by_count(1))

    trimmed, deleted = at_once(trim, lambda: namespaces.delete("default", now=START))
    assert trimmed in (0, 50)
    assert deleted == 250
    assert not Change.objects.filter(kept=True).exists()


# --- the bound by age ---------------------------------------------------------------------------------------------


def test_forgets_the_log_up_to_a_moment_and_what_was_deleted_in_it() -> None:
    put()
    put(path_of("default", "gone"))
    store.delete(path_of("default", "gone"), now=START)
    put(now=OLD)
    assert list(sweeping.trim_by_age(OLD)) == [3]
    head = namespaces.head_of("default")
    assert (head.revision, head.forgotten_revision, head.version_floor) == (4, 3, 1)
    assert not Record.objects.filter(path="default/gone").exists()
    assert put(path_of("default", "gone")).version == 2
    assert put(path_of("default", "new")).version == 2


def test_what_was_deleted_again_later_keeps_its_version() -> None:
    put()
    store.delete(K, now=START)
    put()
    store.delete(K, now=OLD)
    list(sweeping.trim_by_age(OLD))
    assert absent() == 4
    assert (put().version, namespaces.head_of("default").version_floor) == (3, 0)


def test_what_was_expired_is_forgotten_too() -> None:
    put(ttl_s=1)
    list(sweeping.expire(LATER))
    list(sweeping.trim_by_age(OLD))
    assert not Record.objects.exists()
    assert put(now=OLD).version == 2


def test_what_has_expired_and_was_not_swept_stays() -> None:
    put(ttl_s=1)
    list(sweeping.trim_by_age(OLD))
    assert absent(now=OLD) == 1
    assert put(now=OLD).version == 2


def test_a_record_that_is_there_stays_without_its_log() -> None:
    put(value=b"1")
    list(sweeping.trim_by_age(OLD))
    assert store.get(K, OLD).value == b"1"
    assert history.entries(K, 10).items == []
    assert history.restore(K, 1, now=OLD).version == 2


def test_more_lines_than_a_step_takes_are_forgotten_in_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "STEP", 3)
    for name in ("a", "b", "a", "a", "b"):
        put(path_of(name, "k"))
    put(path_of("a", "k"), now=OLD)
    assert list(sweeping.trim_by_age(OLD)) == [3, 2]
    assert dict(Namespace.objects.values_list("name", "forgotten_revision")) == {"a": 3, "b": 2}


def test_several_who_forget_at_once_forget_once() -> None:
    for name in ("a", "b"):
        fill(60, None, name)
        namespaces.delete(name, now=START)
    done = at_once(*[lambda: sum(sweeping.trim_by_age(OLD))] * 2)
    assert all(isinstance(one, int) for one in done), done
    assert not Change.objects.exists()
    assert [(head.forgotten_revision, head.version_floor) for head in Namespace.objects.all()] == [(120, 1)] * 2


def test_a_deletion_of_a_namespace_is_forgotten_in_its_order() -> None:
    """Its lines are written by one statement, and are to be in the order of their revisions."""
    fill(300)
    namespaces.delete("default", now=START)
    lines = list(Change.objects.order_by("id").values_list("revision", flat=True))
    assert lines == list(range(1, 601))


def test_lines_that_another_forgot_do_not_take_newer_ones_of_their_number_with_them() -> None:
    put(K)
    seen = sweeping.old_lines(OLD)
    list(sweeping.trim_by_age(OLD))
    put(K, now=OLD)
    assert list(Change.objects.using(ALIAS).values_list("revision", flat=True)) == [2]
    sweeping.forget("default", seen)
    assert list(Change.objects.using(ALIAS).values_list("revision", flat=True)) == [2]


def test_what_has_expired_is_found_by_an_index(records: str) -> None:
    fill(100)
    fill(1, 1, "other")
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if records == 'sqlite' else ''}{sweeping.EXPIRED}", [str(LATER), 10])
        assert "kvstore_record_expires_at" in str(cursor.fetchall())
