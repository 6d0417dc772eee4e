"""What saving, reading and deleting mean, the same on each database."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import product
from typing import Any

import pytest
from django.db import OperationalError, connections, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from kvstore import store
from kvstore.conditions import of_version
from kvstore.keys import Path, path_of
from kvstore.models import Namespace, Record
from kvstore.store.writing import writing
from tests.kvstore.conftest import ALIAS, clear

pytestmark = pytest.mark.usefixtures("records")

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
K = path_of("default", "k")


def put(
    path: Path = K, value: bytes = b"1", now: datetime = START, *, version: int | None = None, **more: Any
) -> store.Written:
    condition = None if version is None else of_version(version)
    return store.put(path, store.Value(value, "application/json"), condition=condition, now=now, **more)


def absent(path: Path = K, now: datetime = START) -> int:
    """The revision that reading an absent key tells."""
    with pytest.raises(store.Absent) as raised:
        store.get(path, now)
    return raised.value.revision


def test_a_new_key_starts_at_version_1_and_rises_by_one() -> None:
    assert put() == store.Written(1, 1, created=True)
    assert put() == store.Written(2, 2, created=False)
    assert put(version=2) == store.Written(3, 3, created=False)


@pytest.mark.parametrize("value", [b"", b"\0\xff\x27\\%s", bytes(range(256)) * 4096], ids=["empty", "hostile", "1 MiB"])
def test_gives_the_bytes_back(value: bytes) -> None:
    put(value=value)
    row = store.get(K, START)
    assert (row.value, row.content_type, row.version, row.revision, row.expires_at) == (
        value,
        "application/json",
        1,
        1,
        None,
    )


def test_keeps_the_type_of_the_last_value() -> None:
    put()
    store.put(K, store.Value(b"x", "text/plain; charset=utf-8"), now=START)
    assert store.get(K, START).content_type == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Case", "case"),
        ("pad", "pad "),
        ("a", "a/"),
        ("\u00e9", "e\u0301"),
        ("e", "\u00e9"),
        ("ss", "ß"),
        ("%", "a"),
        ("_", "a"),
        ("1", "01"),
    ],
)
def test_keys_compare_by_bytes(one: str, other: str) -> None:
    put(path_of("default", one), b"1")
    absent(path_of("default", other))
    put(path_of("default", other), b"2")
    assert store.get(path_of("default", one), START).value == b"1"
    assert put(path_of("default", other)).version == 2


@pytest.mark.parametrize("key", ["k" * 512, "é" * 256, "😀" * 128, "%s", "'; --", "a/b//c", " ", "\\"])
def test_takes_every_key(key: str) -> None:
    path = path_of("n" * 64, key)
    put(path, b"1")
    assert store.get(path, START).value == b"1"
    assert Record.objects.get(path=path).key == key
    assert [record.path for record in Record.objects.starting_with(path)] == [path]


def test_a_namespace_is_made_by_its_first_write_and_counts_its_own_revisions() -> None:
    assert [put(path_of(name, "k")).revision for name in ("a", "b", "a", "b", "a")] == [1, 1, 2, 2, 3]
    assert dict(Namespace.objects.values_list("name", "revision")) == {"a": 3, "b": 2}


def test_a_refused_write_leaves_nothing_behind() -> None:
    with pytest.raises(store.VersionConflict):
        put(version=1)
    with pytest.raises(store.Absent):
        store.delete(K, now=START)
    assert not Namespace.objects.exists()
    assert not Record.objects.exists()


@pytest.mark.parametrize(
    ("saved", "version", "message"),
    [
        (0, 1, "the key is absent, which is version 0, not 1"),
        (2, 0, "the current version is 2, not 0"),
        (2, 1, "the current version is 2, not 1"),
        (2, 3, "the current version is 2, not 3"),
        (2, 2**63 - 1, f"the current version is 2, not {2**63 - 1}"),
    ],
)
def test_refuses_a_version_that_is_not_the_current_one(saved: int, version: int, message: str) -> None:
    for _ in range(saved):
        put()
    with pytest.raises(store.VersionConflict, match=f"^{message}$") as raised:
        put(value=b"2", version=version)
    assert (raised.value.current, raised.value.revision) == (saved, saved)
    assert put().version == saved + 1


def test_versions_go_on_after_deletion() -> None:
    put()
    put()
    assert store.delete(K, now=START) == 3
    assert absent() == 3
    assert put(version=0) == store.Written(3, 4, created=True)


def test_versions_go_on_after_expiry() -> None:
    put(ttl_s=1)
    assert put(now=START + timedelta(seconds=1)) == store.Written(2, 2, created=True)


@pytest.mark.parametrize("gone", ["deleted", "expired"])
@pytest.mark.parametrize("version", [1, 2])
def test_what_is_gone_has_no_current_version(gone: str, version: int) -> None:
    now = make_gone(gone)
    with pytest.raises(store.VersionConflict, match="the key is absent, which is version 0, not ") as raised:
        put(version=version, now=now)
    assert raised.value.current == 0
    assert absent(now=now) == raised.value.revision


@pytest.mark.parametrize("gone", ["deleted", "expired"])
def test_what_is_gone_is_not_deleted_again(gone: str) -> None:
    now = make_gone(gone)
    with pytest.raises(store.Absent, match=r"^there is no key k in the namespace default$"):
        store.delete(K, now=now)


@pytest.mark.parametrize("gone", ["deleted", "expired"])
@pytest.mark.parametrize("version", [None, 0])
def test_what_is_gone_is_created_anew(gone: str, version: int | None) -> None:
    now = make_gone(gone)
    assert put(value=b"new", now=now, version=version).created
    record = Record.objects.get(path=K)
    assert (bytes(record.value), record.content_type, record.expires_at, record.deleted) == (
        b"new", "application/json", None, False,
    )  # fmt: skip
    assert (record.created_at, record.updated_at, record.created_revision) == (now, now, record.revision)
    assert not put(now=now).created


def test_a_replaced_record_keeps_when_it_was_created() -> None:
    later = START + timedelta(seconds=1)
    put()
    for version in (None, 2):
        put(now=later, version=version)
        record = Record.objects.get(path=K)
        assert (record.created_at, record.updated_at, record.created_revision) == (START, later, 1)


@pytest.mark.parametrize("ttl_s", [1, 0.5, 0.000001, 315_360_000, 1.000001])
def test_is_there_until_the_microsecond_it_expires(ttl_s: float) -> None:
    put(ttl_s=ttl_s)
    end = START + timedelta(seconds=ttl_s)
    assert store.get(K, end - MICROSECOND).expires_at == end
    assert absent(now=end) == 1
    with pytest.raises(store.VersionConflict):
        put(version=1, now=end)
    assert put(version=1, now=end - MICROSECOND).version == 2


def test_a_ttl_below_a_microsecond_is_over_at_once() -> None:
    put(ttl_s=1e-9)
    absent()


@pytest.mark.parametrize("version", [None, 1])
def test_a_write_without_a_ttl_clears_it(version: int | None) -> None:
    put(ttl_s=1)
    put(version=version)
    assert store.get(K, START + timedelta(days=9999)).expires_at is None


@pytest.mark.parametrize("version", [None, 1])
def test_a_write_with_a_ttl_starts_it_anew(version: int | None) -> None:
    put(ttl_s=1)
    put(ttl_s=60, version=version)
    assert store.get(K, START + timedelta(seconds=59)).expires_at == START + timedelta(seconds=60)


def test_times_are_the_same_in_every_zone() -> None:
    put(now=START.astimezone(timezone(timedelta(hours=9))), ttl_s=60)
    assert store.get(K, START + timedelta(seconds=59)).expires_at == START + timedelta(seconds=60)
    absent(now=(START + timedelta(seconds=60)).astimezone(timezone(-timedelta(hours=9))))


def test_times_are_utc_whatever_the_zone_of_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections[ALIAS], "timezone", timezone(timedelta(hours=9)))
    put(ttl_s=60)
    expires_at = store.get(K, START + timedelta(seconds=59)).expires_at
    assert expires_at == START + timedelta(seconds=60)
    assert expires_at.tzinfo is UTC
    absent(now=START + timedelta(seconds=60))


def test_a_deleted_record_keeps_no_bytes() -> None:
    put(value=b"secret", ttl_s=60)
    store.delete(K, now=START)
    record = Record.objects.get(path=K)
    assert (bytes(record.value), record.content_type, record.expires_at, record.deleted) == (b"", "", None, True)


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


def make_gone(how: str) -> datetime:
    """A key at version 2 that was deleted, or has expired: the time at which that is so."""
    put()
    put(ttl_s=1 if how == "expired" else None)
    if how == "deleted":
        store.delete(K, now=START)
    return START + timedelta(seconds=1)


# --- a dictionary says what is right --------------------------------------------------------------------------------

NAMES = [path_of(namespace, key) for namespace, key in product(["default", "team-a"], ["a", "A", "a ", "a/b"])]
PATHS = st.sampled_from(NAMES)
VALUES = st.binary(max_size=4)
TTLS = st.none() | st.integers(1, 3) | st.sampled_from([0.5, 0.000001])


@dataclass
class Known:
    """What the model knows of a key."""

    version: int = 0
    revision: int = 0
    value: bytes | None = None
    expires_at: datetime | None = None


class StoreAgainstDict(RuleBasedStateMachine):
    """Any order of saves, deletions and passing time."""

    @initialize()
    def begin(self) -> None:
        clear()
        self.now = START
        self.known = {path: Known() for path in NAMES}
        self.revisions = {"default": 0, "team-a": 0}

    def current(self, path: Path) -> int:
        """The version that the model has now, 0 for none."""
        known = self.known[path]
        alive = known.value is not None and (known.expires_at is None or known.expires_at > self.now)
        return known.version if alive else 0

    def next_revision(self, path: Path) -> int:
        namespace = path.split("/")[0]
        self.revisions[namespace] += 1
        return self.revisions[namespace]

    @rule(path=PATHS, value=VALUES, ttl_s=TTLS)
    def save(self, path: Path, value: bytes, ttl_s: float | None) -> None:
        self.check_saved(path, value, ttl_s, None)

    @rule(path=PATHS, value=VALUES, ttl_s=TTLS, off=st.sampled_from([0, 0, 0, 1, -1]))
    def save_over_a_version(self, path: Path, value: bytes, ttl_s: float | None, off: int) -> None:
        version = max(self.current(path) + off, 0)
        if version == self.current(path):
            return self.check_saved(path, value, ttl_s, version)
        with pytest.raises(store.VersionConflict) as raised:
            put(path, value, self.now, ttl_s=ttl_s, version=version)
        assert (raised.value.current, raised.value.revision) == (self.current(path), self.known[path].revision)
        return None

    @rule(path=PATHS)
    def save_over_the_version_that_is_gone(self, path: Path) -> None:
        if not self.current(path) and self.known[path].version:
            with pytest.raises(store.VersionConflict):
                put(path, b"", self.now, version=self.known[path].version)

    def check_saved(self, path: Path, value: bytes, ttl_s: float | None, version: int | None) -> None:
        known, created = self.known[path], not self.current(path)
        written = put(path, value, self.now, ttl_s=ttl_s, version=version)
        expires_at = None if ttl_s is None else self.now + timedelta(seconds=ttl_s)
        assert written == store.Written(known.version + 1, self.next_revision(path), created, expires_at)
        self.known[path] = Known(written.version, written.revision, value, expires_at)

    @rule(path=PATHS)
    def delete(self, path: Path) -> None:
        known = self.known[path]
        if self.current(path):
            known.revision = store.delete(path, now=self.now)
            assert known.revision == self.next_revision(path)
            known.value = None
        else:
            with pytest.raises(store.Absent):
                store.delete(path, now=self.now)

    @rule(seconds=st.sampled_from([0.000001, 0.5, 1, 2]))
    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @invariant()
    def reads_what_the_dictionary_has(self) -> None:
        for path, known in getattr(self, "known", {}).items():
            if self.current(path):
                row = store.get(path, self.now)
                assert (row.value, row.version, row.revision, row.expires_at) == (
                    known.value, known.version, known.revision, known.expires_at,
                )  # fmt: skip
            else:
                assert absent(path, self.now) == known.revision


def test_agrees_with_a_dictionary() -> None:
    quick = settings(max_examples=40, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(StoreAgainstDict, settings=quick)  # type: ignore[no-untyped-call]


# --- several at once ------------------------------------------------------------------------------------------------


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What the calls return or raise when each runs in a thread of its own, all started together."""
    barrier, results = threading.Barrier(len(calls)), [None] * len(calls)

    def run(at: int) -> None:
        try:
            barrier.wait()
            results[at] = calls[at]()
        except Exception as fault:  # noqa: BLE001 - the test looks at it
            results[at] = fault  # type: ignore[call-overload]
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[at]) for at in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


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


def impatient(call: Callable[[], Any]) -> Any:
    """What the call returns on a connection that does not wait for a lock."""
    wait = "PRAGMA busy_timeout = 0" if connections[ALIAS].vendor == "sqlite" else "SET innodb_lock_wait_timeout = 0"
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(wait)
    return call()
