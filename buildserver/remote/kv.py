"""The key/value records of a server."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import IO
from urllib.parse import quote

import msgspec
from msgspec import UNSET, Raw, UnsetType

from buildserver.remote.http import NOT_FOUND, Refused, Server
from kvstore import keys, metadata, values

LIMIT = "1000"


class Item(msgspec.Struct, omit_defaults=True):
    """A record as lists have it: JSON values keep their bytes, others are in base64."""

    key: str
    version: int
    size: int
    content_type: str
    updated_at: datetime
    expires_at: datetime | None
    meta: dict[str, str] | UnsetType = UNSET
    value: Raw | UnsetType = UNSET
    value_base64: str | UnsetType = UNSET


class Prefix(msgspec.Struct):
    """What several keys begin with, up to a delimiter."""

    prefix: str


class Written(msgspec.Struct):
    """A saved value's version."""

    key: str
    version: int


class Page(msgspec.Struct):
    """A page of a list."""

    items: list[Item]
    prefixes: list[str]
    next: str | None


class Records:
    """The records of one namespace, there."""

    def __init__(self, server: Server, namespace: str) -> None:
        """Raises ValueError for what is no namespace."""
        keys.check_namespace(namespace)
        self._server = server
        self._namespace = namespace
        self._keys = f"/api/v1/namespaces/{namespace}/keys"

    def put(
        self, key: str, data: IO[bytes], size: int | None, content_type: str, *, meta: Mapping[str, str],
        ttl: str | None, version: int | None,
    ) -> Written:  # fmt: skip
        """Save a value.

        size     of the data, None where it is not known
        ttl      seconds until it expires; None: it stays
        version  that must be there now, 0: none; None: whatever is there
        """
        metadata.check(meta)
        if fault := values.content_type_fault(content_type):
            raise ValueError(fault)
        headers: dict[str, str | bytes] = {"Content-Type": content_type, **condition_of(version)}
        headers |= {f"X-Meta-{name}": value.encode() for name, value in meta.items()}
        answer = self._server.send(self._path(key), {"ttl": ttl} if ttl else {}, data, size, headers)
        return self._server.read(answer, Written)

    def get(self, key: str) -> Iterator[bytes]:
        """The bytes of a value."""
        yield from self._server.pieces(self._server.ask("GET", self._path(key), {}))

    def about(self, key: str) -> Item:
        """The record with its value."""
        keys.check_key(key)
        # Of all keys that begin with it a key is the first.
        for item in self._page({"prefix": key, "limit": "1", "values": "true"}).items:
            if item.key == key:
                return item
        raise Refused(NOT_FOUND, f"there is no key {key} in the namespace {self._namespace}")

    def delete(self, key: str, version: int | None) -> None:
        """Delete a key, where it has this version if one is given."""
        self._server.ask("DELETE", self._path(key), {}, headers=condition_of(version)).read()

    def entries(self, prefix: str, delimiter: str, *, values: bool) -> Iterator[Item | Prefix]:
        """Keys and common prefixes in byte order, asked a page at a time; raises ValueError for what none can be."""
        keys.check_prefix(prefix)
        keys.check_prefix(delimiter)
        query = {"prefix": prefix, "delimiter": delimiter, "limit": LIMIT, "values": str(values).lower()}
        while True:
            page = self._page(query)
            yield from in_order(page.items, page.prefixes)
            if not page.next:
                return
            query["cursor"] = page.next

    def _page(self, query: dict[str, str]) -> Page:
        return self._server.read(self._server.ask("GET", self._keys, query), Page)

    def _path(self, key: str) -> str:
        """Raises ValueError for what is no key."""
        keys.check_key(key)
        return f"{self._keys}/{quote(key, safe='')}"


def condition_of(version: int | None) -> dict[str, str | bytes]:
    """The header for a version that must be there, 0: none."""
    if version is None:
        return {}
    return {"If-Match": f'"{version}"'} if version else {"If-None-Match": "*"}


def in_order(items: Iterator[Item] | list[Item], prefixes: list[str]) -> list[Item | Prefix]:
    """The keys and common prefixes of a page as one list."""
    entries = [(item.key, item) for item in items] + [(prefix, Prefix(prefix)) for prefix in prefixes]
    return [entry for _, entry in sorted(entries, key=lambda entry: entry[0].encode())]
