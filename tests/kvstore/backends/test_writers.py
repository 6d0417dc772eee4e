"""The one connection of a process that writes to a sqlite file."""

import os
import threading
from typing import Any

import pytest
from django.db import OperationalError, connections

from kvstore import store
from kvstore.backends import writers
from tests.kvstore.conftest import ALIAS
from tests.kvstore.store.asking import START, K, at_once, put

pytestmark = pytest.mark.usefixtures("records")


@pytest.fixture(autouse=True)
def _sqlite(records: str) -> None:
    if records != "sqlite":
        pytest.skip("MariaDB has many writers at a time")


def test_all_threads_write_on_it() -> None:
    put()
    writer = writers.make(connections[ALIAS])
    opened = writer.connection.connection
    seen: list[str] = []
    opened.set_trace_callback(seen.append)
    at_once(*[lambda: put(value=b"2")] * 4)
    opened.set_trace_callback(None)
    assert writers.make(connections[ALIAS]) is writer
    assert seen.count("COMMIT") == 4
    assert store.get(K, START).version == 5


def test_who_waits_too_long_for_a_turn_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    put()
    monkeypatch.setattr(writers, "wait_s_of", lambda _: 0.01)
    told = r"^database is locked: others of this process wrote for longer than 0\.01 s$"
    with writers.writer_of(connections[ALIAS]), pytest.raises(OperationalError, match=told):
        put(value=b"2")
    assert put(value=b"3").version == 2


def test_a_write_that_fails_leaves_it_usable() -> None:
    put()

    def fail() -> Any:
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        put(value=b"2", now=fail)  # type: ignore[arg-type] # a function is asked
    assert put(value=b"3").version == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_opens_its_own_even_while_another_thread_writes() -> None:
    put()
    before = writers.make(connections[ALIAS])
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with writers.writer_of(connections[ALIAS]):
            held.set()
            let_go.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    child = os.fork()
    if not child:
        made = writers.make(connections[ALIAS])
        right = made is not before and before.connection.connection is None and made.turn.acquire(timeout=0)
        os._exit(0 if right else 1)
    assert os.waitpid(child, 0)[1] == 0
    let_go.set()
    thread.join()
    assert before.connection.connection is not None
    assert put(value=b"2").version == 2
