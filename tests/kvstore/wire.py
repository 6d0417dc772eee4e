"""Requests as a server hands them to the application, byte for byte, and what comes back: no client corrects them."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import unquote_to_bytes

from buildserver.quick import Application
from tests.conftest import KEY

CHUNKED = -1
PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Request:
    """A request line, headers and a body.

    target    path and query as they are sent, escaped or not
    declared  the Content-Length where it is not that of the body; CHUNKED: none
    """

    verb: str
    target: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    declared: int | str | None = None
    key: str | None = KEY

    def environ(self) -> dict[str, Any]:
        """As gunicorn makes it."""
        path, _, query = self.target.partition("?")
        made = {
            "REQUEST_METHOD": self.verb,
            "RAW_URI": self.target,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "testserver",
            "wsgi.url_scheme": "http",
            "wsgi.version": (1, 0),
            "wsgi.input": io.BytesIO(self.body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        if self.key is not None:
            made["HTTP_AUTHORIZATION"] = f"Bearer {self.key}"
        if self.declared == CHUNKED:
            made["HTTP_TRANSFER_ENCODING"] = "chunked"
        elif self.body or self.declared:
            made["CONTENT_LENGTH"] = str(len(self.body) if self.declared is None else self.declared)
        for name, value in self.headers.items():
            name_of = name.upper().replace("-", "_")
            made[name_of if name_of == "CONTENT_TYPE" else f"HTTP_{name_of}"] = value
        return made


@dataclass(frozen=True)
class Answer:
    """Status, headers but those that no two answers share, and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """What the body means."""
        return json.loads(self.body)


@cache
def application() -> Application:
    """The whole of it, with its short way for reads and its middleware."""
    return Application()


def send(request: Request) -> Answer:
    """What is answered."""
    told: list[Any] = []
    pieces = application()(request.environ(), lambda status, headers, _info=None: told.append((status, headers)))
    try:
        body = b"".join(pieces)
    finally:
        getattr(pieces, "close", list)()
    status, headers = told[0]
    assert "X-Request-ID" in dict(headers)
    kept = {name: value for name, value in headers if name not in ("X-Request-ID", "Date")}
    return Answer(int(status.split(" ")[0]), kept, body)


def is_problem(answer: Answer) -> bool:
    """Whether it is a documented refusal; that of a HEAD has no body, and so is none."""
    if answer.headers.get("Content-Type") != PROBLEM or not answer.body:
        return False
    told = answer.json()
    return told["status"] == answer.status and {"type", "title", "detail", "instance"} <= told.keys()
