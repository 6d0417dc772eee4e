"""The app's settings, read when used, and who may do what.

KVSTORE_MAX_VALUE_BYTES  bytes of one value, 1 MiB by default
KVSTORE_ALLOW            the actions that everyone may do where no middleware sets `request.access`; none by default
"""

from collections.abc import Sequence

from django.conf import settings
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

READ = "kv:read"
WRITE = "kv:write"
ACTIONS = (READ, WRITE)
# What surrounds a value in a body of /save: a key of 512 bytes, each written as \u00XX, the members' names, blanks.
ENVELOPE_BYTES = 8 * 2**10


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
