"""A line on a terminal that shows how far a command is; elsewhere nothing."""

import time
from typing import Self, TextIO

EVERY_S = 0.1
WIDTH = 30


class Progress:
    """Drawn over itself ten times a second, and gone at the end."""

    def __init__(self, stream: TextIO) -> None:
        """Of standard error."""
        self._stream = stream if stream.isatty() else None
        self._drawn = 0.0

    def show(self, what: str, done: int, total: int) -> None:
        """`done` of `total`, which may be a guess."""
        now = time.monotonic()
        if self._stream is None or now - self._drawn < EVERY_S:
            return
        self._drawn = now
        share = min(done / total, 1.0) if total else 1.0
        bar = "#" * int(share * WIDTH)
        self._write(f"\r{what} [{bar:<{WIDTH}}] {share:4.0%}")

    def __enter__(self) -> Self:
        """Nothing is drawn yet."""
        return self

    def __exit__(self, *_fault: object) -> None:
        """Leave nothing of it."""
        if self._drawn:
            self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        if self._stream is not None:
            self._stream.write(text)
            self._stream.flush()
