"""What is refused before any route is looked up: too long, not UTF-8, or for another host."""

from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponseBase

from buildserver import headers, problems
from buildserver.access import Access, refuse_closed_file
from kvstore.metadata import IN_WSGI

MAX_URL_BYTES = 8190
MAX_HEADER_BYTES = 8190
MAX_KNOWN_HOSTS = 16
KNOWN_HOSTS: dict[str, list[str]] = {}  # hosts that were allowed, each with the ALLOWED_HOSTS of then


class Gate:
    """Refuses with 414, 431, 400 or 411, sets `request.access` on what it lets through, and completes the answers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Wrap what follows."""
        self.get_response = get_response
        self.policies = headers.Policies()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Look, then pass on."""
        response = refusal(request)
        if response is None:
            request.access = Access(request)  # type: ignore[attr-defined]
            response = refuse_closed_file(request) or self.get_response(request)
            self.policies.add(request, response)
        headers.add_length(response)
        headers.drop_body(request, response)
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
        if isinstance(value, str) and len(value) > MAX_HEADER_BYTES and name.startswith(("HTTP_", "CONTENT_TYPE")):
            header = name.removeprefix("HTTP_").replace("_", "-").title()[:100]
            return problems.answer(request, 431, f"the header {header} is longer than {MAX_HEADER_BYTES} bytes")
    return None


def malformed(request: HttpRequest) -> HttpResponseBase | None:
    """400 for a path or a query that is no text, for another host, and for what the server does not tell."""
    meta = request.META
    if "\0" in meta.get("PATH_INFO", "") or not utf8(getattr(request, "path_bytes", b"")):
        return problems.answer(request, 400, "the path is not UTF-8 text without NUL")
    query = meta.get("QUERY_STRING", "")
    plain = query.isascii() and "%" not in query and "\0" not in query
    if not plain and (b"\0" in (sent := unquote_to_bytes(query)) or not utf8(sent)):
        return problems.answer(request, 400, "the query is not UTF-8 text without NUL")
    if meta.get("SERVER_SOFTWARE") == "Granian" and (refused := not_told(request)):
        return refused
    return other_host(request)


def not_told(request: HttpRequest) -> HttpResponseBase | None:
    """411 or 400 for what granian passes on as something else than was sent."""
    if getattr(request, "chunked", False):
        # One that was cut short ends like a whole one.
        return problems.answer(request, 411, "chunked bodies are taken where gunicorn serves: send Content-Length")
    for name, value in request.META.items():
        # What has a byte outside ASCII arrives empty; of what is kept with a value that would be a loss.
        if value == "" and name.startswith(("CONTENT_TYPE", IN_WSGI)):
            header = name.removeprefix("HTTP_").replace("_", "-").title()
            detail = f"the header {header} is empty, or not ASCII, which is taken where gunicorn serves"
            return problems.answer(request, 400, detail)
    return None


def other_host(request: HttpRequest) -> HttpResponseBase | None:
    """400 for a host that is none of ALLOWED_HOSTS; the last ones that were are remembered."""
    host = request.META.get("HTTP_HOST", "")
    if KNOWN_HOSTS.get(host) is settings.ALLOWED_HOSTS:
        return None
    try:
        request.get_host()
    except DisallowedHost as fault:
        return problems.bad_request(request, fault)
    if host:  # else it was the server's own name
        if len(KNOWN_HOSTS) >= MAX_KNOWN_HOSTS:
            KNOWN_HOSTS.clear()
        KNOWN_HOSTS[host] = settings.ALLOWED_HOSTS
    return None


def utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
