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
        if not response.streaming and not response.has_header("Content-Length"):
            response.headers["Content-Length"] = str(len(response.content))  # type: ignore[attr-defined]
        return response


def refusal(request: HttpRequest) -> HttpResponseBase | None:
    """The answer to a request that cannot be taken, or None."""
    meta = request.META
    path, query = meta.get("PATH_INFO", ""), meta.get("QUERY_STRING", "")
    # The escaped form is what counts; servers that do not tell it are judged by the decoded one.
    if len(meta.get("RAW_URI") or path + query) > MAX_URL_BYTES:
        return problems.answer(request, 414, f"the URL is longer than {MAX_URL_BYTES} bytes")
    for name, value in meta.items():
        if name.startswith("HTTP_") and isinstance(value, str) and len(value) > MAX_HEADER_BYTES:
            header = name[5:].replace("_", "-").title()[:100]
            return problems.answer(request, 431, f"the header {header} is longer than {MAX_HEADER_BYTES} bytes")
    if "\0" in path or not utf8(getattr(request, "path_bytes", b"")):
        return problems.answer(request, 400, "the path is not UTF-8 text without NUL")
    if query and (b"\0" in (plain := unquote_to_bytes(query)) or not utf8(plain)):
        return problems.answer(request, 400, "the query is not UTF-8 text without NUL")
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
