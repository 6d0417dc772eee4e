"""Names that move from asset to asset."""

from django.db import transaction
from django.utils import timezone

from assets import labels
from assets.conf import conf
from assets.models import Asset, Tag


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


def move_tag(name: str, asset: Asset, moved_by: str = "") -> bool:
    """Have the tag stand on the asset; whether it is new. Raises BadTag."""
    labels.check_tag(name)
    values = {"asset": asset, "moved_at": timezone.now(), "moved_by": moved_by}
    with transaction.atomic(using=conf.database):
        _, created = Tag.objects.update_or_create(store=conf.location.identity, name=name, defaults=values)
    return created


def remove_tag(name: str) -> None:
    """Raises BadTag, UnknownTag."""
    find_tag(name).delete()
