"""What is kept no longer: assets by the rule for their prefix, versions that gave way long ago, what was left over.

An asset on which a tag stands is never collected. What is to go is told first, then each is looked at once more, its
name's lock held, before it goes: what was put, tagged or fetched anew meanwhile stays.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from assets import locks, stores
from assets.models import Asset, Rule, Version
from assets.services.fetching import UnknownAsset
from assets.services.removing import Tagged, delete_found, release

STEP = 1000
# left over: bytes of a version that has no row, as a crash leaves them.
Kind = Literal["asset", "version", "left over"]
LEFT_OVER_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Doomed:
    """What is to go, and why.

    pk          of the row; 0 for what is left over
    name        of the asset; of what is left over, its place in the store
    """

    kind: Kind
    pk: int
    name: str
    sha256: str
    size: int
    why: str


def doomed(now: datetime, versions_for: timedelta) -> Iterator[Doomed]:
    """All that is to go at this time, assets by name, then versions, then what is left over. Changes nothing.

    versions_for    how long bytes are kept that gave way to others
    raises          StoreAway
    """
    stores.current()
    yield from doomed_assets(list(Rule.objects.all()), now)
    versions: Any = Version.objects.here()
    replaced = versions.filter(replaced_at__lte=now - versions_for).order_by("name", "replaced_at")
    for row in replaced.iterator(STEP):
        why = f"it gave way to other bytes on {row.replaced_at:%Y-%m-%d}"
        yield Doomed("version", row.pk, row.name, row.sha256, row.size, why)
    yield from left_over(now)


def doomed_assets(rules: Sequence[Rule], now: datetime) -> Iterator[Doomed]:
    """Assets that the rule for their name keeps no longer, by name."""
    found: list[Doomed] = []
    for rule in rules:
        if rule.keep_last is not None or rule.keep_days is not None:
            found += of_rule(rule, rules, now)
    yield from sorted(found, key=lambda one: one.name.encode())


def of_rule(rule: Rule, rules: Sequence[Rule], now: datetime) -> Iterator[Doomed]:
    """What one rule lets go, the newest first."""
    rows = Asset.objects.here().below([rule.prefix])
    inner = [one.prefix for one in rules if one.prefix != rule.prefix and one.prefix.startswith(rule.prefix)]
    if inner:
        rows = rows.exclude(pk__in=Asset.objects.here().below(inner).values("pk"))
    tagged = set(rows.filter(tags__isnull=False).values_list("pk", flat=True))
    newest = rows.order_by("-created_at", "-pk").only("name", "sha256", "size", "created_at")
    for rank, row in enumerate(newest.iterator(STEP), 1):
        age = now - row.created_at
        kept = rule.keep_last is not None and rank <= rule.keep_last
        young = rule.keep_days is not None and age < timedelta(days=rule.keep_days)
        if not (kept or young or row.pk in tagged):
            why = f"it is number {rank} of {rule.prefix or 'all'} and {age.days} days old"
            yield Doomed("asset", row.pk, row.name, row.sha256, row.size, why)


def left_over(now: datetime) -> Iterator[Doomed]:
    """Bytes of versions that no row has, unless one may be about to be written."""
    for place, written_s in stores.current().own_names("versions"):
        sha256 = place.rpartition("/")[2]
        old = now.timestamp() - written_s > LEFT_OVER_AFTER.total_seconds()
        if old and not Version.objects.here().filter(sha256=sha256).exists():
            yield Doomed("left over", 0, place, sha256, 0, "no version has these bytes")


def collect(one: Doomed) -> bool:
    """Let go of it, unless it is another one by now, or tagged; whether it went. Raises Busy, StoreAway."""
    store = stores.current()
    if one.kind == "left over":
        release(store, one.sha256)
        return store.stamp(one.name) is None
    if one.kind == "version":
        with locks.held(one.name):
            gone, _ = Version.objects.here().filter(pk=one.pk, sha256=one.sha256).delete()
        release(store, one.sha256)
        return bool(gone)
    try:
        delete_found(one.name, lambda row: row.pk == one.pk and row.sha256 == one.sha256)
    except (Tagged, UnknownAsset):
        return False
    return True
