"""What is refused before any route is looked up: too long, not UTF-8, or for another host."""

from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponseBase

from buildserver import problems

MAX_URL_BYTES = 8190
MAX_HEADER_BYTES = 8190


class Gate:
    """Refuses with 414, 431 or 400, and gives every whole answer its Content-Length."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Wrap what follows."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Look, then pass on."""
        response = refusal(request) or self.get_response(request)
        bodiless = response.streaming or response.status_code in (204, 304)
        if not bodiless and not response.has_header("Content-Length"):
            response.headers["Content-Length"] = str(len(response.content))  # type: ignore[attr-defined]
        return response


def refusal(request: HttpRequest) -> HttpResponseBase | None:
    """The answer to a request that cannot be taken, or None."""
    return too_long(request) or malformed(request)


def too_long(request: HttpRequest) -> HttpResponseBase | None:
    """414 for the URL, whose escaped form counts where the server tells it; 431 for a header."""
    meta = request.META
    if len(meta.get("RAW_URI") or meta.get("PATH_INFO", "") + meta.get("QUERY_STRING", "")) > MAX_URL_BYTES:
        return problems.answer(request, 414, f"the URL is longer than {MAX_URL_BYTES} bytes")
    for name, value in meta.items():
        if name.startswith(("HTTP_", "CONTENT_TYPE")) and isinstance(value, str) and len(value) > MAX_HEADER_BYTES:
            header = name.removeprefix("HTTP_").replace("_", "-").title()[:100]
            return problems.answer(request, 431, f"the header {header} is longer than {MAX_HEADER_BYTES} bytes")
    return None


def malformed(request: HttpRequest) -> HttpResponseBase | None:
    """400 for a path or a query that is no text, and for another host; 411 where a chunked body's end is not told."""
    query = unquote_to_bytes(request.META.get("QUERY_STRING", ""))
    if "\0" in request.META.get("PATH_INFO", "") or not utf8(getattr(request, "path_bytes", b"")):
        return problems.answer(request, 400, "the path is not UTF-8 text without NUL")
    if b"\0" in query or not utf8(query):
        return problems.answer(request, 400, "the query is not UTF-8 text without NUL")
    if getattr(request, "chunked", False) and request.META.get("SERVER_SOFTWARE") == "Granian":
        # granian ends a body that was cut short like a whole one.
        return problems.answer(request, 411, "chunked bodies are taken where gunicorn serves: send Content-Length")
    try:
        request.get_host()
    except DisallowedHost as fault:
        return problems.bad_request(request, fault)
    return None


def utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
