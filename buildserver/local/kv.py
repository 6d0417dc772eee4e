"""The key/value records of this machine, written and read through the cache that the server uses."""

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

import msgspec

from buildserver import standalone
from buildserver.remote.http import BAD_REQUEST, Refused, Unreachable
from buildserver.remote.kv import Item, Prefix, Written, in_order

LIMIT = 1000


class Records:
    """The records of one namespace, here."""

    def __init__(self, namespace: str) -> None:
        """Set Django up, once a process; raises ValueError for what is no namespace, Unreachable."""
        from django.db import DatabaseError  # noqa: PLC0415 - Django is for work on this machine only

        from kvstore import keys  # noqa: PLC0415

        keys.check_namespace(namespace)
        try:
            standalone.ready("kvstore")
        except (OSError, DatabaseError) as fault:
            raise Unreachable(f"the database of the records cannot be opened: {fault}") from None
        self._namespace = namespace

    def put(
        self, key: str, data: IO[bytes], _size: int | None, content_type: str, *, meta: Mapping[str, str],
        ttl: str | None, version: int | None,
    ) -> Written:  # fmt: skip
        """Save a value; see `remote`."""
        from django.utils import timezone  # noqa: PLC0415 - Django must be ready

        from kvstore import metadata, queries, store, values  # noqa: PLC0415
        from kvstore.conf import conf  # noqa: PLC0415

        with told():
            path = self._path(key)
            metadata.check(meta)
            value = store.Value(data.read(conf.max_value_bytes + 1), content_type, metadata.text_of(meta))
            values.check(value.data, content_type, conf.max_value_bytes)
            ttl_s, condition = queries.read_ttl(ttl), condition_of(version)
            written = store.put(path, value, ttl_s=ttl_s, condition=condition, now=timezone.now())
        return Written(key, written.version)

    def get(self, key: str) -> Iterator[bytes]:
        """The bytes of a value."""
        yield self._row(key).value

    def about(self, key: str) -> Item:
        """The record with its value."""
        row = self._row(key)
        return item_of(key, row, row.value, len(row.value))

    def delete(self, key: str, version: int | None) -> None:
        """Delete a key; see `remote`."""
        from django.utils import timezone  # noqa: PLC0415 - Django must be ready

        from kvstore import store  # noqa: PLC0415

        with told():
            store.delete(self._path(key), condition=condition_of(version), now=timezone.now())

    def entries(self, prefix: str, delimiter: str, *, values: bool) -> Iterator[Item | Prefix]:
        """Keys and common prefixes in byte order, a page at a time."""
        from django.utils import timezone  # noqa: PLC0415 - Django must be ready

        from kvstore import keys  # noqa: PLC0415
        from kvstore.store import listing  # noqa: PLC0415

        after: str | None = None
        with told():
            keys.check_prefix(prefix)
            keys.check_prefix(delimiter)
            while True:
                wanted = listing.Wanted(self._namespace, prefix, delimiter, after=after, values=values)
                page = listing.page(wanted, LIMIT, timezone.now())
                items = [item_of(found.key, found, found.value, found.size_bytes) for found in page.items]
                yield from in_order(items, list(page.prefixes))
                if page.last is None:
                    return
                after = page.last

    def _path(self, key: str) -> Any:
        from kvstore import keys  # noqa: PLC0415 - Django must be ready

        return keys.path_of(self._namespace, key)

    def _row(self, key: str) -> Any:
        from django.utils import timezone  # noqa: PLC0415 - Django must be ready

        from kvstore import store  # noqa: PLC0415

        with told():
            return store.get(self._path(key), timezone.now())


def item_of(key: str, row: Any, value: bytes | None, size: int) -> Item:
    """A row of the store as the API shows it."""
    from kvstore import metadata, values  # noqa: PLC0415 - Django must be ready

    item = Item(key, row.version, size, row.content_type, row.updated_at, row.expires_at)
    if row.meta:
        item.meta = metadata.of_text(row.meta)
    if value is not None and values.is_json(row.content_type):
        item.value = msgspec.Raw(value)
    elif value is not None:
        item.value_base64 = base64.b64encode(value).decode()
    return item


def condition_of(version: int | None) -> Any:
    """The condition of a version that must be there, 0: none."""
    from kvstore import conditions  # noqa: PLC0415 - Django must be ready

    return None if version is None else conditions.of_version(version)


@contextmanager
def told() -> Iterator[None]:
    """The faults of the app as those that a server would answer."""
    from django.db import Error  # noqa: PLC0415 - Django must be ready

    from kvstore import problems  # noqa: PLC0415
    from kvstore.cache import CacheAway  # noqa: PLC0415

    try:
        yield
    except tuple(problems.STATUS) as fault:
        raise Refused(problems.STATUS[type(fault)], str(fault)) from None
    except ValueError as fault:
        raise Refused(BAD_REQUEST, str(fault)) from None
    except CacheAway as fault:
        raise Unreachable(f"the cache is away: {fault}") from None
    except Error as fault:
        raise Unreachable(f"the database is away: {fault}") from None
