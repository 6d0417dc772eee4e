"""JSON log lines, each with the id of the request it belongs to, and one line a request."""

import contextvars
import logging
import re
import secrets
import sys
import time
from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponseBase

from buildserver.addresses import address_of

current_request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")
SAFE_ID = re.compile(r"[A-Za-z0-9._~:/+=@-]{1,128}")
LEVELS: tuple[str, ...] = ("DEBUG", "INFO", "WARNING", "ERROR")
access_log = logging.getLogger("buildserver.requests")


def config(level: str, stream: str = "ext://sys.stderr") -> dict[str, object]:
    """The `logging` configuration: JSON lines to stderr for commands, to stdout in the server."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "request_id": {"()": "buildserver.logs.RequestId"},
            "unhandled": {"()": "buildserver.logs.Unhandled"},
            "slow_client": {"()": "buildserver.logs.SlowClient"},
        },
        "formatters": {
            "json": {
                "()": "pythonjsonlogger.msgspec.MsgspecFormatter",
                "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s",
                "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
                "datefmt": "%Y-%m-%dT%H:%M:%S%z",
            }
        },
        "handlers": {
            "lines": {
                "class": "logging.StreamHandler",
                "stream": stream,
                "formatter": "json",
                "filters": ["request_id"],
            }
        },
        "root": {"handlers": ["lines"], "level": level},
        "loggers": {
            # Django's own handlers print text; every line goes through the root's.
            "django": {"handlers": [], "level": level},
            "django.server": {"handlers": [], "level": level},
            # A 4xx is the client's matter and is in the line of its request.
            "django.request": {"level": "ERROR", "filters": ["unhandled"]},
            "django.security": {"level": "ERROR"},
            "botocore": {"level": "WARNING"},
            "boto3": {"level": "WARNING"},
            "axes": {"level": "WARNING"},
            # gunicorn and granian bring handlers of their own.
            "gunicorn.error": {"handlers": [], "level": level, "propagate": True, "filters": ["slow_client"]},
            "_granian": {"handlers": [], "level": "WARNING", "propagate": True},
        },
    }


def to_stdout() -> None:
    """Turn the lines to stdout, where a server's belong."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr:
            handler.setStream(sys.stdout)


class RequestId(logging.Filter):
    """Puts the id of the request at hand into the record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through."""
        if request_id := current_request_id.get():
            record.request_id = request_id
        record.__dict__.pop("request", None)  # Django's, whose text has the query
        return True


class Unhandled(logging.Filter):
    """Drops Django's second line about a 503: its reason is told where it is found, or is that all places are taken."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every other status, and every trace, goes on."""
        return bool(record.exc_info) or getattr(record, "status_code", None) != HTTPStatus.SERVICE_UNAVAILABLE


class SlowClient(logging.Filter):
    """Says in a line what gunicorn tells by a trace: a client did not take what was sent to it in time."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through; only answers that last have a time-out (`watchers`)."""
        if record.exc_info and isinstance(record.exc_info[1], TimeoutError):
            record.levelno, record.levelname = logging.INFO, "INFO"
            record.msg, record.args, record.exc_info = "a client that takes nothing was cut off", None, None
        return True


class RequestLog:
    """Gives each request its id, answers it as X-Request-ID, and logs one line when the answer is ready."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Wrap what follows."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """A client's id of up to 128 safe characters is kept, so that a call can be followed through systems."""
        sent = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = sent if SAFE_ID.fullmatch(sent) else secrets.token_hex(8)
        token = current_request_id.set(request_id)
        started = time.perf_counter()
        try:
            response = self.get_response(request)
            response.headers["X-Request-ID"] = request_id
            if access_log.isEnabledFor(logging.INFO):
                access_log.info("request", extra=line(request, response, time.perf_counter() - started))
            return response
        finally:
            current_request_id.reset(token)


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
