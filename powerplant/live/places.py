"""Places for watchers: each holds a thread of its process. The project counts them where it has several such apps."""

import threading
import weakref
from typing import Protocol

from django.http import HttpRequest

from powerplant.conf import conf
from powerplant.live.refusals import Unavailable


class Place(Protocol):
    """What POWERPLANT_WATCHERS returns for a request; instead it may raise, as an answer of 503."""

    def over(self) -> bool:
        """Whether the answer may end: the client has gone, or the process is about to."""

    def cut(self) -> None:
        """What was sent was not taken: the connection is of no use any more."""

    def close(self) -> None:
        """Give it back; a second time nothing happens."""


class OwnPlace:
    """A place of this app's own count, given back with the object at the latest."""

    _taken: set[object] = set()
    _taking = threading.Lock()

    def __init__(self) -> None:
        """Take it; raises Unavailable (503)."""
        token = object()
        with self._taking:
            if len(self._taken) >= conf.max_watchers:
                raise Unavailable(f"all {conf.max_watchers} places for watchers are taken")
            self._taken.add(token)
        self.close = weakref.finalize(self, self._taken.discard, token)

    def over(self) -> bool:
        """Nobody tells."""
        return False

    def cut(self) -> None:
        """The server knows."""


def own(_request: HttpRequest) -> Place:
    """POWERPLANT_WATCHERS where the project does not set it."""
    return OwnPlace()
