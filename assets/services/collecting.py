"""What is kept no longer: assets by the rule for their prefix, versions that gave way long ago, what was left over.

An asset on which a tag stands is never collected. What is to go is told first, then each is looked at once more, its
name's lock held, before it goes: what was put, tagged or fetched anew meanwhile stays.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from assets import locks, stores
from assets.conf import conf
from assets.models import Asset, Rule, Upload, Version
from assets.services.fetching import UnknownAsset
from assets.services.provenance import withdraw
from assets.services.removing import Tagged, delete_found, release
from assets.services.uploading import expired, forget
from assets.stores.base import Stray

STEP = 1000
# upload: it has expired; left over: bytes that no row speaks of, as a crash leaves them.
Kind = Literal["asset", "version", "upload", "left over"]
KINDS: tuple[Kind, ...] = ("asset", "version", "upload", "left over")
LEFT_OVER_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Doomed:
    """What is to go, and why.

    pk          of the row; None for what is left over
    stray       what is left over of a put or an upload
    name        of the asset; of what is left over, its place in the store
    """

    kind: Kind
    pk: Any
    name: str
    sha256: str
    size: int
    why: str
    stray: Stray | None = None


def doomed(now: datetime, versions_for: timedelta) -> Iterator[Doomed]:
    """All that is to go at this time: assets by name, versions, uploads, what is left over. Changes nothing.

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
    yield from expired_uploads(now)
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


def expired_uploads(now: datetime) -> Iterator[Doomed]:
    """Those that nobody completed."""
    for upload in expired(now).order_by("expires_at"):
        why = f"it expired on {upload.expires_at:%Y-%m-%d}, {upload.get_state_display()}"
        yield Doomed("upload", upload.pk, upload.name, upload.sha256, upload.size, why)


def left_over(now: datetime) -> Iterator[Doomed]:
    """Bytes that no row speaks of, unless one may be about to be written."""
    store, before_s = stores.current(), (now - LEFT_OVER_AFTER).timestamp()
    for place, written_s in store.own_names("versions"):
        sha256 = place.rpartition("/")[2]
        if written_s < before_s and not Version.objects.here().filter(sha256=sha256).exists():
            yield Doomed("left over", None, place, sha256, 0, "no version has these bytes")
    known = set(Upload.objects.filter(store=conf.location.identity).values_list("pk", flat=True))
    for stray in store.strays():
        if stray.begun_s < before_s and stray.upload not in known:
            why = "nobody sends the rest of it"
            yield Doomed("left over", None, stray.name, "", stray.size_bytes, why, stray)


def collect(one: Doomed) -> bool:
    """Let go of it, unless it is another one by now, or tagged; whether it went. Raises Busy, StoreAway."""
    store = stores.current()
    if one.stray:
        store.drop_stray(one.stray)
        return True
    if one.kind == "left over":
        release(store, one.sha256)
        return store.stamp(one.name) is None
    if one.kind == "upload":
        return forget(one.pk)
    if one.kind == "version":
        with locks.held(one.name):
            gone, _ = Version.objects.here().filter(pk=one.pk, sha256=one.sha256).delete()
            if gone:
                withdraw(one.name, one.sha256)
        release(store, one.sha256)
        return bool(gone)
    try:
        delete_found(one.name, lambda row: row.pk == one.pk and row.sha256 == one.sha256)
    except (Tagged, UnknownAsset):
        return False
    return True
