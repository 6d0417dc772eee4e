"""The table of stamps: its file, its locks, and what becomes of a slot whose writer is gone."""

import errno
import mmap
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path as File
from typing import Any

import pytest

from kvstore.cache import stamps
from kvstore.cache.stamps import ANY, FILE_BYTES, SLOTS, BadFile, Stamps, Write, slot_of, stripe_of
from tests.live import PROJECT
from tests.waiting import until

S = 10**9
LINGER_S = 60


class Clock:
    """Nanoseconds that stand still."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> int:
        return int(self.now_s * S)


@pytest.fixture
def file(tmp_path: File) -> File:
    return tmp_path / "db.sqlite3.kvcache"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def table(file: File, clock: Clock) -> Stamps:
    """With a database that is another process."""
    return Stamps(file, LINGER_S, clock)


def dies(table: Stamps, write: Write) -> None:
    """What the kernel does for a process that is killed."""
    for stripe in write.stripes:
        table._unlock(stripe)


def odd(table: Stamps, slot: int) -> bool:
    """Whether it is still closed, once somebody has tried to open it."""
    table.mend(slot)
    return table.values[slot] % 2 == 1


# --- slots -------------------------------------------------------------------------------------------------------


def test_a_path_has_the_same_slot_in_every_process() -> None:
    assert [slot_of("default/a"), slot_of("default/ключ")] == [16850, 25985]


def test_slots_share_stripes_evenly_and_that_of_any_path_has_its_own() -> None:
    assert {stripe_of(slot) for slot in range(SLOTS)} == set(range(1024))
    assert stripe_of(ANY) == 1024


# --- the file ----------------------------------------------------------------------------------------------------


def test_makes_a_file_for_its_owner_that_is_no_hole(file: File, table: Stamps) -> None:
    status = file.stat()
    assert (stat.S_IMODE(status.st_mode), status.st_size) == (0o600, FILE_BYTES)
    assert status.st_blocks * 512 >= FILE_BYTES
    assert not table.gone()


def test_stamps_outlive_their_processes(file: File, table: Stamps) -> None:
    table.end(table.begin([7, ANY]), known=True)
    again = Stamps(file, LINGER_S)
    assert (again.values[7], again.values[8], again.values[ANY]) == (2, 0, 2)


def test_two_tables_of_a_file_are_one_memory(file: File, table: Stamps) -> None:
    other = Stamps(file, LINGER_S)
    table.values[7] = 40
    assert other.values[7] == 40


@pytest.mark.parametrize("found", [b"SQLite format 3\0" + bytes(FILE_BYTES), b"kvcache\n\x02\0\0\0\0\0\x01\0", b"x"])
def test_refuses_a_file_that_is_no_table_of_this_release(file: File, found: bytes) -> None:
    file.write_bytes(found)
    told = f"^{file} is no table of stamps of this release: stop all processes that use it and remove it$"
    for _ in range(3):
        with pytest.raises(BadFile, match=told):
            Stamps(file, 0)
    assert file.read_bytes() == found


def test_refuses_a_table_that_was_cut_short(file: File, table: Stamps) -> None:
    os.truncate(file, FILE_BYTES - 1)
    with pytest.raises(BadFile):
        Stamps(file, 0)


def test_makes_a_file_anew_that_was_not_finished(file: File) -> None:
    file.write_bytes(bytes(1000))
    Stamps(file, 0)
    assert file.stat().st_size == FILE_BYTES


def test_a_full_disk_is_told_and_leaves_nothing_open(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    before = len(list(File("/proc/self/fd").iterdir()))
    with pytest.raises(OSError, match="No space left on device"):
        Stamps(file, 0)
    assert len(list(File("/proc/self/fd").iterdir())) == before
    monkeypatch.undo()
    assert Stamps(file, 0).values[0] == 0


def test_makes_the_file_where_the_system_cannot_allocate(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "posix_fallocate")
    Stamps(file, 0)
    assert file.stat().st_size == FILE_BYTES


@pytest.mark.parametrize("take_away", [File.unlink, lambda file: file.with_name("new").replace(file)])
def test_notices_that_its_file_was_removed_or_replaced(
    file: File, table: Stamps, take_away: Callable[[File], Any]
) -> None:
    Stamps(file.with_name("new"), 0)
    take_away(file)
    assert table.gone()


def test_memory_of_one_process_is_never_gone() -> None:
    table = Stamps(None, 0)
    table.end(table.begin([7]), known=True)
    assert (table.gone(), table.values[7]) == (False, 2)


def test_the_memory_of_two_tables_without_a_file_is_not_one() -> None:
    one, other = Stamps(None, 0), Stamps(None, 0)
    one.end(one.begin([7]), known=True)
    assert other.values[7] == 0


# --- a write -----------------------------------------------------------------------------------------------------


def test_a_stamp_is_odd_during_a_write_and_another_one_after_it(table: Stamps) -> None:
    write = table.begin([7, ANY])
    assert (table.values[7], table.values[ANY], table.values[8]) == (1, 1, 0)
    table.end(write, known=True)
    assert (table.values[7], table.values[ANY], table.values[8]) == (2, 2, 0)


def test_slots_of_one_stripe_are_locked_once(table: Stamps) -> None:
    write = table.begin([7, 7 + 1024, 7 + 2048, 3])
    assert write.stripes == [3, 7]
    table.end(write, known=True)
    table.end(table.begin([7]), known=True)


def test_an_outcome_that_is_not_known_closes_the_slot_for_as_long_as_it_may_come(table: Stamps, clock: Clock) -> None:
    write = table.begin([7])
    clock.now_s += 500  # it takes its time
    table.end(write, known=False)
    clock.now_s += LINGER_S - 1
    assert odd(table, 7)
    clock.now_s += 1
    assert not odd(table, 7)


def test_a_killed_writer_closes_the_slot_from_when_that_is_noticed(table: Stamps, clock: Clock) -> None:
    dies(table, table.begin([7]))
    clock.now_s += 500  # nobody looks
    assert odd(table, 7)
    clock.now_s += LINGER_S - 1
    assert odd(table, 7)
    clock.now_s += 1
    assert not odd(table, 7)


def test_later_writers_pass_on_for_how_long_the_slot_stays_closed(table: Stamps, clock: Clock) -> None:
    dies(table, table.begin([7]))
    for _ in range(3):
        clock.now_s += LINGER_S / 4
        table.end(table.begin([7]), known=True)
        assert odd(table, 7)
    clock.now_s += LINGER_S / 2 - 1
    assert odd(table, 7)
    clock.now_s += 1  # LINGER_S after the first of them noticed
    assert not odd(table, 7)


def test_a_second_killed_writer_prolongs_it(table: Stamps, clock: Clock) -> None:
    dies(table, table.begin([7]))
    assert odd(table, 7)
    clock.now_s += LINGER_S - 1
    dies(table, table.begin([7]))
    clock.now_s += 2
    assert odd(table, 7)
    clock.now_s += LINGER_S - 1
    assert odd(table, 7)
    clock.now_s += 1
    assert not odd(table, 7)


def test_a_write_after_that_time_opens_the_slot(table: Stamps, clock: Clock) -> None:
    dies(table, table.begin([7]))
    assert odd(table, 7)
    clock.now_s += LINGER_S
    table.end(table.begin([7]), known=True)
    assert table.values[7] == 2


def test_a_clock_that_began_anew_with_the_host_closes_no_slot_for_ever(table: Stamps, clock: Clock) -> None:
    dies(table, table.begin([7]))
    assert odd(table, 7)
    clock.now_s = 5
    assert odd(table, 7)
    clock.now_s += LINGER_S
    assert not odd(table, 7)


def test_with_sqlite_the_slot_of_a_killed_writer_is_opened_at_once(file: File) -> None:
    table = Stamps(file, 0)
    dies(table, table.begin([7]))
    assert not odd(table, 7)
    dies(table, table.begin([7]))
    table.end(table.begin([7]), known=True)
    assert table.values[7] == 4


def test_an_open_slot_stays_as_it_is_when_somebody_tries_to_open_it(table: Stamps) -> None:
    table.mend(7)
    assert table.values[7] == 0


def test_nobody_opens_the_slot_of_a_writer_at_work(table: Stamps) -> None:
    write = table.begin([7])
    assert odd(table, 7)
    table.end(write, known=True)
    assert table.values[7] == 2


def test_a_begin_that_fails_leaves_everything_as_it_was(table: Stamps, monkeypatch: pytest.MonkeyPatch) -> None:
    locked = stamps.fcntl.lockf

    def fails(descriptor: int, how: int, length: int, start: int) -> None:
        if start == 9 and how == stamps.fcntl.LOCK_EX:
            raise OSError(errno.ENOLCK, "No locks available")
        locked(descriptor, how, length, start)

    monkeypatch.setattr(stamps.fcntl, "lockf", fails)
    with pytest.raises(OSError, match="No locks available"):
        table.begin([7, 9])
    table.end(table.begin([7]), known=True)
    assert (table.values[7], table.values[9]) == (2, 0)
    monkeypatch.undo()
    table.end(table.begin([7, 9]), known=True)
    assert (table.values[7], table.values[9]) == (4, 2)


def test_a_ring_that_the_kernel_sees_among_threads_is_waited_out(
    table: Stamps, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked, refusals = stamps.fcntl.lockf, [errno.EDEADLK, errno.EDEADLK]

    def lockf(descriptor: int, how: int, length: int, start: int) -> None:
        if how == stamps.fcntl.LOCK_EX and refusals:
            raise OSError(refusals.pop(), "Resource deadlock avoided")
        locked(descriptor, how, length, start)

    monkeypatch.setattr(stamps.fcntl, "lockf", lockf)
    table.end(table.begin([7]), known=True)
    assert (table.values[7], refusals) == (2, [])


def test_a_weakly_ordered_processor_is_told_to_keep_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    monkeypatch.setattr(os, "sched_yield", lambda: told.append(table.values[7]))
    table = Stamps(None, 0)
    table.end(table.begin([7]), known=True)
    assert told == []
    monkeypatch.setattr(stamps, "ORDERED", False)
    table.end(table.begin([7]), known=True)
    assert told == [3, 3]  # once it is odd, and before it is even


# --- locks -------------------------------------------------------------------------------------------------------


def test_a_thread_waits_for_the_writer_of_its_slot_and_for_no_other(table: Stamps) -> None:
    write, done = table.begin([7]), []

    def other(slot: int) -> None:
        table.end(table.begin([slot]), known=True)
        done.append(slot)

    threads = [threading.Thread(target=other, args=[slot]) for slot in (7, 8)]
    for thread in threads:
        thread.start()
    until(lambda: done == [8])
    assert table.values[7] == 1
    table.end(write, known=True)
    for thread in threads:
        thread.join()
    assert (done, table.values[7]) == ([8, 7], 4)


HOLDER = """
import sys
from pathlib import Path
from kvstore.cache.stamps import Stamps
table = Stamps(Path(sys.argv[1]), 0)
write = table.begin([int(sys.argv[2])])
print("held", flush=True)
sys.stdin.readline()
table.end(write, known=True)
print("given back", flush=True)
"""


@pytest.fixture
def holder(file: File) -> Any:
    """Another process that writes to slot 7."""
    command = [sys.executable, "-c", HOLDER, str(file), "7"]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "buildserver.settings"}
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def in_another_thread(table: Stamps) -> threading.Thread:
    """Begin and end a write of slot 7."""
    thread = threading.Thread(target=lambda: table.end(table.begin([7]), known=True))
    thread.start()
    return thread


def test_waits_for_the_writer_in_another_process(file: File, holder: Any) -> None:
    table = Stamps(file, 0)
    thread = in_another_thread(table)
    table.end(table.begin([8]), known=True)
    table.mend(7)
    assert (table.values[7], thread.is_alive()) == (1, True)
    holder.stdin.write("\n")
    holder.stdin.flush()
    thread.join(60)
    assert table.values[7] == 4


def test_does_not_wait_for_a_process_that_was_killed(file: File, holder: Any) -> None:
    table = Stamps(file, 0)
    thread = in_another_thread(table)
    assert table.values[7] == 1
    holder.kill()
    thread.join(60)
    assert table.values[7] == 2


def test_keeps_its_locks_when_a_write_is_refused_beside_them(file: File, holder: Any) -> None:
    table = Stamps(file, 0)
    for _ in range(3):
        table.mend(7)
    assert table.values[7] == 1
    holder.kill()
    holder.wait()
    table.mend(7)
    assert table.values[7] == 2


def test_the_words_of_the_table_are_aligned() -> None:
    assert stamps.HEADER_BYTES % stamps.WORD_BYTES == 0
    assert mmap.PAGESIZE % stamps.WORD_BYTES == 0
