"""A plan's request and answer as one event, and how large one may be."""

from typing import NamedTuple

import msgspec

MAX_BYTES = 2**20


class Exchange(NamedTuple):
    """A request and its answer, decoded; `size_bytes` of the request's body, and how much of it is held here."""

    request: object
    answer: object
    size_bytes: int
    held_bytes: int


def exchange_of(request: object, answer: object, size_bytes: int) -> Exchange:
    """The exchange. Of one that is too large by its request alone nothing is held."""
    if size_bytes > MAX_BYTES:
        return Exchange(None, None, size_bytes, 0)
    return Exchange(request, answer, size_bytes, size_bytes)


def encode(exchange: Exchange) -> bytes:
    """The event's JSON text: `{"request", "answer"}`, of a large exchange `null` each and `too_large_bytes`.

    That is the size of the whole text, or of the request's body where this alone is above MAX_BYTES.
    """
    size_bytes = exchange.size_bytes
    if size_bytes <= MAX_BYTES:
        text = msgspec.json.encode({"request": exchange.request, "answer": exchange.answer})
        if len(text) <= MAX_BYTES:
            return text
        size_bytes = len(text)
    return msgspec.json.encode({"request": None, "answer": None, "too_large_bytes": size_bytes})


def event_of(text: bytes) -> bytes:
    """The JSON text, which has no line breaks, as a server-sent event."""
    return b"event: plan\ndata: " + text + b"\n\n"
