"""What one watcher has still to be sent."""

import threading
from collections import deque

MAX_BYTES = 4 * 2**20  # that a watcher may be behind
PIECE_BYTES = 64 * 2**10  # sent at a time, where no single event is larger


class Watcher:
    """A bounded queue of encoded events, from the hub's thread to that of the client's answer."""

    def __init__(self) -> None:
        """Not open yet: what happens meanwhile need not reach it."""
        self._changed = threading.Condition(threading.Lock())
        self._events: deque[bytes] = deque()
        self._bytes = 0
        self._open = False
        self._ended = False

    def open(self) -> None:
        """From here on everything reaches it."""
        with self._changed:
            self._open = True
            self._changed.notify()

    def end(self) -> None:
        """Nothing more is coming."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def opened(self, timeout_s: float) -> bool:
        """Wait until it is open; False when it ended before, or the time did."""
        with self._changed:
            self._changed.wait_for(lambda: self._open or self._ended, timeout_s)
            return self._open and not self._ended

    def offer(self, event: bytes) -> bool:
        """Queue the event. One that is too far behind ends instead: False."""
        with self._changed:
            if self._bytes + len(event) > MAX_BYTES:
                self._ended = True
            else:
                self._events.append(event)
                self._bytes += len(event)
            self._changed.notify()
            return not self._ended

    def take(self, timeout_s: float) -> bytes | None:
        """The next events, empty when none came within the time; None once it has ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._events or self._ended, timeout_s)
            if self._ended:
                return None
            piece = bytearray()
            while self._events and (not piece or len(piece) + len(self._events[0]) <= PIECE_BYTES):
                piece += self._events.popleft()
            self._bytes -= len(piece)
            return bytes(piece)
