"""Texts that are nearly JSON: each fault where it stands, and not the first one alone.

The project's parser ends at what JSON does not have, NaN, a number beyond a double, a lone surrogate. Such a text is
read once more by Python's own, which takes these, so that whoever reads the payload can point at them. Above
MAX_DOUBTED_BYTES it is not: it would become a text of four bytes a letter, and all its values beside it.
"""

import json
from collections.abc import Mapping
from typing import IO, Any, cast

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from powerplant.conf import MAX_BODY_BYTES, MAX_BODY_PARTS, MAX_DOUBTED_BYTES, PLAN
from powerplant.units.findings import ABSENT


class NotJSON(ParseError):
    """What the project's parser says, and what was meant: ABSENT where nobody can tell."""

    def __init__(self, detail: Any, meant: object) -> None:
        """`meant`: the value as Python reads it."""
        super().__init__(detail)
        self.meant = meant


class Lenient(BaseParser):
    """The project's parser, whose ParseError becomes NotJSON."""

    def __init__(self, parser: BaseParser) -> None:
        """Of the same media type."""
        self._parser = parser
        self.media_type = parser.media_type

    def parse(self, stream: IO[bytes], media_type: str | None = None, context: Mapping[str, Any] | None = None) -> Any:
        """The value; raises NotJSON and what else the parser does."""
        kept = Kept(stream)
        try:
            return self._parser.parse(cast(IO[bytes], kept), media_type, context)
        except ParseError as fault:
            raise NotJSON(fault.detail, meant_by(kept.data)) from None


class Kept:
    """A stream that keeps what was read of it."""

    def __init__(self, stream: IO[bytes]) -> None:
        """Nothing was."""
        self._stream = stream
        self.data = b""

    def read(self, *size: int) -> bytes:
        """As the stream does."""
        data = self._stream.read(*size)
        self.data = self.data + data if self.data else data
        return data


class Payloads:
    """What all routes have in common that take a payload; beside a view of DRF's."""

    closed_scope = PLAN
    max_body_bytes = MAX_BODY_BYTES
    max_body_parts = MAX_BODY_PARTS

    def get_parsers(self) -> list[BaseParser]:
        """The project's, each of them lenient."""
        return [Lenient(parser) for parser in super().get_parsers()]  # type: ignore[misc]


def meant_by(data: bytes) -> object:
    """What a text that is nearly JSON says, ABSENT when it is not even that, or too large to be read again."""
    if len(data) > MAX_DOUBTED_BYTES:
        return ABSENT
    try:
        return json.loads(data.decode())
    except (ValueError, RecursionError):
        return ABSENT
