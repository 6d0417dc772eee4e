"""Who asks, and what they may: keys in headers, `request.access` for the apps, closed routes."""

import base64
import binascii
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from buildserver import problems
from buildserver.keys import Key

BASIC_ROUTES = "/buildcache/"
# What the OpenAPI document says needs no key; CLOSED_ROUTES closes any of them.
OPEN_ROUTES = (
    *("/ping", "/healthz", "/readyz", "/status", "/process", "/productionplan"),
    *("/api/v1/plans/curve", "/api/v1/plans/compare"),
)
OPEN_IN_PART = (("POST", "/api/v1/plans"),)  # with ?store=false


class Access:
    """What the sender of one request may do, by the key it sent. Looked up when first asked."""

    def __init__(self, request: HttpRequest) -> None:
        """Of this request."""
        self._meta = request.META
        self._basic = request.path_info.startswith(BASIC_ROUTES)
        self._key: Key | None = None
        self._looked = False

    @property
    def key(self) -> Key | None:
        """The valid key that was sent, or None."""
        if not self._looked:
            sent = sent_key(self._meta, basic=self._basic)
            self._key = settings.PRESHARED.find(sent) if sent else None
            self._looked = True
        return self._key

    @property
    def name(self) -> str | None:
        """The name of the key, or None."""
        return self.key.name if self.key else None

    def require_key(self) -> Key:
        """Any valid key, or NotAuthenticated (401)."""
        if self.key is None:
            raise exceptions.NotAuthenticated("no valid key: send Authorization: Bearer <key>, or X-API-Key: <key>")
        return self.key

    def allows(self, action: str, resource: str | None = None) -> bool:
        """Whether the key has the scope `action`, for `resource` where one is given."""
        return self.key is not None and any(
            scope.allows(action) and (resource is None or scope.covers(resource)) for scope in self.key.scopes
        )

    def require(self, action: str, resource: str | None = None) -> None:
        """Pass, or raise NotAuthenticated (401) or PermissionDenied (403).

        action    a scope such as `kv:write`
        resource  `namespace/key`, an asset's name; None where any narrowing will do (lists are then filtered)
        """
        key = self.require_key()
        if not self.allows(action, resource):
            where = f" on {resource}" if resource is not None and self.allows(action) else ""
            raise exceptions.PermissionDenied(f"the key {key.name} lacks the scope {action}{where}")

    def places(self, action: str) -> list[str] | None:
        """The prefixes that the key's scopes narrow `action` to; None: it is not narrowed."""
        scopes = [scope for scope in (self.key.scopes if self.key else ()) if scope.allows(action)]
        return None if any(not scope.place for scope in scopes) else [scope.place for scope in scopes]


def of(request: Any) -> Access:
    """The access of a request that came through the middleware."""
    found: Access = request.access
    return found


def sent_key(meta: dict[str, str], *, basic: bool) -> str:
    """The text of the key in the headers, or an empty one; Basic's password where tools can send nothing else."""
    scheme, _, value = meta.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if basic and scheme.lower() == "basic":
        try:
            return base64.b64decode(value.strip(), validate=True).decode("latin-1").partition(":")[2]
        except binascii.Error:
            return ""
    return meta.get("HTTP_X_API_KEY", "").strip()


def is_closed(path: str) -> bool:
    """Whether CLOSED_ROUTES closes the path to those without a key."""
    return path.startswith(tuple(settings.CLOSED_ROUTES))


def challenge(path: str) -> str:
    """The WWW-Authenticate of a 401 on this path."""
    return 'Bearer, Basic realm="buildcache"' if path.startswith(BASIC_ROUTES) else "Bearer"


def refuse_closed_file(request: HttpRequest) -> HttpResponseBase | None:
    """401 for a static file that CLOSED_ROUTES closes; routes are looked at in BeforeTheView."""
    path = request.path_info
    if settings.CLOSED_ROUTES and path.startswith(settings.STATIC_URL) and is_closed(path) and of(request).key is None:
        return problems.answer(request, 401, "no valid key", headers={"WWW-Authenticate": challenge(path)})
    return None


class KeyAuthentication(BaseAuthentication):
    """Names the scheme, without which DRF turns each 401 into a 403. Views ask `request.access`."""

    def authenticate(self, _request: Request) -> None:
        """Nobody is refused here: open routes need no key, and a wrong one does not matter there."""
        return

    def authenticate_header(self, request: Request) -> str:
        """The value of WWW-Authenticate."""
        return challenge(request.path_info)


class BeforeTheView(BasePermission):
    """What DRF does not check before a view, in the order of the contract: wrong verb, then closed routes."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """True, or MethodNotAllowed, NotAuthenticated, PermissionDenied."""
        plain = request._request  # noqa: SLF001 - DRF's looks for each attribute in itself first, and fails to find it
        if plain.method not in view.allowed_methods:
            raise exceptions.MethodNotAllowed(str(plain.method))
        if is_closed(plain.path_info):
            scope = getattr(view, "closed_scope", None)
            of(plain).require(scope) if scope else of(plain).require_key()
        return True
