"""The app's settings, read when used, and who may do what.

KVSTORE_MAX_VALUE_BYTES  bytes of one value, 1 MiB by default
KVSTORE_HISTORY_COUNT    changes of one key that its history keeps, 20 by default
KVSTORE_HISTORY_DAYS     how long the log of changes and with it the history is kept, 30 by default
KVSTORE_WATCHERS         what gives a request that waits its place, as a dotted path; without it nobody can wait
KVSTORE_ALLOW            the actions that everyone may do where no middleware sets `request.access`; none by default
KVSTORE_CACHE_URL        none:// (the default), shm://, redis://host:port/number, rediss://…, memory://
KVSTORE_CACHE_FILE       the file of shm://, by default beside that of a sqlite database
KVSTORE_CACHE_BYTES      bytes of the rows that a process keeps with shm:// or memory://, 64 MiB by default
KVSTORE_PROCESSES        how many processes serve, 1 by default
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.apps import apps
from django.conf import settings
from django.db import connections, router
from django.db.utils import load_backend
from django.http import HttpRequest
from django.utils.module_loading import import_string
from rest_framework.exceptions import PermissionDenied

READ = "kv:read"
WRITE = "kv:write"
ADMIN = "admin"
ACTIONS = (READ, WRITE, ADMIN)
# What surrounds a value in a body of /save: a key of 512 bytes, each written as \u00XX, the members' names, blanks.
ENVELOPE_BYTES = 8 * 2**10
TXN_BYTES = 16 * 2**20
# Of values in one statement, unless a single value has more.
STATEMENT_BYTES = 4 * 2**20


class Conf:
    """One property a setting."""

    @property
    def max_value_bytes(self) -> int:
        """The largest value, in bytes."""
        return int(getattr(settings, "KVSTORE_MAX_VALUE_BYTES", 2**20))

    @property
    def max_body_bytes(self) -> int:
        """The largest body of /save, in bytes: a value and what surrounds it."""
        return self.max_value_bytes + ENVELOPE_BYTES

    @property
    def max_txn_bytes(self) -> int:
        """The largest body of a txn, in bytes."""
        return max(self.max_body_bytes, TXN_BYTES)

    @property
    def history_count(self) -> int:
        """Changes of one key that its history keeps."""
        return int(getattr(settings, "KVSTORE_HISTORY_COUNT", 20))

    @property
    def history_days(self) -> int:
        """Days that the log is kept."""
        return int(getattr(settings, "KVSTORE_HISTORY_DAYS", 30))

    @property
    def take_place(self) -> Callable[[HttpRequest], Any] | None:
        """What gives a request that waits its place, which has `over()`, `cut()` and `close()`, or answers 503."""
        name = getattr(settings, "KVSTORE_WATCHERS", None)
        return None if name is None else import_string(name)

    @property
    def allow(self) -> Sequence[str]:
        """The actions of a project without access control of its own."""
        return tuple(getattr(settings, "KVSTORE_ALLOW", ()))

    @property
    def cache_url(self) -> str:
        """Which cache, by its scheme, and where."""
        return str(getattr(settings, "KVSTORE_CACHE_URL", "none://"))

    @property
    def cache_file(self) -> str:
        """The file of shm://; empty: there can be none, or none was named for a database without a file."""
        database = self._database
        chosen = str(getattr(settings, "KVSTORE_CACHE_FILE", ""))
        return self._file_beside(database["ENGINE"], str(database["NAME"]), chosen)

    @property
    def cache_bytes(self) -> int:
        """What a process keeps, in bytes."""
        return int(getattr(settings, "KVSTORE_CACHE_BYTES", 64 * 2**20))

    @property
    def processes(self) -> int:
        """How many processes serve."""
        return int(getattr(settings, "KVSTORE_PROCESSES", 1))

    @property
    def database_is_apart(self) -> bool:
        """Whether the database of the records is another process, which may commit for a writer that is gone."""
        return self._vendor(self._database["ENGINE"]) != "sqlite"

    @property
    def _database(self) -> Mapping[str, Any]:
        """The settings of the database of the records."""
        databases: Mapping[str, Mapping[str, Any]] = connections.settings
        return databases[router.db_for_write(apps.get_model("kvstore", "Record"))]

    @staticmethod
    @cache
    def _vendor(engine: str) -> str:
        return str(load_backend(engine).DatabaseWrapper.vendor)

    @staticmethod
    @cache
    def _file_beside(engine: str, name: str, chosen: str) -> str:
        """By the real name, as sqlite names its own files: who reaches the database by a link meets the others."""
        if Conf._vendor(engine) != "sqlite":
            return chosen
        if name in ("", ":memory:") or "mode=memory" in name:
            return ""
        path = unquote(urlsplit(name).path) if name.startswith("file:") else name
        return chosen or f"{Path(path).resolve()}.kvcache"


conf = Conf()


def require_access(request: HttpRequest, action: str, resource: str | None = None) -> None:
    """Pass, or raise what the project's access raises; without one, PermissionDenied (403) by KVSTORE_ALLOW.

    action    READ or WRITE
    resource  `namespace/key`; None before the key is known: any narrowing will do
    """
    access = getattr(request, "access", None)
    if access is not None:
        access.require(action, resource)
    elif action not in conf.allow:
        raise PermissionDenied(f"{action} is allowed to nobody: set request.access in a middleware, or KVSTORE_ALLOW")


def places_of(request: HttpRequest, action: str) -> list[str] | None:
    """The starts of paths, or whole namespaces, that the sender's `action` is narrowed to; None: it is not narrowed."""
    access: Any = getattr(request, "access", None)
    return None if access is None else access.places(action)


def sender_of(request: HttpRequest) -> str:
    """The name of who asks, empty where the project knows none."""
    return str(getattr(getattr(request, "access", None), "name", None) or "")
