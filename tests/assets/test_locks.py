import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

import pytest
from django.db import OperationalError, connection

from assets import locks

HOLD = """
import fcntl, sys
from pathlib import Path
with Path(sys.argv[1]).open("ab") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.read()
"""
Lock = Callable[[int], AbstractContextManager[None]]


@pytest.fixture(params=["file", "thread"])
def lock(request: pytest.FixtureRequest, tmp_path: Path) -> Lock:
    if request.param == "thread":
        return locks.on_thread
    return lambda number: locks.on_file(tmp_path / "locks", number)


def enter(lock: Lock, number: int, order: list[str], begun: threading.Event) -> None:
    begun.set()
    with lock(number):
        order.append("second")


def test_a_second_writer_waits_for_the_first(lock: Lock) -> None:
    order: list[str] = []
    begun = threading.Event()
    thread = threading.Thread(target=enter, args=(lock, 1, order, begun))
    with lock(1):
        thread.start()
        begun.wait()
        thread.join(0.05)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_writers_of_other_names_do_not_wait(lock: Lock) -> None:
    order: list[str] = []
    thread = threading.Thread(target=enter, args=(lock, 2, order, threading.Event()))
    with lock(1):
        thread.start()
        thread.join()
    assert order == ["second"]


def test_a_lock_ends_with_a_fault(lock: Lock) -> None:
    for _ in range(2):
        with pytest.raises(RuntimeError, match="the disk is full"), lock(1):
            raise RuntimeError("the disk is full")


def test_a_lock_of_another_process_ends_when_it_is_killed(tmp_path: Path) -> None:
    (tmp_path / "locks").mkdir()
    command = [sys.executable, "-c", HOLD, str(tmp_path / "locks" / "001")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        order: list[str] = []
        waiting = threading.Thread(
            target=enter, args=(lambda number: locks.on_file(tmp_path / "locks", number), 1, order, threading.Event())
        )
        waiting.start()
        waiting.join(0.05)
        assert order == []
        holder.kill()
        waiting.join()
    assert order == ["second"]


class Cursor:
    """Of a MySQL that answers GET_LOCK with `got`."""

    def __init__(self, got: object, asked: list[tuple[str, list[Any]]]) -> None:
        self.got, self.asked = got, asked

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_fault: object) -> None: ...

    def execute(self, statement: str, parameters: list[Any]) -> None:
        self.asked.append((statement, parameters))
        if self.got == "lost" and "RELEASE" in statement:
            raise OperationalError("the server has gone away")

    def fetchone(self) -> tuple[object]:
        return (1 if self.got == "lost" else self.got,)


class Connection:
    def __init__(self, got: object) -> None:
        self.got, self.asked = got, list[tuple[str, list[Any]]]()

    def cursor(self) -> Cursor:
        return Cursor(self.got, self.asked)


@pytest.mark.parametrize("got", [1, "lost"])
def test_mysql_keeps_the_lock_by_name_until_the_end_or_until_the_connection_is_lost(got: object) -> None:
    connection = Connection(got)
    with locks.on_connection(connection, "assets:key"):
        assert connection.asked == [("SELECT GET_LOCK(%s, %s)", ["assets:key", 20])]
    assert connection.asked[1:] == [("SELECT RELEASE_LOCK(%s)", ["assets:key"])]


@pytest.mark.parametrize("got", [0, None])
def test_does_not_wait_for_ever(got: object) -> None:
    with (
        pytest.raises(locks.Busy, match="the name has been written by another for 20 s"),
        locks.on_connection(Connection(got), "assets:key"),
    ):
        pytest.fail("the lock was not held")


@pytest.mark.parametrize(
    ("vendor", "fcntl", "in_memory", "kind"),
    [
        ("mysql", True, False, "on_connection"),
        ("sqlite", True, False, "on_file"),
        ("sqlite", True, True, "on_thread"),
        ("sqlite", False, False, "on_thread"),
        ("other", True, False, "on_thread"),
    ],
)
@pytest.mark.django_db
def test_uses_what_dies_with_its_holder(
    monkeypatch: pytest.MonkeyPatch, vendor: str, kind: str, *, fcntl: bool, in_memory: bool
) -> None:
    used: list[tuple[str, Any]] = []
    for name in ("on_connection", "on_file", "on_thread"):
        whole = getattr(locks, "on_thread")  # noqa: B009 - the one before it is replaced
        monkeypatch.setattr(locks, name, lambda *key, name=name, whole=whole: used.append((name, key[-1])) or whole(0))
    monkeypatch.setattr(connection, "vendor", vendor)
    monkeypatch.setattr(connection, "is_in_memory_db", lambda: in_memory)
    if not fcntl:
        monkeypatch.setattr(locks, "fcntl", None)
    for name in ("a", "a", "b"):
        with locks.held(name):
            pass
    assert {name for name, _key in used} == {kind}
    keys = [key for _name, key in used]
    assert keys[0] == keys[1] != keys[2]
