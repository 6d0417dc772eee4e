"""Plans shown to those who watch, with the request that led to each."""

from collections.abc import Iterator
from contextlib import contextmanager

from rest_framework.request import Request

from powerplant import live
from powerplant.problems import Refused

IMPOSSIBLE = 422


def show(request: Request, answer: object) -> None:
    """Show the request and its answer."""
    live.publish(request.data, answer, size_bytes(request))


def let_go(request: Request) -> None:
    """Empty a decoded body that is too large to be shown: it takes more memory than all that was read of it."""
    if size_bytes(request) > live.MAX_BYTES and isinstance(request.data, dict):
        request.data.clear()


def size_bytes(request: Request) -> int:
    """The length of the body; that of a chunked one only the project knows."""
    incoming = getattr(request, "incoming", None)
    return int(request.META.get("CONTENT_LENGTH") or 0) if incoming is None else int(incoming.taken)


@contextmanager
def impossible_shown(request: Request) -> Iterator[None]:
    """A load that no plan meets is an answer too."""
    try:
        yield
    except Refused as refused:
        if refused.status_code == IMPOSSIBLE:
            show(request, {"status": refused.status_code, "detail": str(refused.detail), **refused.members})
        raise
