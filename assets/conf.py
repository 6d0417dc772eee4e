"""The settings of the app, read when they are used, and who may do what."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.module_loading import import_string

from assets import locations

READ = "assets:read"
WRITE = "assets:write"
ACTIONS = (READ, WRITE)


class Conf:
    """One property for each setting, with its default and its unit."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        self._lock = threading.RLock()
        self._prepared = self._preparing = ""

    @property
    def url(self) -> str:
        """ASSETS_URL, `var/assets`: the store, as `locations` reads it."""
        return str(getattr(settings, "ASSETS_URL", "var/assets"))

    @property
    def location(self) -> locations.Directory | locations.Bucket:
        """The store that ASSETS_URL names; raises BadLocation."""
        return locations.read(self.url)

    @property
    def home(self) -> Path:
        """ASSETS_HOME, the working directory: what a relative path in ASSETS_URL is relative to."""
        return Path(getattr(settings, "ASSETS_HOME", None) or Path.cwd())

    @property
    def max_bytes(self) -> int:
        """ASSETS_MAX_BYTES, 5 GiB: the largest asset."""
        return int(getattr(settings, "ASSETS_MAX_BYTES", 5 * 2**30))

    @property
    def min_free_bytes(self) -> int:
        """ASSETS_MIN_FREE_BYTES, 1 GiB: what a directory's disk must keep free."""
        return int(getattr(settings, "ASSETS_MIN_FREE_BYTES", 2**30))

    @property
    def database(self) -> str:
        """ASSETS_DATABASE, `default`: the alias of the database that holds the index."""
        return str(getattr(settings, "ASSETS_DATABASE", "default"))

    @property
    def allow(self) -> Sequence[str]:
        """ASSETS_ALLOW, none: the actions that everyone may do where no middleware sets `request.access`."""
        return tuple(getattr(settings, "ASSETS_ALLOW", ()))

    @property
    def prepare_path(self) -> str:
        """ASSETS_PREPARE, none: the dotted path of a function called once a process before store or index is used."""
        return str(getattr(settings, "ASSETS_PREPARE", ""))

    def prepare(self) -> None:
        """Call ASSETS_PREPARE if this process did not; it may use store and index itself, other threads wait for it."""
        path = self.prepare_path
        if not path or self._prepared == path:
            return
        with self._lock:
            if path not in (self._prepared, self._preparing):
                self._preparing = path
                try:
                    import_string(path)()
                    self._prepared = path
                finally:
                    self._preparing = ""


conf = Conf()


def require(request: HttpRequest, action: str, name: str | None = None) -> None:
    """Pass, or raise what the project answers with 401 or 403.

    action    READ or WRITE
    name      of the asset; None where any narrowing will do (lists are then filtered)
    """
    access: Any = getattr(request, "access", None)
    if access is not None:
        access.require(action, name)
    elif action not in conf.allow:
        raise PermissionDenied(f"{action} is allowed to nobody: set request.access in a middleware, or ASSETS_ALLOW")


def places(request: HttpRequest, action: str) -> list[str] | None:
    """The prefixes that the sender's `action` is narrowed to; None: it is not narrowed."""
    access: Any = getattr(request, "access", None)
    return None if access is None else access.places(action)


def sender(request: HttpRequest) -> str:
    """The name of who asks, empty where the project knows none."""
    return str(getattr(getattr(request, "access", None), "name", None) or "")
