"""The rows that one process keeps, within a bound of bytes."""

import threading
from collections import OrderedDict
from dataclasses import fields
from operator import attrgetter

from kvstore.backends import Row
from kvstore.keys import Path

ENTRY_BYTES = 200  # beside the texts: the objects around them
texts_of = attrgetter(*(field.name for field in fields(Row) if field.type in (bytes, str)))


class Entry:
    """A row, the stamps under which it was loaded, and whether it was hit since it was last in danger of eviction."""

    __slots__ = ("any_stamp", "hit", "row", "size_bytes", "stamp")

    def __init__(self, path: Path, row: Row | None, stamp: int, any_stamp: int) -> None:
        """Of a path; None: it is known to be absent."""
        self.row = row
        self.stamp = stamp
        self.any_stamp = any_stamp
        self.hit = False
        self.size_bytes = ENTRY_BYTES + len(path) + (sum(map(len, texts_of(row))) if row else 0)


class Entries:
    """Entries by path. At the bound the oldest goes, but one that was hit gets a second round (CLOCK)."""

    def __init__(self, max_bytes: int) -> None:
        """Empty."""
        self._max_bytes = max_bytes
        self._entries: OrderedDict[Path, Entry] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self.get = self._entries.get  # one step of the interpreter, so it needs no lock

    def put(self, path: Path, entry: Entry) -> None:
        """Keep it in the place of an earlier one; what is above the whole bound is not kept."""
        with self._lock:
            self._forget(self._entries.pop(path, None))
            if entry.size_bytes > self._max_bytes:
                return
            self._entries[path] = entry
            self._bytes += entry.size_bytes
            while self._bytes > self._max_bytes:
                oldest, found = self._entries.popitem(last=False)
                if found.hit:
                    found.hit = False
                    self._entries[oldest] = found
                else:
                    self._forget(found)

    def after_fork(self) -> None:
        """A new lock; nothing of what another thread was in the middle of."""
        if self._lock.locked():
            self._entries.clear()
            self._bytes = 0
        self._lock = threading.Lock()

    def _forget(self, entry: Entry | None) -> None:
        if entry is not None:
            self._bytes -= entry.size_bytes
