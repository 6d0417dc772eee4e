"""The name of the database of the records, kept in it, for what lies outside of it and is shared with others."""

import secrets

from django.db import router

from kvstore.models import Identity

ONLY_ROW = 1


def name_of_database() -> str:
    """`kvstore:` and 32 hex digits, drawn when first asked for; a copy of the database has the same.

    Raises what the database raises.
    """
    rows = Identity.objects.using(router.db_for_write(Identity))
    row, _ = rows.get_or_create(pk=ONLY_ROW, defaults={"text": secrets.token_hex(16)})
    return f"kvstore:{row.text}"
