"""Objects that other tools put, changed or took, on each store."""

import io
import json
from typing import Any

import pytest
from django.core.management import call_command

from assets import services
from assets.models import Asset, Tag
from assets.services import syncing
from assets.stores.base import AssetStore
from tests.assets.test_stores import add

pytestmark = pytest.mark.django_db


def put(name: str, data: bytes, **about: Any) -> Asset:
    return services.put(name, io.BytesIO(data), replace=True, about=services.About(**about)).asset


def sync(*arguments: str) -> str:
    output = io.StringIO()
    call_command("assets_sync", *arguments, stdout=output)
    return output.getvalue()


@pytest.fixture
def drifted(store: AssetStore) -> AssetStore:
    """A store that differs from its index in each way."""
    for name in ("alike", "changed", "touched", "lost"):
        put(name, b"first", created_by="ci", labels={"commit": "abc"})
    add(store, "changed", b"second", replace=True)
    add(store, "touched", b"first", replace=True)
    store.remove("lost")
    add(store, "new/1", b"\xff")
    return store


def test_tells_each_difference_and_changes_nothing(drifted: AssetStore) -> None:
    before = list(Asset.objects.values())
    lines = [json.loads(line) for line in sync("--dry-run", "--json").splitlines()]
    told = sorted((line["kind"], line["name"], line["settled"]) for line in lines)
    # A bucket tells objects by their bytes, a directory by when they were written.
    touched = [("changed", "touched", False)] if drifted.looks_are_cheap else []
    assert told == [("changed", "changed", False), *touched, ("lost", "lost", False), ("new", "new/1", False)]
    assert list(Asset.objects.values()) == before


def test_has_the_index_say_what_the_store_has(drifted: AssetStore) -> None:
    sync()
    rows = {row.name: row for row in Asset.objects.all()}
    assert set(rows) == {"alike", "changed", "touched", "lost", "new/1"}
    for name in set(rows) - {"lost"}:
        assert rows[name].stamp == drifted.stamp(name)
        assert b"".join(services.read(rows[name])[1])
    assert (rows["changed"].image, rows["changed"].created_by, rows["changed"].labels.count()) == ("second", "", 0)
    assert (rows["touched"].created_by, rows["touched"].labels.get().value) == ("ci", "abc")
    assert (rows["new/1"].image, rows["new/1"].size) == (None, 1)
    assert sync().splitlines() == ["lost\tlost\tleft", "4 alike, 0 new, 0 changed, 1 lost, 0 unusable"]


def test_forgets_what_is_lost_only_when_told_and_never_what_is_tagged(drifted: AssetStore) -> None:
    services.move_tag("latest", "lost")
    assert "lost\tlost\tleft" in sync("--forget")
    Tag.objects.all().delete()
    assert "lost\tlost\tsettled" in sync("--forget")
    assert sync() == "4 alike, 0 new, 0 changed, 0 lost, 0 unusable\n"


def test_what_no_asset_can_be_called_is_told(store: AssetStore) -> None:
    add(store, "bad\x01name", b".")
    assert sync().splitlines()[0] == "unusable\t'bad\\x01name'\tleft"
    assert Asset.objects.count() == 0


def test_what_is_put_meanwhile_is_not_lost(store: AssetStore, monkeypatch: pytest.MonkeyPatch) -> None:
    put("a", b"1")
    objects = type(store).all_objects

    def late(self: AssetStore) -> Any:
        yield from list(objects(self))
        put("b", b"2")

    monkeypatch.setattr(type(store), "all_objects", late)
    assert [found for found in syncing.drift() if found] == []


def test_what_vanishes_meanwhile_is_left(store: AssetStore) -> None:
    add(store, "a", b".")
    [found] = syncing.drift()
    assert found == syncing.Drift("new", "a")
    store.remove("a")
    assert not syncing.settle_drift(found)
    assert Asset.objects.count() == 0
