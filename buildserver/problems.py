"""Every error as problem+json (RFC 9457); as a page where a person with a browser asks outside the API."""

import logging
import sys
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import msgspec
from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from rest_framework import exceptions

PAGES = ("/admin/", "/planner/", "/api/docs/")
RETRY_AFTER_S = 5
SQLITE_FULL = 13
FULL_IN_MARIADB = ((1021,), (1114,))  # ER_DISK_FULL, ER_RECORD_FILE_FULL
OF_DJANGO: tuple[tuple[type[Exception], int, str], ...] = (
    (Http404, 404, "there is nothing here"),
    (PermissionDenied, 403, "this is not allowed"),
    (RequestDataTooBig, 413, "the body is too large"),
    (BadRequest, 400, "the request is malformed"),
    (SuspiciousOperation, 400, "the request is malformed"),
)
AWAY = (OperationalError, InterfaceError)
logger = logging.getLogger(__name__)


def answer(
    request: HttpRequest,
    status: int,
    detail: str,
    *,
    errors: list[dict[str, str]] | None = None,
    members: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """The answer to a request that failed: what, why, and for input `errors` with a JSON pointer each."""
    title = HTTPStatus(status).phrase
    if wants_page(request):
        page = render_to_string("buildserver/error.html", {"status": status, "title": title, "detail": detail})
        return HttpResponse(page, status=status, headers=headers)
    problem = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": quote(getattr(request, "path_bytes", request.path.encode()), safe="/:@!$&'()*+,;=~-._"),
        **({"errors": errors} if errors else {}),
        **(members or {}),
    }
    text = msgspec.json.encode(problem)
    return HttpResponse(text, status=status, content_type="application/problem+json", headers=headers)


def wants_page(request: HttpRequest) -> bool:
    """Whether the request is a person's, outside the API."""
    outside = request.path == "/" or request.path.startswith(PAGES)
    return outside and "text/html" in request.META.get("HTTP_ACCEPT", "")


def exception_handler(fault: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """DRF's EXCEPTION_HANDLER: any exception of a view that has an answer; None lets it become a 500."""
    request: HttpRequest = context["request"]._request  # noqa: SLF001 - DRF wraps Django's request
    found = answer_to(request, fault)
    if found is None and settings.DEBUG:  # where Django would show a page of its own
        logger.error("unexpected fault", exc_info=fault)
        return server_error(request)
    return found


def answer_to(request: HttpRequest, fault: Exception) -> HttpResponse | None:
    """The answer to an exception of Django, DRF or the database, or None."""
    if isinstance(fault, exceptions.APIException):
        return answer_to_api(request, fault)
    if is_full(fault):
        logger.error("database is full", extra={"fault": repr(fault)})
        return answer(request, 507, "the database is full")
    if isinstance(fault, AWAY):
        logger.error("database is away", extra={"fault": repr(fault)})
        return answer(request, 503, "the database is away", headers={"Retry-After": str(RETRY_AFTER_S)})
    for kind, status, detail in OF_DJANGO:
        if isinstance(fault, kind):
            return answer(request, status, str(fault) or detail)
    if isinstance(fault, DatabaseError):
        logger.error("database refused", exc_info=fault)
    return None


def is_full(fault: Exception) -> bool:
    """Whether the database has no place for more, which waiting does not change."""
    sqlite_says = getattr(fault.__cause__, "sqlite_errorcode", None)
    return isinstance(fault, OperationalError) and (sqlite_says == SQLITE_FULL or fault.args[:1] in FULL_IN_MARIADB)


def answer_to_api(request: HttpRequest, fault: exceptions.APIException) -> HttpResponse:
    """The answer to DRF's exceptions and to the apps' own ones, which may carry `members` and `headers`."""
    headers = dict(getattr(fault, "headers", {}))
    if authenticate := getattr(fault, "auth_header", None):
        headers["WWW-Authenticate"] = authenticate
    if wait := getattr(fault, "wait", None):
        headers["Retry-After"] = str(int(-(-wait // 1)))
    if isinstance(fault, exceptions.ValidationError):
        errors = list(flatten(fault.detail))
        detail = errors[0]["detail"] if len(errors) == 1 else f"{len(errors)} faults in the request"
        return answer(request, fault.status_code, detail, errors=errors, headers=headers)
    members = getattr(fault, "members", None)
    return answer(request, fault.status_code, str(fault.detail), members=members, headers=headers)


def flatten(detail: Any, pointer: str = "#") -> Iterator[dict[str, str]]:
    """DRF's nested errors as a flat list with JSON pointers (RFC 6901)."""
    if isinstance(detail, Mapping):
        for member, inner in detail.items():
            step = "" if member == "non_field_errors" else "/" + str(member).replace("~", "~0").replace("/", "~1")
            yield from flatten(inner, pointer + step)
    elif isinstance(detail, list):
        nested = any(isinstance(inner, Mapping) for inner in detail)
        for index, inner in enumerate(detail):
            yield from flatten(inner, f"{pointer}/{index}" if nested else pointer)
    else:
        yield {"pointer": pointer, "code": getattr(detail, "code", "invalid"), "detail": str(detail)}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400."""
    return answer_to(request, exception) or answer(request, 400, "the request is malformed")


def forbidden(request: HttpRequest, exception: Exception | None = None, reason: str = "") -> HttpResponse:
    """Django's handler403, and its CSRF failure."""
    return answer(request, 403, reason or str(exception or "") or "this is not allowed")


def locked_out(request: HttpRequest, *_args: object, **_kwargs: object) -> HttpResponse:
    """The answer to a login after too many failures."""
    wait_s = int(settings.AXES_COOLOFF_TIME * 3600)
    detail = f"too many failed logins; this user may try again from here in {wait_s // 60} minutes"
    return answer(request, 429, detail, headers={"Retry-After": str(wait_s)})


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's form
    """Django's handler404, and the route of everything that has none."""
    return answer(request, 404, "there is no such route")


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500, 503 where a view that is not DRF's has met no database; the log has the trace."""
    fault = sys.exc_info()[1]
    if isinstance(fault, AWAY) and (found := answer_to(request, fault)):
        return found
    return answer(request, 500, "an unexpected fault; the log has it under this answer's X-Request-ID")
