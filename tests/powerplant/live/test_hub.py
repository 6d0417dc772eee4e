import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from powerplant.live import hub
from powerplant.live.hub import Away, Hub
from powerplant.live.watcher import Watcher
from tests.live import PROJECT
from tests.waiting import until


class Memory:
    """A carrier in memory; it can be made to fail, to block, and to be watched from elsewhere."""

    def __init__(self) -> None:
        self.texts: list[bytes] = []
        self.written: list[bytes] = []
        self.fault: Exception | None = None
        self.elsewhere = False
        self.watching = False
        self.closed = 0
        self.unblocked = threading.Event()
        self.unblocked.set()
        self.reached = threading.Event()

    def _call(self) -> None:
        self.reached.set()
        assert self.unblocked.wait(60)
        if self.fault:
            raise self.fault

    def watched(self) -> bool:
        self._call()
        return self.elsewhere or self.watching

    def write(self, texts: Sequence[bytes]) -> None:
        self._call()
        self.written.extend(texts)
        self.texts.extend(texts)

    def watch(self) -> None:
        self._call()
        self.watching = True

    def read(self) -> list[bytes]:
        self._call()
        read, self.texts = self.texts, []
        return read

    def unwatch(self) -> None:
        self.watching = False

    def close(self) -> None:
        self.closed += 1


class Parts:
    """A hub with what it works on."""

    def __init__(self) -> None:
        self.carrier = Memory()
        self.hub = Hub(lambda: self.carrier)
        self.kept: list[Watcher] = []

    def watch(self) -> Watcher:
        self.kept.append(self.hub.watch())
        return self.kept[-1]

    def plan(self, number: int, size_bytes: int = 10) -> None:
        self.hub.publish({"load": number}, [], size_bytes)

    def rests(self) -> bool:
        """Whether the thread waits for the first plan or watcher."""
        return bool(self.hub._changed._waiters)  # type: ignore[attr-defined]


@pytest.fixture
def parts(quick: None) -> Iterator[Parts]:
    made = Parts()
    yield made
    made.carrier.unblocked.set()
    made.carrier.fault = None
    for watcher in made.kept:
        made.hub.leave(watcher)
    until(lambda: made.hub._thread is None or made.rests())


def loads(watcher: Watcher, count: int) -> list[int]:
    """The loads of the next plans that it is sent."""
    sent = b""
    while sent.count(b"\n\n") < count:
        piece = watcher.take(60)
        assert piece
        sent += piece
    return [json.loads(event.partition(b"data: ")[2])["request"]["load"] for event in sent.split(b"\n\n") if event]


def test_every_watcher_is_sent_every_plan_in_its_order(parts: Parts) -> None:
    watchers = [parts.watch(), parts.watch()]
    for number in range(100):
        parts.plan(number)
    assert [loads(watcher, 100) for watcher in watchers] == [list(range(100))] * 2


def test_a_plan_is_written_when_somebody_watches_in_another_process(parts: Parts) -> None:
    parts.carrier.elsewhere = True
    parts.plan(1)
    until(lambda: parts.carrier.written)
    assert json.loads(parts.carrier.written[0]) == {"request": {"load": 1}, "answer": []}


def test_nothing_is_written_while_nobody_watches(parts: Parts) -> None:
    for number in range(20):
        parts.plan(number)
        until(parts.rests)
    assert parts.carrier.written == []
    watcher = parts.watch()
    parts.plan(20)
    assert loads(watcher, 1) == [20]


def test_no_thread_runs_before_the_first_plan_or_watcher(parts: Parts) -> None:
    assert parts.hub._thread is None
    parts.plan(1)
    assert parts.hub._thread
    assert parts.hub._thread.daemon


def test_rests_without_waking_up_when_the_last_watcher_left(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[object] = []
    wait = parts.hub._changed.wait
    monkeypatch.setattr(parts.hub._changed, "wait", lambda timeout=None: waits.append(timeout) or wait(timeout))  # type: ignore[func-returns-value]
    watcher = parts.watch()
    assert parts.carrier.watching
    parts.hub.leave(watcher)
    until(parts.rests)
    assert not parts.carrier.watching
    assert set(waits) == {None}


def test_a_watcher_that_nobody_holds_any_more_is_forgotten(parts: Parts) -> None:
    parts.watch()
    parts.kept.clear()
    until(parts.rests)
    assert not parts.carrier.watching


def test_a_watcher_that_takes_nothing_is_dropped_and_the_others_go_on(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("powerplant.live.watcher.MAX_BYTES", 1000)
    slow, quick = parts.watch(), parts.watch()
    for number in range(30):
        parts.plan(number)
        assert loads(quick, 1) == [number]
    assert slow.take(0) is None
    assert slow not in parts.hub._watchers
    assert quick in parts.hub._watchers


def test_publishing_waits_neither_for_the_carrier_nor_for_a_full_queue(
    parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    watcher = parts.watch()
    parts.carrier.unblocked.clear()
    parts.carrier.reached.clear()
    assert parts.carrier.reached.wait(60)
    for number in range(hub.MAX_PLANS + 7):
        parts.plan(number)
    assert len(parts.hub._plans) == hub.MAX_PLANS
    with caplog.at_level(logging.INFO, "powerplant.live.hub"):
        parts.carrier.unblocked.set()
        assert loads(watcher, hub.MAX_PLANS) == list(range(hub.MAX_PLANS))
        until(lambda: caplog.records)
    assert [(record.message, record.plans) for record in caplog.records] == [  # type: ignore[attr-defined]
        ("plans were not shown to watchers", 7)
    ]


def test_the_queue_is_bounded_by_the_bytes_of_its_bodies_too(parts: Parts) -> None:
    watcher = parts.watch()
    parts.carrier.unblocked.clear()
    parts.carrier.reached.clear()
    assert parts.carrier.reached.wait(60)
    for number in range(10):
        parts.plan(number, 2**20)
    assert (len(parts.hub._plans), parts.hub._bytes) == (4, 4 * 2**20)
    parts.plan(10, 2**30)  # of which nothing is held
    assert len(parts.hub._plans) == 5
    parts.carrier.unblocked.set()
    until(lambda: len(parts.carrier.written) == 5)
    assert parts.hub._bytes == 0
    assert watcher.take(60)


def test_lost_plans_are_told_at_most_once_a_minute(parts: Parts, caplog: pytest.LogCaptureFixture) -> None:
    parts.carrier.elsewhere = True
    with caplog.at_level(logging.INFO, "powerplant.live.hub"):
        for number in range(5):
            parts.hub.publish(object(), [], 10)
            parts.plan(number)
            until(lambda number=number: len(parts.carrier.written) > number)  # type: ignore[misc]
        until(parts.rests)
        parts.hub._told_at -= hub.TELL_S
        parts.plan(5)
        until(lambda: len(caplog.records) > 1)
    assert [record.plans for record in caplog.records] == [1, 4]  # type: ignore[attr-defined]


def test_publishing_never_raises(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more_threads(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", no_more_threads)
        parts.plan(1)
    assert parts.hub._lost == 1
    watcher = parts.watch()
    parts.plan(2)
    assert loads(watcher, 1) == [2]


def test_who_comes_while_the_carrier_is_away_is_refused_at_once(parts: Parts) -> None:
    parts.carrier.fault = OSError("away")
    with pytest.raises(Away, match="plans cannot be watched now: what carries them between the workers is away"):
        parts.watch()
    assert not parts.hub._watchers
    parts.carrier.fault = None
    parts.watch()


def test_who_comes_while_the_carrier_hangs_is_refused_in_time(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "OPEN_TIMEOUT_S", 0.01)
    parts.carrier.unblocked.clear()
    with pytest.raises(Away):
        parts.watch()
    assert not parts.hub._watchers


def test_those_who_watch_stay_while_the_carrier_is_away_which_is_told_once(
    parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    watcher = parts.watch()
    with caplog.at_level(logging.INFO, "powerplant.live.hub"):
        parts.carrier.fault = OSError("away")
        until(lambda: parts.carrier.closed >= 3)
        parts.plan(1)
        until(lambda: parts.hub._lost or len(caplog.records) > 1)
        parts.carrier.fault = None
        until(lambda: "live plans are carried again" in caplog.messages)
    parts.plan(2)
    assert loads(watcher, 1) == [2]
    told = [message for message in caplog.messages if "carried" in message]
    assert told == ["live plans are not carried", "live plans are carried again"]
    assert "OSError('away')" in str(caplog.records[0].__dict__)


def test_a_carrier_that_cannot_even_be_made_ends_nothing(quick: None) -> None:
    made: list[Callable[[], Memory]] = []

    def make() -> Memory:
        if not made:
            raise RuntimeError("no carrier")
        return made[0]()

    own = Hub(make)
    own.publish({}, [], 10)
    with pytest.raises(Away):
        own.watch()
    made.append(Memory)
    watcher = own.watch()
    own.publish({"load": 1}, [], 10)
    assert loads(watcher, 1) == [1]


FORKS = """
import os, sys
from pathlib import Path
from powerplant.live import HUB, carriers

path = Path(sys.argv[1])
HUB._make_carrier = lambda: carriers.File(path)
watcher = HUB.watch()
read, write = os.pipe()
if os.fork() == 0:
    own = HUB.watch()
    HUB.publish({"from": "the child"}, [], 10)
    os.write(write, own.take(60))
    os._exit(0)
HUB.publish({"from": "the parent"}, [], 10)
os.close(write)
sent = os.read(read, 1000)
assert b"the child" in sent or b"the parent" in sent, sent
both = b""
while both.count(b"data: ") < 2:
    both += watcher.take(60)
assert os.wait()[1] == 0
print("both" if b"the child" in both and b"the parent" in both else both)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_process_that_was_forked_begins_anew(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKS, str(tmp_path / "live.sqlite3")]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=120)
    assert (ended.stdout, ended.returncode) == ("both\n", 0), ended.stderr


ENDS = """
import sys
from pathlib import Path
from powerplant.live import HUB, carriers

HUB._make_carrier = lambda: carriers.File(Path(sys.argv[1]))
watcher = HUB.watch()
HUB.publish({"load": 1}, [], 10)
watcher.take(60)
"""


def test_an_interpreter_ends_while_somebody_watches(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ENDS, str(tmp_path / "live.sqlite3")]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=120)
    assert (ended.stderr, ended.returncode) == ("", 0)
