"""How the tests of the admin write records, and what they look for on its pages."""

from datetime import UTC, datetime
from typing import Any

from django.contrib.admin.utils import quote
from django.utils import timezone

from kvstore import store
from kvstore.backends import Row
from kvstore.keys import Path, path_of
from kvstore.store import history

RECORDS, NAMESPACES = "/admin/kvstore/record/", "/admin/kvstore/namespace/"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
JSON, TEXT, PNG = "application/json", "text/plain", "image/png"


def save(key: str, value: bytes = b"1", namespace: str = "default", kind: str = JSON, **more: Any) -> Path:
    path = path_of(namespace, key)
    store.put(path, store.Value(value, kind, more.pop("meta", "")), now=timezone.now(), **more)
    return path


def row(path: Path) -> Row:
    return store.get(path, timezone.now())


def page_of(path: str, what: str = "change") -> str:
    return f"{RECORDS}{quote(path)}/{what}/"


def text_of(page: Any) -> str:
    """The page, which came."""
    assert page.status_code == 200
    return str(page.content.decode())


def said(page: Any) -> str:
    """What a redirect will say."""
    assert page.status_code == 302
    return " ".join(str(message) for message in page.wsgi_request._messages)


def author(path: Path) -> str:
    return history.entries(path, 1).items[0].author
