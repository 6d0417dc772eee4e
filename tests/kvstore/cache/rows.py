"""Rows as the database might have them, whatever columns there come to be."""

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from kvstore.backends import Row

WHEN = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)


def row(revision: int, value: bytes = b"value") -> Row:
    """One of this revision, which is also its version."""
    columns: dict[str, Any] = {
        "value": value,
        "content_type": "text/plain",
        "meta": '{"by": "ключ"}',
        "version": revision,
        "revision": revision,
        "expires_at": WHEN,
        "updated_at": WHEN,
        "deleted": False,
    }
    return Row(**{field.name: columns[field.name] for field in fields(Row)})


def owner() -> str:
    """Whose rows are in Redis."""
    return "kvstore"
