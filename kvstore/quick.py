"""Reads that the cache of this process answers, before a request object or a view is made for them.

`GET` of `/get?key=K`, `/get/K` and `/api/v1/namespaces/{ns}/keys/{key}`, spelled plainly, with nothing unusual asked.
Everything else, and every refusal, is left to the views, whose answers this gives byte for byte.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from kvstore import shown, values
from kvstore.cache import cache
from kvstore.keys import Path

# Keys that need no escapes in a path or a query, in which a plus is a blank.
KEY = r"[A-Za-z0-9._~:@!$'()*,;/-]{1,512}"
IN_QUERY = re.compile(rf"key=({KEY})")
PLAIN = re.compile(rf"/get/({KEY})")
RECORD = re.compile(rf"/api/v1/namespaces/([a-z0-9][a-z0-9._-]{{0,63}}/)keys/({KEY})")
DEFAULT = "default/"
# A path of each route that is answered here, for who wants to know more about the route.
BY_QUERY, BY_PATH, BY_NAMESPACE = "/get", "/get/key", "/api/v1/namespaces/default/keys/key"
ROUTES = (BY_QUERY, BY_PATH, BY_NAMESPACE)
# Headers that make the answer another one.
UNUSUAL = ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_RANGE")


class Found(NamedTuple):
    """A record to be shown: which, and by which of ROUTES."""

    path: Path
    key: str
    route: str


class Quick(NamedTuple):
    """The answer, 200: its type, its other headers, its bytes."""

    content_type: str
    headers: Mapping[str, str]
    body: bytes


def found(environ: Mapping[str, Any]) -> Found | None:
    """Which record a WSGI environment asks for; None: a view is to say, or answer."""
    path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
    if not cache().peeks or any(name in environ for name in UNUSUAL):
        return None
    if path == "/get":
        match = IN_QUERY.fullmatch(query)
        return Found(Path(DEFAULT + match[1]), match[1], BY_QUERY) if match else None
    if query:
        return None
    if match := RECORD.fullmatch(path):
        return Found(Path(match[1] + match[2]), match[2], BY_NAMESPACE)
    if match := PLAIN.fullmatch(path):
        return Found(Path(DEFAULT + match[1]), match[1], BY_PATH)
    return None


def answer(asked: Found, now: datetime) -> Quick | None:
    """The record as the view would show it; None where this process does not know it, or the view refuses it."""
    hit, row = cache().peek(asked.path)
    if not hit or row is None or not row.lives(now):
        return None
    if asked.route == BY_NAMESPACE:
        headers = shown.record_headers(row.version, row.revision, row.updated_at, row.expires_at)
        return Quick(row.content_type, headers | shown.value_headers(row.meta), row.value)
    if not values.is_json(row.content_type):
        return None
    return Quick(values.JSON, shown.revision_headers(row.revision), shown.enveloped(asked.key, row))
