"""A cache that is coherent among the processes of one host (shm://): rows in each process, stamps in shared memory.

A writer locks the slots of its paths, makes their stamps odd, commits, makes them even (a new number), and only then is
its write acknowledged. A write that may change any path does so with one more slot, ANY. A reader takes the stamps of
its slot and of ANY, takes no lock, and keeps what it loads only under even stamps, which it took before it loaded.

Why a hit is never old: **a hit is what the database holds at the moment of the look.** The entry's stamps were even
when they were taken, so no write to the path was between its start and its end then: none could be committed without
making a stamp odd first. They are the same numbers now and stamps only grow, so none has done so since. The load lies
between both moments, so it saw what the database holds now. Hence:
- a write that is acknowledged before a read begins has moved a stamp: its old entries never hit again;
- what another reader was shown, from the database or from its own entries, is what a hit now shows, or older;
- a reader that loads across a whole write fills under a stamp that has moved: that entry never hits;
- two writers of a slot exclude each other; `changing(None)` and `changing([path])` need not, each moves its own stamp,
  and a hit needs both;
- entries that were made before a fork are right after it: the stamps are the same memory.

A writer that is killed leaves its stamp odd (nobody hits or fills), wherever it was, and the kernel drops its lock. Who
finds a stamp odd and its lock free knows that the writer is gone. If the database was in its process (sqlite), the
write is there or never will be, and the stamp is made even at once: as long as any process has the database open, what
the dead one had not finished is not seen, and the next writer goes over it. If the database is another process (MySQL,
MariaDB), a COMMIT that was sent may still be carried out, also after later writers of other paths in the slot. So the
slot stays closed for LINGER_S from when the death was noticed, by a clock that all processes of the host share; writers
pass that time on to one another and may die at any step in between. The same holds for a writer that lives and does not
know its outcome. However long a write takes, its lock keeps the slot closed.

No lock for readers: a stamp is eight aligned bytes, read in one piece. That a stamp is odd before the commit can be
seen, and that it is taken before the load reads, needs stores to stay in order among stores and loads among loads: x86
does that, for others there is `fence`. That a hit sees the stamps of every write that was acknowledged, or shown to
someone, before the read began follows from how that came to be known: through system calls, which order memory.

The file is removed while it is used: each read notices, attaches to the new file and forgets its entries; a write that
was under way moves the stamps of the new file as well, before it is acknowledged. Not for several hosts, nor for a file
on a network.
"""

import logging
import threading
from collections.abc import Callable, Collection
from typing import NamedTuple

from django.db import OperationalError

from kvstore.backends import Row
from kvstore.cache.base import Answer, Cache, CacheAway
from kvstore.cache.entries import Entries, Entry
from kvstore.cache.stamps import ANY, Stamps, Write, fence, slot_of
from kvstore.keys import Path

# As sqlite waits for its own lock: else each of the writers of one record would wait that long, one after another.
WAIT_S = 5.0
logger = logging.getLogger(__name__)


class Here(NamedTuple):
    """A table, and the entries that were filled under its stamps."""

    stamps: Stamps
    entries: Entries


class Lease(NamedTuple):
    """The stamps before a load, both even."""

    here: Here
    slot: int
    stamp: int
    any_stamp: int


class Begun(NamedTuple):
    """A write under way: its slots, and where they are locked."""

    stamps: Stamps
    slots: Collection[int]
    write: Write


class Shared(Cache):
    """Entries of this process, current as long as the shared stamps say so."""

    peeks = True

    def __init__(self, attach: Callable[[], Stamps], max_bytes: int) -> None:
        """Attach; `attach` is called again when the file was removed. Raises what it raises (OSError)."""
        self._attach = attach
        self._max_bytes = max_bytes
        self._attaching = threading.Lock()
        self._here = Here(attach(), Entries(max_bytes))

    def ask(self, path: Path) -> Answer:
        """The entry whose stamps are both as they were, else a lease if both are even."""
        try:
            here = self._current()
        except OSError:
            return False, None, None
        stamps, entries = here
        slot = slot_of(path)
        stamp, any_stamp = stamps.values[slot], stamps.values[ANY]
        entry = entries.get(path)
        if entry is not None and entry.stamp == stamp and entry.any_stamp == any_stamp:
            entry.hit = True
            return True, entry.row, None
        if stamp % 2 or any_stamp % 2:
            stamps.mend(slot)
            stamps.mend(ANY)
            return False, None, None
        fence()
        return False, None, Lease(here, slot, stamp, any_stamp)

    def peek(self, path: Path) -> tuple[bool, Row | None]:
        """The entry, if it is current."""
        return self.ask(path)[:2]

    def fill(self, path: Path, lease: Lease, row: Row | None) -> None:
        """Keep it under the stamps of the lease; where they have moved it would never hit."""
        values = lease.here.stamps.values
        if values[lease.slot] == lease.stamp and values[ANY] == lease.any_stamp:
            lease.here.entries.put(path, Entry(path, row, lease.stamp, lease.any_stamp))

    def begin(self, paths: Collection[Path] | None) -> Begun:
        """Lock the slots and make their stamps odd; raises OperationalError where that takes longer than WAIT_S."""
        slots = {ANY} if paths is None else {slot_of(path) for path in paths}
        try:
            stamps = self._current().stamps
            return Begun(stamps, slots, stamps.begin(slots, WAIT_S))
        except TimeoutError as fault:
            raise OperationalError(f"writers of the same records wait for one another: {fault}") from fault
        except OSError as fault:
            raise CacheAway(f"the cache cannot be told of the write: {fault}") from fault

    def end(self, write: Begun, *, known: bool) -> None:
        """Make the stamps even and unlock."""
        write.stamps.end(write.write, known=known)
        if write.stamps.gone():
            self._move_in_new_file(write.slots, known=known)

    def after_fork(self) -> None:
        """New locks. The entries stay, unless another thread was changing them."""
        self._attaching = threading.Lock()
        self._here.stamps.after_fork()
        self._here.entries.after_fork()

    def _current(self) -> Here:
        """Where the stamps are now."""
        here = self._here
        if not here.stamps.gone():
            return here
        with self._attaching:
            if self._here.stamps.gone():
                logger.warning("the cache's file was removed, another one is made")
                self._here = Here(self._attach(), Entries(self._max_bytes))
            return self._here

    def _move_in_new_file(self, slots: Collection[int], *, known: bool) -> None:
        """Make old what others loaded, under the new file's stamps, before this write was committed."""
        try:
            stamps = self._current().stamps
            stamps.end(stamps.begin(slots), known=known)
        except OSError as fault:
            logger.warning("the cache cannot be told of a write", extra={"fault": str(fault)})
