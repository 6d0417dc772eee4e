"""What the views share: the faults of the store as problems, who asks, keys in URLs, JSON answers."""

from collections.abc import Mapping
from typing import IO, Any

import msgspec
from django.http import HttpResponse
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kvstore import keys, values
from kvstore.conf import conf, places_of, require_access
from kvstore.problems import Problem, answer_of
from kvstore.shown import revision_headers


class BytesBody(BaseParser):
    """The bytes of a body."""

    media_type = "*/*"

    @property
    def max_bytes(self) -> int:
        """Of the body."""
        return conf.max_value_bytes

    def parse(self, stream: IO[bytes], _type: str | None = None, context: Mapping[str, Any] | None = None) -> Any:
        """All of it; raises Problem (413) for a larger one, before it is read where its length is declared."""
        declared = int((context or {})["request"].META.get("CONTENT_LENGTH") or 0)
        if declared > self.max_bytes:
            raise Problem(413, f"the body has {declared} bytes; at most {self.max_bytes} are allowed")
        body = stream.read()
        if len(body) > self.max_bytes:  # a chunked one declares nothing
            raise Problem(413, f"the body has more than {self.max_bytes} bytes, which is what is allowed")
        return body


class JSONBody(BytesBody):
    """The bytes of a JSON body; what they mean is read by a function that keeps those of a value."""

    media_type = values.JSON

    @property
    def max_bytes(self) -> int:
        """A value and what surrounds it."""
        return conf.max_body_bytes


class KeyValueView(APIView):
    """Answers the faults of the store."""

    def handle_exception(self, fault: Exception) -> Response:
        """Those that are ours, then the project's."""
        return super().handle_exception(answer_of(fault))


def body_of(request: Request) -> bytes:
    """The body; of a request without one nothing, or UnsupportedMediaType where no parser takes its type."""
    data = request.data
    if isinstance(data, bytes):
        return data
    # Without a body DRF asks no parser.
    declared = request.content_type or ""
    taken = [parser.media_type for parser in request.parsers or ()]
    if declared and "*/*" not in taken and declared.partition(";")[0].strip().lower() not in taken:
        raise UnsupportedMediaType(declared)
    return b""


def path_of(request: Request, action: str, namespace: str, key: str) -> keys.Path:
    """A key at the end of a URL, as a path that `action` may touch.

    raises  what access raises; ValidationError (400); Problem 414
    """
    require_access(request, action, f"{namespace}/{key}")
    try:
        return keys.path_of(namespace, key)
    except keys.KeyTooLong as fault:
        raise Problem(414, str(fault)) from None


def enter(request: Request, action: str, namespace: str) -> list[str] | None:
    """The places in a namespace that `action` may touch, None for all of it.

    raises  what access raises, also where there is no such place
    """
    require_access(request, action)
    places = places_of(request, action)
    if places is not None and not keys.narrowed(f"{namespace}/", places):
        require_access(request, action, f"{namespace}/")
    return places


def namespace_of(request: Request, action: str, namespace: str) -> list[str] | None:
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
