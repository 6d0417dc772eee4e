"""JSON in and out for DRF: strict reading, quick writing, no negotiation."""

from collections.abc import Mapping
from typing import IO, Any

import msgspec
from rest_framework.exceptions import APIException, ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from buildserver.parts import parts

MAX_BODY_BYTES = 2**20
MAX_DEPTH = 100


class BodyTooLarge(APIException):
    """The body is above the limit of its route."""

    status_code = 413
    default_code = "too_large"

    def __init__(self, limit_bytes: int) -> None:
        """The limit is part of the message."""
        super().__init__(f"the body is larger than {limit_bytes} bytes")


class TooManyParts(APIException):
    """The body would take far more memory than it has bytes."""

    status_code = 413
    default_code = "too_many"

    def __init__(self, limit: int) -> None:
        """The limit is part of the message."""
        what = "values and names, as told by its commas, opening brackets (an object's counts four) and pairs of quotes"
        super().__init__(f"the body has more than {limit} {what}")


class StrictJSON(BaseParser):
    """`application/json` in UTF-8: no NaN, no lone surrogate, no number beyond a double, at most 100 levels.

    A view's `max_body_bytes` is the limit of its body, 1 MiB otherwise; a view that takes large ones of many values
    limits their `parts` too by `max_body_parts`. Of members with the same name the last counts.
    """

    media_type = "application/json"

    def parse(self, stream: IO[bytes], _type: str | None = None, context: Mapping[str, Any] | None = None) -> Any:
        """The decoded value; raises ParseError (400), BodyTooLarge or TooManyParts (413)."""
        view = (context or {}).get("view")
        limit = getattr(view, "max_body_bytes", MAX_BODY_BYTES)
        declared = int((context or {})["request"].META.get("CONTENT_LENGTH") or 0) if context else 0
        if declared > limit:
            raise BodyTooLarge(limit)
        data = stream.read()
        if len(data) > limit:  # a chunked body declares nothing
            raise BodyTooLarge(limit)
        most_parts = getattr(view, "max_body_parts", None)
        if most_parts is not None and parts(data) > most_parts:
            raise TooManyParts(most_parts)
        return decode(data)


def decode(data: bytes) -> object:
    """The value of a JSON text; raises ParseError with what is wrong."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise ParseError(f"the body is not JSON: {fault}") from None
    except RecursionError:
        value = None
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH and (value is None or deeper_than(MAX_DEPTH, value)):
        raise ParseError(f"the body is nested deeper than {MAX_DEPTH} levels")
    return value


def deeper_than(limit: int, value: object) -> bool:
    """Whether arrays and objects are nested more than `limit` levels."""
    level = [value]
    for _ in range(limit + 1):
        holders = [item for item in level if isinstance(item, dict | list)]
        if not holders:
            return False
        level = [item for holder in holders for item in (holder.values() if isinstance(holder, dict) else holder)]
    return True


class JSONAnswer(BaseRenderer):
    """`application/json`, whatever the request accepts."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: object, _type: str | None = None, _context: Mapping[str, Any] | None = None) -> bytes:
        """The JSON text of plain values, integers of any length among them, and datetimes."""
        return b"" if data is None else msgspec.json.encode(data)


class IgnoreAccept(BaseContentNegotiation):
    """The first parser that takes the request's type, and the view's own renderer."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """By the type alone, without its parameters."""
        sent = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type in (sent, "*/*")), None)

    def select_renderer(self, _request: Request, renderers: Any, _suffix: str | None = None) -> Any:
        """The first one."""
        return renderers[0], renderers[0].media_type


class PlainText(BaseRenderer):
    """`text/plain`, for views that write their own text; errors are problem+json all the same."""

    media_type = "text/plain"
    format = "txt"

    def render(self, data: object, _type: str | None = None, _context: Mapping[str, Any] | None = None) -> bytes:
        """The text in UTF-8."""
        return str(data).encode()
