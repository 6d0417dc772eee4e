"""What the views share: the faults of the store as problems, who asks, keys in URLs, JSON answers."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.response import Response
from rest_framework.views import APIView

from kvstore import keys, values
from kvstore.conf import places_of, require_access
from kvstore.problems import Problem, answer_of
from kvstore.shown import revision_headers


class KeyValueView(APIView):
    """Answers the faults of the store, and calls its methods past what DRF does around each.

    Where the project's middleware has set `request.access`, which each method asks, DRF's authentication, permissions
    and throttles have nothing to say, and its request and negotiation are for parsers and renderers that are not used
    here: together they cost as much as a read. Refusals go DRF's whole way, as all does in a project without it.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The answer of the method, or its refusal."""
        name = str(request.method).lower()
        if name not in self.http_method_names or not hasattr(request, "access"):
            return super().dispatch(request, *args, **kwargs)
        try:
            response: HttpResponseBase = getattr(self, name)(request, *args, **kwargs)
        except Exception as fault:  # noqa: BLE001 - DRF raises again what it does not know
            return self.refused(request, fault)
        response.headers.setdefault("Allow", allow_of(type(self)))  # type: ignore[arg-type]  # a class can be hashed
        return response

    def refused(self, request: HttpRequest, fault: Exception) -> HttpResponseBase:
        """The answer to a fault as DRF gives it; raises one that is none of ours or of DRF's."""
        self.request = self.initialize_request(getattr(request, "_request", request))
        self.headers = self.default_response_headers
        return self.finalize_response(self.request, self.handle_exception(fault))

    def handle_exception(self, fault: Exception) -> Response:
        """Those that are ours, then the project's."""
        return super().handle_exception(answer_of(fault))


@cache
def allow_of(view_class: type[APIView]) -> str:
    """The methods that the view has, as DRF tells them in each answer."""
    view = view_class()
    view.setup(HttpRequest())  # what has GET has HEAD from here on
    return ", ".join(view.allowed_methods)


def body_of(request: HttpRequest, max_bytes: int, kind: str | None = None) -> bytes:
    """The body, past DRF's parsers, of which none keeps bytes and each costs more than what is read.

    kind    the media type that is taken, None: any; without a body none need be declared
    raises  UnsupportedMediaType; Problem (413), before it is read where its length is declared
    """
    meta = request.META
    length = meta.get("CONTENT_LENGTH") or ""
    declared = int(length) if length.isascii() and length.isdecimal() else 0  # not every server looks at it
    sent_type = meta.get("CONTENT_TYPE") or ""
    if kind is not None and (declared or sent_type) and sent_type.partition(";")[0].strip().lower() != kind:
        raise UnsupportedMediaType(sent_type)
    if declared > max_bytes:
        raise Problem(413, f"the body has {declared} bytes; at most {max_bytes} are allowed")
    body: bytes = request.read() if declared else b""
    if len(body) > max_bytes:  # a chunked one declares nothing
        raise Problem(413, f"the body has more than {max_bytes} bytes, which is what is allowed")
    return body


def path_of(request: HttpRequest, action: str, namespace: str, key: str) -> keys.Path:
    """A key at the end of a URL, as a path that `action` may touch.

    raises  what access raises; ValidationError (400); Problem 414
    """
    require_access(request, action, f"{namespace}/{key}")
    try:
        return keys.path_of(namespace, key)
    except keys.KeyTooLong as fault:
        raise Problem(414, str(fault)) from None


def enter(request: HttpRequest, action: str, namespace: str) -> list[str] | None:
    """The places in a namespace that `action` may touch, None for all of it.

    raises  what access raises, also where there is no such place
    """
    require_access(request, action)
    places = places_of(request, action)
    if places is not None and not keys.narrowed(f"{namespace}/", places):
        require_access(request, action, f"{namespace}/")
    return places


def namespace_of(request: HttpRequest, action: str, namespace: str) -> list[str] | None:
    """As `enter`; raises BadNamespace (400) too."""
    places = enter(request, action, namespace)
    keys.check_namespace(namespace)
    return places


def answer(shown: Mapping[str, object] | msgspec.Raw, revision: int | None, status: int = 200) -> HttpResponse:
    """JSON; a `msgspec.Raw` in it goes out byte for byte."""
    body = msgspec.json.encode(shown)
    headers = {"Cache-Control": "no-store"} if revision is None else revision_headers(revision)
    return HttpResponse(body, status=status, content_type=values.JSON, headers=headers)


def bare(status: int, headers: Mapping[str, str]) -> HttpResponse:
    """An answer without a body, and so of no type."""
    response = HttpResponse(status=status, headers=headers)
    del response.headers["Content-Type"]
    return response
