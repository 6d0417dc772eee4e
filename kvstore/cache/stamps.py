"""A number for each of 65,536 slots, in a file that all processes of a host map. A path has one of the slots.

A stamp only grows. It is odd while a writer of its slot is at work, or while one that is gone may yet be committed;
even otherwise. What this means for readers is in `shared`.

Writers of a slot wait for one another: a lock of threads, since the byte locks of POSIX are a process's, and a byte
lock, which the kernel gives back when the process is killed. 1,024 stripes of slots have one each, taken in their
order, so that no two writers wait in a ring.
"""

import errno
import mmap
import os
import platform
import struct
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

SHARES = fcntl is not None  # without byte locks there is no table that processes can share
SLOTS = 2**16
ANY = SLOTS  # the slot of writes that may change any path
STRIPES = 2**10
HEADER = struct.Struct("<8sII")  # magic, format, slots
MAGIC = HEADER.pack(b"kvcache\n", 1, SLOTS)
HEADER_BYTES = 64
WORD_BYTES = 8
FILE_BYTES = HEADER_BYTES + 2 * (SLOTS + 1) * WORD_BYTES
MAKING = STRIPES + 1  # the byte that is locked while the file is made
PAUSE_S = 0.001
# x86 keeps loads in order among loads, and stores among stores, which is all that is needed here.
ORDERED = platform.machine().lower() in ("x86_64", "amd64")


class BadFile(OSError):
    """The file is none of ours, or of another release."""


@dataclass
class Write:
    """The stripes that a writer holds; its slots, each with the time (ns) until which an earlier one is in doubt."""

    stripes: list[int] = field(default_factory=list)
    doubts_ns: dict[int, int] = field(default_factory=dict)


def slot_of(path: str) -> int:
    """The slot of a path, the same in every process."""
    return crc32(path.encode()) % SLOTS


def stripe_of(slot: int) -> int:
    """The lock of a slot; that of ANY comes last."""
    return slot % STRIPES if slot < ANY else STRIPES


class Stamps:
    """The table. `values[slot]` is a slot's stamp: eight aligned bytes, which are read and written in one piece.

    Beside it stands until when a slot stays closed after a writer whose outcome is not known; 0 means that nobody has
    noticed yet that it is gone. Only who holds the slot's lock looks at that.
    """

    def __init__(self, file: Path | None, linger_s: float, clock: Callable[[], int] = time.monotonic_ns) -> None:
        """Map the file, made when missing; None: memory of this process alone.

        linger_s  how long the database may still commit for a writer that is gone; 0: it was within that process
        clock     nanoseconds, the same for all processes of a host; it may begin anew when the host does
        raises    OSError, BadFile
        """
        self._linger_ns = int(linger_s * 1e9)
        self._clock = clock
        self._threads = [threading.Lock() for _ in range(STRIPES + 1)]
        self._file = -1
        memory: mmap.mmap | bytearray = bytearray(FILE_BYTES)
        if file is not None:
            # Opened once and kept: closing any descriptor of a file drops this process's locks on it.
            self._file = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                self._make(file)
                memory = mmap.mmap(self._file, FILE_BYTES)
            except BaseException:
                os.close(self._file)
                raise
        words = memoryview(memory)[HEADER_BYTES:].cast("Q")
        self.values = words[: SLOTS + 1]
        self._closed_until = words[SLOTS + 1 :]

    def _make(self, file: Path) -> None:
        """Give a new file its size and its header, which comes last; check those of an old one."""
        fcntl.lockf(self._file, fcntl.LOCK_EX, 1, MAKING)
        header = os.pread(self._file, HEADER.size, 0)
        if not header.strip(b"\0"):
            # Not a hole: writing to a mapped hole of a full disk kills the process.
            getattr(os, "posix_fallocate", lambda file, _, end: os.ftruncate(file, end))(self._file, 0, FILE_BYTES)
            os.pwrite(self._file, MAGIC, 0)
        elif header != MAGIC or os.fstat(self._file).st_size != FILE_BYTES:
            raise BadFile(f"{file} is no table of stamps of this release: stop all processes that use it and remove it")
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, MAKING)

    def gone(self) -> bool:
        """Whether the file was removed, so that processes started since have another one."""
        return self._file >= 0 and os.fstat(self._file).st_nlink == 0

    def begin(self, slots: Collection[int], wait_s: float = -1) -> Write:
        """Lock the slots and make their stamps odd.

        wait_s  for each thread of this process that has a stripe; -1: as long as it takes
        raises  OSError; TimeoutError, which is one
        """
        write = Write()
        try:
            for stripe in sorted({stripe_of(slot) for slot in slots}):
                self._lock(stripe, wait_s)
                write.stripes.append(stripe)
            for slot in slots:
                write.doubts_ns[slot] = self._in_doubt_until(slot)
                self._closed_until[slot] = 0
                self.values[slot] |= 1
        except BaseException:
            self.end(write, known=True)
            raise
        fence()
        return write

    def end(self, write: Write, *, known: bool) -> None:
        """Make the stamps even, or leave them odd for as long as a commit may still come; unlock."""
        fence()
        try:
            for slot, until_ns in write.doubts_ns.items():
                self._settle(slot, until_ns if known else self._clock() + self._linger_ns)
        finally:
            for stripe in reversed(write.stripes):
                self._unlock(stripe)

    def mend(self, slot: int) -> None:
        """Open a slot whose writer is gone, once it is in doubt no more. Waits for nobody."""
        stripe = stripe_of(slot)
        if self.values[slot] % 2 and self._try_lock(stripe):
            try:
                self._settle(slot, self._in_doubt_until(slot))
            finally:
                self._unlock(stripe)

    def _in_doubt_until(self, slot: int) -> int:
        """When an earlier writer, whose end nobody saw, can be committed no more; 0: there is none, or it is past."""
        if self.values[slot] % 2 == 0:
            return 0
        now_ns = self._clock()
        latest_ns = now_ns + self._linger_ns
        until_ns = self._closed_until[slot] or latest_ns  # noticed just now
        until_ns = min(until_ns, latest_ns)  # or noted by a clock that has begun anew
        return until_ns if until_ns > now_ns else 0

    def _settle(self, slot: int, until_ns: int) -> None:
        """Open a slot that is closed, or note until when it stays so."""
        if until_ns > self._clock():
            self._closed_until[slot] = until_ns
        else:
            self.values[slot] += self.values[slot] % 2

    def _lock(self, stripe: int, wait_s: float) -> None:
        # Of those that wait one at a time waits for other processes, so that the others give up in time.
        if not self._threads[stripe].acquire(timeout=wait_s):
            raise TimeoutError(f"other writes of this process took longer than {wait_s} s")
        try:
            while self._file >= 0 and not self._byte_locked(stripe, fcntl.LOCK_EX):
                time.sleep(PAUSE_S)
        except BaseException:
            self._threads[stripe].release()
            raise

    def _try_lock(self, stripe: int) -> bool:
        if not self._threads[stripe].acquire(blocking=False):
            return False
        if self._file < 0 or self._byte_locked(stripe, fcntl.LOCK_EX | fcntl.LOCK_NB):
            return True
        self._threads[stripe].release()
        return False

    def _byte_locked(self, stripe: int, how: int) -> bool:
        """Whether the byte could be locked.

        The kernel takes two threads of a process, of which one holds and the other waits, for one, and so sees rings
        where there are none; and rings are not possible here. Then it is tried again.
        """
        try:
            fcntl.lockf(self._file, how, 1, stripe)
        except OSError as fault:
            if fault.errno in (errno.EDEADLK, errno.EAGAIN, errno.EACCES):
                return False
            raise
        return True

    def _unlock(self, stripe: int) -> None:
        try:
            if self._file >= 0:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, stripe)
        finally:
            self._threads[stripe].release()

    def after_fork(self) -> None:
        """New locks of threads: a new process has one thread. Byte locks stayed with the parent."""
        self._threads = [threading.Lock() for _ in self._threads]


def fence() -> None:
    """What was read or stored before is so for what comes after.

    A weakly ordered CPU (ARM) needs to be told. The kernel's scheduler has a full barrier on all of them.
    """
    if SHARES and not ORDERED:
        os.sched_yield()
