"""Retention: what the rules let go, and that nothing else goes, on each store."""

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from assets import names, services
from assets.models import Asset, Rule, Tag, Upload, Version
from assets.services import collecting
from assets.stores.base import AssetStore
from tests.assets.test_stores import leftovers
from tests.assets.test_versions import kept, sha

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
MONTH = timedelta(days=30)


def put(name: str, data: bytes = b"1", *, days: int = 0) -> Asset:
    """An asset that was put so many days ago."""
    asset = services.put(name, io.BytesIO(data), replace=True).asset
    Asset.objects.filter(pk=asset.pk).update(created_at=NOW - timedelta(days=days))
    return asset


def gone(now: datetime = NOW) -> list[str]:
    """The names that are to go."""
    return [one.name for one in collecting.doomed(now, MONTH)]


def collect(*arguments: str) -> list[str]:
    output = io.StringIO()
    call_command("assets_collect", *arguments, stdout=output)
    return output.getvalue().splitlines()


@pytest.fixture
def builds(store: AssetStore) -> AssetStore:
    """Builds of ten days, `ci/0` today's, and a release."""
    for days in range(10):
        put(f"ci/{days}", days=days)
    put("release/1", days=400)
    return store


def test_without_a_rule_all_is_kept(builds: AssetStore) -> None:
    assert gone() == []


def test_keeps_the_last_ones(builds: AssetStore) -> None:
    Rule.objects.create(prefix="ci/", keep_last=7)
    assert gone() == ["ci/7", "ci/8", "ci/9"]


def test_keeps_what_is_young(builds: AssetStore) -> None:
    Rule.objects.create(prefix="ci/", keep_days=8)
    assert gone() == ["ci/8", "ci/9"]


def test_with_both_bounds_either_keeps(builds: AssetStore) -> None:
    rule = Rule.objects.create(prefix="ci/", keep_last=7, keep_days=9)
    assert gone() == ["ci/9"]
    rule.keep_last, rule.keep_days = 9, 2
    rule.save()
    assert gone() == ["ci/9"]


def test_the_rule_of_the_longest_prefix_counts(builds: AssetStore) -> None:
    Rule.objects.create(prefix="", keep_last=0)
    Rule.objects.create(prefix="ci/", keep_last=9)
    Rule.objects.create(prefix="release/")
    put("other", days=1)
    assert gone() == ["ci/9", "other"]


def test_what_is_tagged_is_kept(builds: AssetStore) -> None:
    Rule.objects.create(prefix="ci/", keep_last=0)
    for tag, name in (("latest", "ci/3"), ("old", "ci/9"), ("older", "ci/9")):
        services.move_tag(tag, name)
    assert gone() == ["ci/0", "ci/1", "ci/2", "ci/4", "ci/5", "ci/6", "ci/7", "ci/8"]


def test_a_dry_run_tells_exactly_what_a_run_removes(builds: AssetStore) -> None:
    Rule.objects.create(prefix="ci/", keep_last=4)
    put("ci/0", b"other")
    Version.objects.update(replaced_at=timezone.now() - timedelta(days=31))
    told = collect("--dry-run")
    assert told[-1] == "6 asset, 1 version, 0 upload, 0 left over: 7 bytes would go"
    assert len(Asset.objects.all()) == 11
    assert collect() == [*told[:-1], "6 asset, 1 version, 0 upload, 0 left over: 7 bytes gone"]
    assert sorted(builds.all_names()) == sorted(Asset.objects.values_list("name", flat=True))
    assert [line for line in told if "\tci/9\t" in line]
    assert collect("--json") == []


def test_lines_of_json(builds: AssetStore) -> None:
    Rule.objects.create(prefix="release/", keep_days=30)
    [line] = map(json.loads, collect("--json"))
    assert line["kind"] == "asset"
    assert (line["name"], line["size"], line["sha256"]) == ("release/1", 1, sha(b"1"))
    assert line["why"].startswith("it is number 1 of release/ and ")


def test_what_changes_meanwhile_stays(builds: AssetStore) -> None:
    Rule.objects.create(prefix="ci/", keep_last=7)
    doomed = list(collecting.doomed(NOW, MONTH))
    put("ci/7", b"others")
    services.move_tag("latest", "ci/8")
    services.delete("ci/9")
    put("ci/9")
    assert [collecting.collect(one) for one in doomed] == [False, False, False]
    assert len(list(builds.all_names())) == 11


def test_versions_go_when_they_gave_way_long_ago(store: AssetStore) -> None:
    for name in ("a", "b"):
        put(name, b"one")
        put(name, b"two")
    Version.objects.filter(name="a").update(replaced_at=NOW - MONTH)
    [one] = collecting.doomed(NOW, MONTH)
    assert (one.kind, one.name) == ("version", "a")
    assert collecting.collect(one)
    assert kept(store) == {sha(b"one")}
    Version.objects.update(replaced_at=NOW - MONTH)
    assert [collecting.collect(one) for one in collecting.doomed(NOW, MONTH)] == [True]
    assert kept(store) == set()
    assert b"".join(services.read(services.find("a"))[1]) == b"two"


def test_what_a_crash_left_goes_after_a_day(store: AssetStore) -> None:
    put("a", b"one")
    put("a", b"two")
    Version.objects.all().delete()
    place = names.kept(sha(b"one"))
    now = timezone.now()
    assert gone(now) == []
    [one] = collecting.doomed(now + timedelta(days=2), MONTH)
    assert (one.kind, one.name) == ("left over", place)
    assert collecting.collect(one)
    assert kept(store) == set()


def test_what_was_left_and_is_used_again_stays(store: AssetStore) -> None:
    put("a", b"one")
    put("a", b"two")
    Version.objects.all().delete()
    [one] = collecting.doomed(timezone.now() + timedelta(days=2), MONTH)
    put("a", b"one")
    put("a", b"two")
    assert not collecting.collect(one)
    assert b"".join(services.read(services.find_version("a", sha(b"one")))[1]) == b"one"


@hypothesis_settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ages=st.lists(st.integers(0, 12), max_size=8),
    keep_last=st.none() | st.integers(0, 9),
    keep_days=st.none() | st.integers(0, 12),
    tagged=st.sets(st.integers(0, 7)),
)
def test_never_lets_go_of_what_a_rule_or_a_tag_keeps(
    directory: AssetStore, ages: list[int], keep_last: Any, keep_days: Any, tagged: set[int]
) -> None:
    for tag in Tag.objects.all():
        tag.delete()
    Asset.objects.all().delete()
    Rule.objects.all().delete()
    Rule.objects.create(prefix="ci/", keep_last=keep_last, keep_days=keep_days)
    for number, days in enumerate(ages):
        put(f"ci/{number}", days=days)
    for number in tagged & set(range(len(ages))):
        services.move_tag(f"t{number}", f"ci/{number}")
    going = {int(name.removeprefix("ci/")) for name in gone()}
    newest = sorted(range(len(ages)), key=lambda number: (ages[number], -number))
    bounded = keep_last is not None or keep_days is not None
    for rank, number in enumerate(newest):
        stays = number in tagged or not bounded
        stays = stays or (keep_last is not None and rank < keep_last)
        stays = stays or (keep_days is not None and ages[number] < keep_days)
        assert (number in going) is not stays


def test_an_upload_that_nobody_completed_goes(store: AssetStore) -> None:
    begun = services.begin("a", 5, "0" * 64, replace=False, about=services.About())
    assert isinstance(begun, Upload)
    now = timezone.now()
    assert gone(now) == []
    Upload.objects.update(expires_at=now)
    [one] = collecting.doomed(now, MONTH)
    assert (one.kind, one.name, one.size) == ("upload", "a", 5)
    assert collecting.collect(one)
    assert not collecting.collect(one)
    assert (leftovers(store), list(store.own_names("uploads"))) == ([], [])


def test_what_nobody_sends_any_more_goes_after_a_day(store: AssetStore) -> None:
    def crash() -> None:
        put_parts = store.stage("big", content_type="text/plain")
        staged = put_parts.__enter__()
        for _ in range(3):
            staged.write(b"." * 8 * 2**20)
        open_ones.append(put_parts)
        begun = services.begin("a", 5, "0" * 64, replace=False, about=services.About())
        assert isinstance(begun, Upload)
        if store.looks_are_cheap:
            services.take_part(begun, 1, io.BytesIO(b"12345"))
        Upload.objects.all().delete()

    open_ones: list[Any] = []
    crash()
    now = timezone.now()
    if store.looks_are_cheap:  # moto has every upload begun in 2010
        assert gone(now) == []
    found = list(collecting.doomed(now + timedelta(days=2), MONTH))
    assert [one.kind for one in found] == ["left over", "left over"]
    assert all(collecting.collect(one) for one in found)
    assert (leftovers(store), list(store.own_names("uploads"))) == ([], [])
    open_ones[0].__exit__(None, None, None)


def test_an_upload_that_goes_on_stays(store: AssetStore) -> None:
    services.begin("a", 5, "0" * 64, replace=False, about=services.About())
    Upload.objects.update(expires_at=timezone.now() + timedelta(days=9))
    assert gone(timezone.now() + timedelta(days=2)) == []
