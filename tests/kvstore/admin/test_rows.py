"""What the pages ask the database, the same on each."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.utils import timezone

from kvstore import store
from kvstore.admin import records, rows
from kvstore.admin.contents import START_BYTES
from kvstore.keys import path_of
from kvstore.models import Change, Namespace, Record
from kvstore.store import namespaces


@pytest.fixture(autouse=True)
def plain_files(records: str) -> None:
    """No browser here, but the records of each database."""


def save(key: str, value: bytes = b"1", namespace: str = "ci", ttl_s: float | None = None) -> str:
    path = path_of(namespace, key)
    store.put(path, store.Value(value, "text/plain"), ttl_s=ttl_s, now=timezone.now())
    return path


def found(model: type[Record | Namespace | Change], term: str) -> list[str]:
    page = admin.site._registry[model]
    return [str(row.pk) for row in page.get_search_results(None, model.objects.all(), term)[0]]


def test_reads_the_start_of_a_value() -> None:
    record = rows.current(save("a", b"\xff\0" + b"x" * START_BYTES))
    assert record is not None
    assert rows.start_of(record) == b"\xff\0" + b"x" * (START_BYTES - 2)
    assert rows.value_of(record) == b"\xff\0" + b"x" * START_BYTES
    assert rows.current("ci/none") is None


def test_a_text_can_be_typed_over_up_to_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "TEXT_BYTES", 3)
    shown = []
    for value in (b"abc", b"abcd", b"\xff"):
        record = rows.current(save("a", value))
        assert record is not None
        shown.append((rows.text_in(record), "The first 1024 of 4 bytes" in rows.shown_value(record)))
    assert shown == [("abc", False), (None, True), (None, False)]


def test_knows_the_version_that_a_write_is_over() -> None:
    now = timezone.now()
    assert rows.version_of(None, now) == 0
    assert rows.version_of(rows.current(save("a")), now) == 1
    soon = rows.current(save("a", ttl_s=60))
    assert [rows.version_of(soon, now + timedelta(seconds=seconds)) for seconds in (0, 61)] == [2, 0]
    store.delete(path_of("ci", "a"), now=now)
    assert rows.version_of(rows.current("ci/a"), now) == 0


def test_finds_by_the_start_of_a_path_or_a_name() -> None:
    for namespace, key in [("ci", "é/a"), ("ci", "é"), ("ci", "e"), ("ci-2", "é")]:
        save(key, namespace=namespace)
    assert found(Record, "ci/é") == ["ci/é", "ci/é/a"]
    assert found(Record, "") == ["ci-2/é", "ci/e", "ci/é", "ci/é/a"]
    assert found(Namespace, "ci-") == ["ci-2"]
    assert found(Namespace, "") == ["ci", "ci-2"]
    assert len(found(Change, "ci/")) == 3
    assert len(found(Change, "ci/é")) == 1


def test_leads_to_what_keys_begin_with() -> None:
    for key in ("é/1/x", "é/2", "e"):
        save(key)
    assert records.places_below("") == [("ci/", "q=ci%2F")]
    assert [place for place, _ in records.places_below("ci/é/")] == ["1/"]
    assert records.places_below("none/") == records.places_below("x") == []
    namespaces.delete("ci", now=timezone.now())
    assert records.places_below("c") == []
