"""Request bodies as they really arrive: chunked, cut short, or not read at all.

Django takes a body without Content-Length for an empty one, and a body that ends early for a whole one.
"""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import BadRequest, RequestDataTooBig
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest

DROP_BYTES = 64 * 2**20
STEP_BYTES = 256 * 2**10
CHUNKED_BYTES = 16 * 2**20
UNKNOWN_LENGTH = "1"


class BodyCutShort(BadRequest):
    """The client stopped before the end of its body; what arrived must not be taken for the whole."""


class Body:
    """The body's stream: at most what was declared, and BodyCutShort when less comes."""

    def __init__(self, stream: Any, declared: int | None) -> None:
        """Read from the server's `stream`; `declared` bytes, or None for a chunked body."""
        self.stream = stream
        self.declared = declared
        self.taken = 0
        self.ended = declared == 0

    def read(self, size: int | None = -1) -> bytes:
        """Up to `size` bytes (all for -1), empty at the end."""
        if size is None or size < 0:
            return self._read_all()
        if self.ended or size == 0:
            return b""
        wanted = size if self.declared is None else min(size, self.declared - self.taken)
        data = self._receive(wanted)
        self.taken += len(data)
        if not data and self.declared is not None:
            raise BodyCutShort(f"the body ended after {self.taken} of {self.declared} bytes")
        self.ended = not data or self.taken == self.declared
        return data

    def readline(self, size: int | None = -1) -> bytes:
        """A line, read byte by byte: only Django's form parser asks for lines, and of short bodies."""
        line = bytearray()
        while (size is None or size < 0 or len(line) < size) and not line.endswith(b"\n") and (byte := self.read(1)):
            line += byte
        return bytes(line)

    def close(self) -> None:
        """Django closes what it has read; the server's stream stays the server's."""

    def _read_all(self) -> bytes:
        """The rest. Of a chunked body nobody said how long it is: it must fit in memory."""
        data = bytearray()
        while step := self.read(STEP_BYTES):
            data += step
            if self.declared is None and len(data) > CHUNKED_BYTES:
                raise RequestDataTooBig(f"a chunked body is larger than {CHUNKED_BYTES} bytes")
        return bytes(data)

    def _receive(self, size: int) -> bytes:
        """What the server has, whose own errors (a bad chunk, a lost connection) all mean the same."""
        try:
            return bytes(self.stream.read(size))
        except Exception as fault:
            self.ended = True
            raise BodyCutShort(f"the body could not be read after {self.taken} bytes: {fault}") from fault


class Request(WSGIRequest):
    """Django's request over such a Body, with the path's bytes as they came."""

    def __init__(self, environ: dict[str, Any]) -> None:
        """Keep what Django changes: the path, of which it escapes what is not UTF-8, and the stream."""
        self.path_bytes = environ.get("PATH_INFO", "").encode("latin-1")
        super().__init__(environ)
        # DRF would believe a header of this name; the length is CONTENT_LENGTH's to tell.
        environ.pop("HTTP_CONTENT_LENGTH", None)
        self.chunked = not environ.get("CONTENT_LENGTH") and chunks(environ)
        self.incoming = Body(environ["wsgi.input"], None if self.chunked else declared_bytes(environ))
        self._stream = self.incoming  # type: ignore[assignment]
        if self.chunked:
            # Of no length Django and DRF make an empty body and read nothing; what counts is the stream's end.
            environ["CONTENT_LENGTH"] = UNKNOWN_LENGTH


def chunks(environ: Mapping[str, Any]) -> bool:
    """Whether the body comes in chunks, as many as there are."""
    return "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()


def declared_bytes(environ: Mapping[str, Any]) -> int:
    """The Content-Length, 0 for none."""
    length = environ.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isascii() and length.isdecimal() else 0


class Handler(WSGIHandler):
    """Django's WSGI application with this Request."""

    request_class = Request


def drop_rest(request: HttpRequest) -> None:
    """Read and drop what is left of a body, so that a client still sending it sees the answer.

    Up to 64 MiB; beyond that the server closes the connection.
    """
    incoming = getattr(request, "incoming", None)
    if incoming is not None and not incoming.ended:
        drop(incoming)


def drop(body: Body) -> None:
    """Read up to DROP_BYTES to nowhere. That the client went away meanwhile changes nothing any more."""
    end = body.taken + DROP_BYTES
    try:
        while body.taken < end and body.read(STEP_BYTES):
            pass
    except BodyCutShort:
        return
