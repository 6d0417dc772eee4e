"""Names that move from asset to asset."""

from collections.abc import Callable

from django.db import IntegrityError, transaction
from django.utils import timezone

from assets import labels
from assets.conf import conf
from assets.models import Tag
from assets.services.fetching import UnknownAsset, find


class UnknownTag(LookupError):
    """There is no tag of this name."""


def find_tag(name: str) -> Tag:
    """The tag and its asset; raises BadTag, UnknownTag."""
    labels.check_tag(name)
    conf.prepare()
    tag = Tag.objects.filter(store=conf.location.identity, name=name).select_related("asset").first()
    if tag is None:
        raise UnknownTag(f"there is no tag {name}")
    return tag


def move_tag(
    name: str, asset_name: str, moved_by: str = "", allow: Callable[[str], None] = lambda _: None
) -> tuple[Tag, bool]:
    """Have the tag stand on the asset: the tag, and whether it is new.

    allow     called with the name of the asset that it stood on; what it raises passes through
    raises    BadTag, BadName, UnknownAsset
    """
    labels.check_tag(name)
    asset = find(asset_name)
    with transaction.atomic(using=conf.database):
        rows = Tag.objects.select_for_update().filter(store=conf.location.identity, name=name)
        tag = rows.select_related("asset").first()
        if tag:
            allow(tag.asset.name)
        moved = tag or Tag(store=conf.location.identity, name=name)
        moved.asset, moved.moved_at, moved.moved_by = asset, timezone.now(), moved_by
        try:
            with transaction.atomic(using=conf.database):
                moved.save()
        except IntegrityError:
            raise UnknownAsset(f"{asset_name!r} was deleted, or the tag made, at this moment: try again") from None
    return moved, tag is None
