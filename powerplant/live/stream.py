"""The bytes of an answer that lasts: server-sent events as they come, comments between them."""

import time
from collections.abc import Callable, Iterator

from powerplant.live.places import Place
from powerplant.live.watcher import Watcher

COMMENT_S = 15
LOOK_S = 0.5  # between two looks whether the client is still there


class Stream:
    """An iterable for StreamingHttpResponse, which closes it with the answer."""

    def __init__(self, watcher: Watcher, place: Place, leave: Callable[[Watcher], None]) -> None:
        """Of an open watcher on a place that was taken; both are given back by `close`."""
        self._watcher = watcher
        self._place = place
        self._leave = leave
        self._complete = False

    def __iter__(self) -> Iterator[bytes]:
        """A comment at once, so that the client sees that it is watching; then what comes."""
        comment_at = time.monotonic() + COMMENT_S
        yield b": watching\n\n"
        while not self._place.over() and (events := self._watcher.take(LOOK_S)) is not None:
            if events:
                yield events
            if (now := time.monotonic()) >= comment_at:
                comment_at = now + COMMENT_S
                yield b":\n\n"
        self._complete = True

    def close(self) -> None:
        """Watch no more. An answer that is closed before its end could not be sent."""
        self._leave(self._watcher)
        if not self._complete:
            self._place.cut()
        self._place.close()
