"""What an export holds, the same on each database."""

import threading
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections

from kvstore import store
from kvstore.exports import Change, End, Header, Item, Record
from kvstore.keys import path_of
from kvstore.store import exporting, history, namespaces
from kvstore.store.exporting import export, export_keys

pytestmark = pytest.mark.usefixtures("records")

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
JSON, PNG = "application/json", "image/png"


def put(key: str, value: bytes = b"1", *, namespace: str = "ci", ttl_s: float | None = None, **more: str) -> None:
    path = path_of(namespace, key)
    made = store.Value(value, more.get("content_type", JSON), more.get("meta", ""))
    store.put(path, made, ttl_s=ttl_s, now=START, author=more.get("author", ""))


def delete(key: str, namespace: str = "ci") -> None:
    store.delete(path_of(namespace, key), now=START)


def items(*names: str, now: datetime = START, history: bool = False) -> list[Item]:
    return list(export(names or None, history=history, now=now))


def keys_of(found: list[Item]) -> list[str]:
    return [item.key for item in found if isinstance(item, Record)]


def test_tells_all_of_a_record() -> None:
    put("a", b"1")
    put("a", b"\0\xff", content_type=PNG, meta='{"owner":"x"}', ttl_s=60)
    put("b/c", b'{ "n": 1 }')
    assert items() == [
        Header("ci", 3, 0),
        Record("a", 2, b"\0\xff", PNG, '{"owner":"x"}', START + timedelta(seconds=60), START, START),
        Record("b/c", 1, b'{ "n": 1 }', JSON, "", None, START, START),
        End("ci", 2, 0, more=False),
    ]


def test_says_whether_another_namespace_follows() -> None:
    for namespace in ("b", "a", "c"):
        put("k", namespace=namespace)
    assert [(item.namespace, item.more) for item in items() if isinstance(item, End)] == [
        ("a", True), ("b", True), ("c", False),
    ]  # fmt: skip
    assert [item.namespace for item in items("c", "a", "c") if isinstance(item, Header)] == ["a", "c"]


def test_takes_keys_in_the_order_of_their_bytes_and_none_of_a_neighbour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "PAGE", 2)
    wanted = sorted(["a", "a ", "A", "é", "\U0010ffff", "z/", "z/a", "!", "~"], key=str.encode)
    for namespace in ("ci", "ci-2", "ci.a", "c", "ci0"):
        for key in wanted if namespace == "ci" else ["x"]:
            put(key, namespace=namespace)
    assert keys_of(items("ci")) == wanted


def test_leaves_out_what_is_gone_and_tells_the_versions_that_it_had() -> None:
    put("a")
    for _ in range(3):
        put("gone")
    delete("gone")
    for _ in range(4):
        put("over", ttl_s=1)
    put("soon", ttl_s=2)
    later = START + timedelta(seconds=1)
    assert items(now=later)[:2] == [Header("ci", 10, 4), Record("a", 1, b"1", JSON, "", None, START, START)]
    assert keys_of(items(now=later)) == ["a", "soon"]
    assert keys_of(items(now=START)) == ["a", "over", "soon"]


def test_tells_of_a_deleted_namespace_where_its_versions_go_on() -> None:
    put("a")
    put("a")
    namespaces.delete("ci", now=START)
    assert items() == [Header("ci", 3, 2), End("ci", 0, 0, more=False)]
    with pytest.raises(store.NoNamespace, match=r"^there is no namespace ci$"):
        items("ci")


def test_refuses_a_namespace_that_never_was_before_it_tells_anything() -> None:
    put("a")
    with pytest.raises(store.NoNamespace, match=r"^there is no namespace cd$"):
        next(export(["ci", "cd"], now=START))


def test_of_nothing_it_is_nothing() -> None:
    namespaces.set_quota("ci", 1, None, now=START)
    assert items() == []
    assert items("ci") == [Header("ci", 0, 0), End("ci", 0, 0, more=False)]


def test_is_of_one_moment_and_locks_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "PAGE", 2)
    for number in range(6):
        put(f"{number}", b"old")
        put(f"{number}", b"old", namespace="later")
    before = items(history=True)
    found = export(history=True, now=START)
    first = [next(found) for _ in range(3)]

    def write() -> None:
        for number in range(6):
            put(f"{number}", b"new")
        put("5", b"new", namespace="later")
        delete("4")
        put("7")
        put("k", namespace="new")
        connections.close_all()

    writer = threading.Thread(target=write)
    writer.start()
    writer.join()
    assert [*first, *found] == before
    assert {item.value for item in items("ci") if isinstance(item, Record)} == {b"new", b"1"}


def test_one_that_is_not_read_to_its_end_holds_on_to_nothing() -> None:
    put("a")
    found = export(now=START)
    next(found)
    found.close()
    put("a")
    assert items()[0] == Header("ci", 2, 0)


# --- history --------------------------------------------------------------------------------------------------------


def test_tells_the_history_of_a_key_before_its_record() -> None:
    put("b", author="laptop")
    put("a", b"1", ttl_s=60, meta='{"n":"1"}')
    put("a", b"2", author="laptop")
    store.touch(path_of("ci", "a"), 9, now=START)
    put("gone")
    delete("gone")
    until, touched = START + timedelta(seconds=60), START + timedelta(seconds=9)
    assert items(history=True) == [
        Header("ci", 6, 1),
        Change("put", "a", 1, 2, START, "", b"1", JSON, '{"n":"1"}', until),
        Change("put", "a", 2, 3, START, "laptop", b"2", JSON, "", None),
        Record("a", 2, b"2", JSON, "", touched, START, START),
        Change("put", "b", 1, 1, START, "laptop", b"1", JSON, "", None),
        Record("b", 1, b"1", JSON, "", None, START, START),
        Change("put", "gone", 1, 5, START, "", b"1", JSON, "", None),
        Change("delete", "gone", 1, 6, START),
        End("ci", 2, 5, more=False),
    ]


@pytest.mark.parametrize("page", [1, 2, 3, 4, 5, 100])
def test_a_page_may_end_within_the_history_of_a_key(page: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, times in [("a", 4), ("b", 1), ("c", 6)]:
        for number in range(times):
            put(key, b"%d" % number)
    monkeypatch.setattr(exporting, "PAGE", page)
    changes = [(item.key, item.version) for item in items(history=True) if isinstance(item, Change)]
    assert changes == [("a", 1), ("a", 2), ("a", 3), ("a", 4), ("b", 1), *(("c", number) for number in range(1, 7))]


def test_what_is_no_longer_kept_is_not_told() -> None:
    put("a", b"1")
    put("a", b"2")
    namespaces.delete("ci", now=START)
    put("a", b"3")
    assert [item.value for item in items(history=True) if isinstance(item, Change)] == [b"3"]
    assert [entry.version for entry in history.entries(path_of("ci", "a"), 9).items] == [3]


# --- chosen keys, sizes ---------------------------------------------------------------------------------------------


def test_chosen_keys_come_by_namespace() -> None:
    for namespace in ("b", "a"):
        for key in ("2", "1", "3"):
            put(key, namespace=namespace)
    delete("3", "a")
    chosen = [path_of("b", "2"), path_of("a", "1"), path_of("b", "1"), path_of("a", "3"), path_of("a", "never")]
    found = list(export_keys(chosen, now=START))
    assert [item if isinstance(item, Header | End) else item.key for item in found] == [
        Header("a", 4, 1), "1", End("a", 1, 0, more=True), Header("b", 3, 0), "1", "2", End("b", 2, 0, more=False),
    ]  # fmt: skip


def test_counts_about_what_will_come() -> None:
    for namespace in ("a", "b"):
        for key in ("1", "2"):
            put(key, namespace=namespace)
    assert exporting.key_count() == 4
    assert exporting.key_count(["b", "never"]) == 2


@pytest.mark.parametrize("with_history", [False, True])
def test_holds_a_few_megabytes_however_many_there_are(with_history: bool) -> None:
    for number in range(24):
        put(f"{number}", b"x" * 2**20, content_type=PNG)

    def sizes() -> Iterator[int]:
        for item in export(history=with_history, now=START):
            yield len(getattr(item, "value", b""))

    tracemalloc.start()
    try:
        assert sum(sizes()) == 24 * 2**20 * (2 if with_history else 1)
        assert tracemalloc.get_traced_memory()[1] < 14 * 2**20
    finally:
        tracemalloc.stop()
