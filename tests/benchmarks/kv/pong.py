"""The least that a server can be asked for: a WSGI application without Django."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any


def application(environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Pong."""
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "19")])
    return [b'{"message": "pong"}']
