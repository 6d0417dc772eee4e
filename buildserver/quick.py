"""The application: reads that the cache of records answers pass the layers of every request, and nothing else.

Routes, views and what they need take three times as long as all that such a read needs.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import resolve
from django.utils import timezone

from buildserver.access import Access
from buildserver.bodies import Handler, Request
from buildserver.gate import Gate
from buildserver.requests import Requests
from kvstore import quick
from kvstore.conf import READ
from kvstore.views.answering import allow_of


class Application(Handler):
    """Django's application with a short way for these reads; refusals and all that is unusual go the long way."""

    def __init__(self) -> None:
        """Load the layers, and what the views of those routes say of themselves."""
        super().__init__()
        self._layers = Requests(Gate(prepared))
        self._routes = {
            path: (match := resolve(path), allow_of(match.func.view_class))  # type: ignore[attr-defined]
            for path in quick.ROUTES
        }

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """Answer a request."""
        if environ["REQUEST_METHOD"] == "GET" and (asked := quick.found(environ)) and bodiless(environ):
            request = Request(environ)
            if Access(request).allows(READ, asked.path) and (known := quick.answer(asked, timezone.now())):
                match, allow = self._routes[asked.route]
                headers = {**known.headers, "Allow": allow}
                request.resolver_match = match
                request.prepared = HttpResponse(known.body, content_type=known.content_type, headers=headers)  # type: ignore[attr-defined]
                return sent(self._layers(request), start_response)
        return super().__call__(environ, start_response)


def bodiless(environ: dict[str, Any]) -> bool:
    """Whether no body comes with the request."""
    return environ.get("CONTENT_LENGTH") in (None, "", "0") and "HTTP_TRANSFER_ENCODING" not in environ


def prepared(request: HttpRequest) -> HttpResponseBase:
    """The answer that is there already."""
    answer: HttpResponseBase = request.prepared  # type: ignore[attr-defined]
    return answer


def sent(response: HttpResponseBase, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """A whole answer as WSGI wants it; nothing is to be tidied up after it."""
    start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
    return [response.content]  # type: ignore[attr-defined]
