"""A record as an answer: the headers and the bytes, for the views and for what answers before them."""

from datetime import UTC, datetime

import msgspec
from django.utils.http import http_date

from kvstore import conditions, metadata
from kvstore.backends import Row

# What is stored is nobody's page of this host, and is not to be taken for another type than it was sent as.
STORED = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox",
    "Content-Disposition": "attachment",
}


def revision_headers(revision: int) -> dict[str, str]:
    """What every answer about a key carries. Nothing between here and the client may keep it: it would be stale."""
    return {"X-KV-Revision": str(revision), "Cache-Control": "no-store"}


def enveloped(key: str, row: Row) -> bytes:
    """The answer of `/get`: a JSON value with its bytes as they were saved."""
    shown = {"key": key, "value": msgspec.Raw(row.value), "version": row.version, "expires_at": row.expires_at}
    return msgspec.json.encode(shown)


def record_headers(version: int, revision: int, updated_at: datetime, expires_at: datetime | None) -> dict[str, str]:
    """What goes with a value, and with the news that it has not changed. A copy is to be checked before each use."""
    headers = {
        **revision_headers(revision),
        "Cache-Control": "no-cache",
        "ETag": conditions.etag_of(version),
        "Last-Modified": http_date(updated_at.astimezone(UTC).timestamp()),
    }
    if expires_at is not None:
        headers["Expires"] = http_date(expires_at.timestamp())
    return headers


def value_headers(meta: str) -> dict[str, str]:
    """What goes with the bytes of a value beside its type."""
    return STORED | metadata.headers_of(meta) if meta else STORED
