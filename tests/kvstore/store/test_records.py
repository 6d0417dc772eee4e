"""What saving, reading and deleting mean, the same on each database."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import connections

from kvstore import store
from kvstore.keys import path_of
from kvstore.models import Namespace, Record
from tests.kvstore.conftest import ALIAS
from tests.kvstore.store.asking import MICROSECOND, START, K, absent, put

pytestmark = pytest.mark.usefixtures("records")


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


def make_gone(how: str) -> datetime:
    """A key at version 2 that was deleted, or has expired: the time at which that is so."""
    put()
    put(ttl_s=1 if how == "expired" else None)
    if how == "deleted":
        store.delete(K, now=START)
    return START + timedelta(seconds=1)
