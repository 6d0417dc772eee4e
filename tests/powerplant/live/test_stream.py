import gc
import weakref

import pytest
from django.http import StreamingHttpResponse

from powerplant.live import stream
from powerplant.live.stream import Stream
from powerplant.live.watcher import Watcher

pytestmark = pytest.mark.django_db  # closing an answer makes Django look after its connections


class Held:
    """A place that remembers what was done with it."""

    def __init__(self) -> None:
        self.told_over = False
        self.done: list[str] = []

    def over(self) -> bool:
        return self.told_over

    def cut(self) -> None:
        self.done.append("cut")

    def close(self) -> None:
        self.done.append("close")


class Watched:
    """A stream with what is around it."""

    def __init__(self) -> None:
        self.place, self.watcher = Held(), Watcher()
        self.left: list[Watcher] = []
        self.response = StreamingHttpResponse(Stream(self.watcher, self.place, self.left.append))
        self.pieces = iter(self.response)


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_begins_with_a_comment_and_goes_on_with_what_comes(watched: Watched) -> None:
    assert next(watched.pieces) == b": watching\n\n"
    watched.watcher.offer(b"event")
    assert next(watched.pieces) == b"event"


def test_says_a_comment_every_15_seconds_whether_events_come_or_not(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(stream.time, "monotonic", lambda: now[0])

    def at(seconds: float) -> bytes:
        now[0] = seconds
        return next(watched.pieces)

    assert at(0) == b": watching\n\n"
    watched.watcher.offer(b"event")
    assert at(14.9) == b"event"
    watched.watcher.offer(b"event")
    assert at(15) == b":\n\n"
    assert at(29.9) == b"event"
    assert at(30) == b":\n\n"
    monkeypatch.setattr(watched.watcher, "take", lambda _timeout_s: b"")
    assert at(45) == b":\n\n"


def test_ends_when_its_place_is_over(watched: Watched) -> None:
    next(watched.pieces)
    watched.place.told_over = True
    assert list(watched.pieces) == []


def test_ends_when_its_watcher_does(watched: Watched) -> None:
    next(watched.pieces)
    watched.watcher.end()
    assert list(watched.pieces) == []


def test_an_answer_that_came_to_its_end_keeps_the_connection(watched: Watched) -> None:
    watched.place.told_over = True
    list(watched.pieces)
    watched.response.close()
    assert (watched.left, watched.place.done) == ([watched.watcher], ["close"])


@pytest.mark.parametrize("read", [True, False])
def test_an_answer_that_could_not_be_sent_cuts_the_client_off(read: bool, watched: Watched) -> None:
    if read:
        next(watched.pieces)
    watched.response.close()
    assert (watched.left, watched.place.done) == ([watched.watcher], ["cut", "close"])


def test_an_answer_that_was_never_sent_holds_neither_watcher_nor_place() -> None:
    watched = Watched()
    gone = [weakref.ref(watched.watcher), weakref.ref(watched.place)]
    del watched
    gc.collect()
    assert [reference() for reference in gone] == [None, None]
