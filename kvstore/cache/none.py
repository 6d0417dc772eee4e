"""No cache (none://): every read asks the database."""

from collections.abc import Collection

from kvstore.backends import Row
from kvstore.cache.base import Answer, Cache, CacheAway
from kvstore.keys import Path


class Nothing(Cache):
    """Misses always, keeps nothing, and has nothing to tell of writes."""

    def ask(self, path: Path) -> Answer:  # noqa: ARG002 - whatever it is
        """A miss."""
        return False, None, None

    def fill(self, path: Path, lease: object, row: Row | None) -> None:
        """Nothing is kept."""

    def begin(self, paths: Collection[Path] | None) -> None:
        """Nobody hits anything."""

    def end(self, write: object, *, known: bool) -> None:
        """There is nothing to end."""


class Closed(Nothing):
    """In place of a shared cache that cannot be reached: others may hit what is there, so none of it may change."""

    def __init__(self, why: Exception) -> None:
        """What is wrong with it."""
        self._why = why

    def begin(self, paths: Collection[Path] | None) -> None:
        """Raises CacheAway, unless no path is to change."""
        if paths is None or paths:
            raise CacheAway(f"the cache cannot be told of the write: {self._why}")
