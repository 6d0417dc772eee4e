"""What the views share: the faults of the store as problems, who asks, keys in URLs, JSON answers."""

from collections.abc import Mapping

import msgspec
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kvstore import keys, values
from kvstore.conf import places_of, require_access
from kvstore.problems import Problem, answer_of, revision_headers


class KeyValueView(APIView):
    """Answers the faults of the store."""

    def handle_exception(self, fault: Exception) -> Response:
        """Those that are ours, then the project's."""
        return super().handle_exception(answer_of(fault))


def path_of(request: Request, action: str, namespace: str, key: str) -> keys.Path:
    """A key at the end of a URL, as a path that `action` may touch.

    raises  what access raises; ValidationError (400); Problem 414
    """
    require_access(request, action)
    try:
        path = keys.path_of(namespace, key)
    except keys.KeyTooLong as fault:
        raise Problem(414, str(fault)) from None
    require_access(request, action, path)
    return path


def namespace_of(request: Request, action: str, namespace: str) -> list[str] | None:
    """The places in a namespace that `action` may touch, None for all of it.

    raises  what access raises, also where there is no such place; BadNamespace (400)
    """
    require_access(request, action)
    keys.check_namespace(namespace)
    places = places_of(request, action)
    if places is not None and not keys.narrowed(f"{namespace}/", places):
        require_access(request, action, f"{namespace}/")
    return places


def answer(shown: Mapping[str, object] | msgspec.Raw, revision: int | None, status: int = 200) -> HttpResponse:
    """JSON; a `msgspec.Raw` in it goes out byte for byte."""
    body = msgspec.json.encode(shown)
    headers = {} if revision is None else revision_headers(revision)
    return HttpResponse(body, status=status, content_type=values.JSON, headers=headers)
