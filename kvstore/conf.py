"""The app's settings, read when used, and who may do what.

KVSTORE_MAX_VALUE_BYTES  bytes of one value, 1 MiB by default
KVSTORE_HISTORY_COUNT    changes of one key that its history keeps, 20 by default
KVSTORE_HISTORY_DAYS     how long the log of changes and with it the history is kept, 30 by default
KVSTORE_WATCHERS         what gives a request that waits its place, as a dotted path; without it nobody can wait
KVSTORE_ALLOW            the actions that everyone may do where no middleware sets `request.access`; none by default
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

READ = "kv:read"
WRITE = "kv:write"
ADMIN = "admin"
ACTIONS = (READ, WRITE, ADMIN)
# What surrounds a value in a body of /save: a key of 512 bytes, each written as \u00XX, the members' names, blanks.
ENVELOPE_BYTES = 8 * 2**10
TXN_BYTES = 16 * 2**20


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
    def take_place(self) -> Callable[[Request], Any] | None:
        """What gives a request that waits its place, which has `over()`, `cut()` and `close()`, or answers 503."""
        name = getattr(settings, "KVSTORE_WATCHERS", None)
        return None if name is None else import_string(name)

    @property
    def allow(self) -> Sequence[str]:
        """The actions of a project without access control of its own."""
        return tuple(getattr(settings, "KVSTORE_ALLOW", ()))


conf = Conf()


def require_access(request: Request, action: str, resource: str | None = None) -> None:
    """Pass, or raise what the project's access raises; without one, PermissionDenied (403) by KVSTORE_ALLOW.

    action    READ or WRITE
    resource  `namespace/key`; None before the key is known: any narrowing will do
    """
    access = getattr(request, "access", None)
    if access is not None:
        access.require(action, resource)
    elif action not in conf.allow:
        raise PermissionDenied(f"{action} is allowed to nobody: set request.access in a middleware, or KVSTORE_ALLOW")


def places_of(request: Request, action: str) -> list[str] | None:
    """The starts of paths, or whole namespaces, that the sender's `action` is narrowed to; None: it is not narrowed."""
    access: Any = getattr(request, "access", None)
    return None if access is None else access.places(action)


def sender_of(request: Request) -> str:
    """The name of who asks, empty where the project knows none."""
    return str(getattr(getattr(request, "access", None), "name", None) or "")
