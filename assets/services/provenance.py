"""Statements about assets."""

from django.db import transaction
from django.utils import timezone

from assets import statements
from assets.conf import conf
from assets.models import Provenance
from assets.services.fetching import find_version


class NoProvenance(LookupError):
    """Nobody stated anything about these bytes."""


def state(name: str, sha256: str, statement: bytes, content_type: str, created_by: str = "") -> bool:
    """Keep a statement about bytes that the name has or had, in the place of an earlier one; whether it is the first.

    raises    BadName, UnknownAsset, BadStatement, OtherSubject
    """
    stored = find_version(name, sha256)
    statements.check(statement, stored.sha256)
    values = {
        "statement": statement, "content_type": content_type, "created_at": timezone.now(), "created_by": created_by,
    }  # fmt: skip
    with transaction.atomic(using=conf.database):
        _, created = Provenance.objects.update_or_create(
            store=conf.location.identity, name=name, sha256=stored.sha256, defaults=values
        )
    return created


def stated(name: str, sha256: str) -> Provenance:
    """The statement; raises BadName, UnknownAsset, NoProvenance."""
    stored = find_version(name, sha256)
    rows = Provenance.objects.filter(store=conf.location.identity, name=name, sha256=stored.sha256)
    if (found := rows.first()) is None:
        raise NoProvenance(f"nobody stated anything about {name!r} with sha256 {stored.sha256}")
    return found


def withdraw(name: str, sha256: str | None = None) -> None:
    """Forget what was stated about these bytes, None: about all that the name had."""
    rows = Provenance.objects.filter(store=conf.location.identity, name=name)
    (rows if sha256 is None else rows.filter(sha256=sha256)).delete()
