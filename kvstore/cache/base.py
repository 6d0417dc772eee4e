"""What every cache of records does, so that a read through it never shows less than the database would."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from django.db import Error

from kvstore.backends import Row
from kvstore.keys import Path

Load = Callable[[], Row | None]
# A hit and its row, or a miss and what `fill` needs: None where nothing may be kept.
Answer = tuple[bool, Row | None, Any]
LINGER_S = 60.0  # how long a database server may take to commit for a writer that is gone; its read timeout is 30 s

_inside = threading.local()


class CacheAway(Exception):
    """Readers could not be kept from what a write is about to make old, so it may not begin; nothing was begun."""


class Cache(ABC):
    """Rows by path. A read asks, loads and fills; a write begins, commits and ends.

    Those steps are of their own because what is right depends on how they interleave; `read` and `changing` are what
    the store calls.

    peeks  whether `peek` ever hits
    """

    peeks: ClassVar[bool] = False

    def read(self, path: Path, load: Load) -> Row | None:
        """The row of a path as the database has it at some moment of this call; None: there never was one.

        load    asks the database, outside of any older snapshot; what it raises passes through
        """
        hit, row, lease = self.ask(path)
        if hit:
            return row
        row = load()
        if lease is not None:
            self.fill(path, lease, row)
        return row

    @contextmanager
    def changing(self, paths: Collection[Path] | None) -> Iterator[None]:
        """Around a transaction and its commit, and before its acknowledgement.

        paths   those that may change; None: any
        raises  CacheAway, OperationalError before anything was begun; RuntimeError within another one, for which it
                could wait for ever

        Without an exception it was committed, with an Exception nothing was written. After an error of the database, or
        what is no Exception (the thread is being stopped), nobody knows: a server that has lost us may commit yet.
        """
        if getattr(_inside, "changing", False):
            raise RuntimeError("changing() within changing(): one write is one transaction, name all its paths at once")
        write = self.begin(paths)
        _inside.changing, known = True, False
        try:
            yield
            known = True
        except Error:
            raise
        except Exception:
            known = True
            raise
        finally:
            _inside.changing = False
            self.end(write, known=known)

    def peek(self, _path: Path) -> tuple[bool, Row | None]:
        """A hit and its row, where that takes no question to anyone; else no hit."""
        return False, None

    @abstractmethod
    def ask(self, path: Path) -> Answer:
        """The row if it is here and current, else the lease under which it may be filled once it is loaded."""

    @abstractmethod
    def fill(self, path: Path, lease: Any, row: Row | None) -> None:
        """Keep what was loaded after the lease was given, unless a write began meanwhile."""

    @abstractmethod
    def begin(self, paths: Collection[Path] | None) -> Any:
        """From here on nobody hits what the write may change. Raises CacheAway, OperationalError: nothing was begun."""

    @abstractmethod
    def end(self, write: Any, *, known: bool) -> None:
        """The write is over. `known`: the database will do nothing more about it. Raises nothing."""

    def after_fork(self) -> None:  # noqa: B027 - a cache without locks has nothing to do
        """In a new process: other threads were not copied, and so never give back what they held."""
