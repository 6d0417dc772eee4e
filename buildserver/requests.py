"""What each request gets whatever becomes of it: an id, a line in the log, its part in the figures."""

import logging
import random
import re
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from buildserver import bodies, logs, metrics
from buildserver.addresses import address_of

SAFE_ID = re.compile(r"[A-Za-z0-9._~:/+=@-]{1,128}")
log = logging.getLogger(__name__)


class Requests:
    """Outermost of the middlewares: one layer, since a layer of its own costs more than most of what is done here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Wrap what follows."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with X-Request-ID, count, and log one line when the answer is ready."""
        started = time.perf_counter()
        request_id = id_of(request)
        token = logs.current_request_id.set(request_id)
        try:
            response = self.get_response(request)
            bodies.drop_rest(request)
            elapsed_s = time.perf_counter() - started
            metrics.count(request, response, elapsed_s)
            response.headers["X-Request-ID"] = request_id
            logs.tell(log, "request", line(request, response, elapsed_s))
            return response
        finally:
            logs.current_request_id.reset(token)


def id_of(request: HttpRequest) -> str:
    """A client's id of up to 128 safe characters, so that a call can be followed through systems, or a new one."""
    sent = request.META.get("HTTP_X_REQUEST_ID")
    if sent and SAFE_ID.fullmatch(sent):
        return str(sent)
    return f"{random.getrandbits(64):016x}"  # another one, not a secret one; a forked worker draws anew


def line(request: HttpRequest, response: HttpResponseBase, elapsed_s: float) -> dict[str, object]:
    """What a request's line says; the query is left out, since people put secrets there."""
    access = getattr(request, "access", None)
    return {
        "method": request.method,
        "path": request.path[:1024],
        "status": response.status_code,
        "ms": round(elapsed_s * 1000, 2),
        "key": access.name if access else None,
        "address": address_of(request),
    }
