import threading

from powerplant.live.watcher import MAX_BYTES, PIECE_BYTES, Watcher


def test_gives_events_in_their_order_and_nothing_when_none_came() -> None:
    watcher = Watcher()
    assert watcher.take(0) == b""
    assert watcher.offer(b"1")
    assert watcher.offer(b"2")
    assert watcher.take(0) == b"12"
    assert watcher.take(0) == b""


def test_gives_large_events_one_by_one_and_small_ones_in_pieces() -> None:
    watcher, large, small = Watcher(), b"l" * (PIECE_BYTES + 1), b"s" * (PIECE_BYTES // 2)
    for event in (large, large, small, small, small):
        watcher.offer(event)
    assert [watcher.take(0) for _ in range(5)] == [large, large, small + small, small, b""]


def test_one_that_is_too_far_behind_ends_and_what_was_taken_does_not_count() -> None:
    watcher, event = Watcher(), b"x" * (MAX_BYTES // 2)
    for _ in range(5):
        assert watcher.offer(event)
        assert watcher.take(0) == event
    assert watcher.offer(event)
    assert watcher.offer(event)
    assert not watcher.offer(b"x")
    assert watcher.take(0) is None
    assert not watcher.offer(b"x")


def test_who_waits_for_an_event_is_woken_by_it_and_by_the_end() -> None:
    watcher, taken = Watcher(), []

    def take() -> None:
        while (piece := watcher.take(60)) is not None:
            taken.append(piece)

    thread = threading.Thread(target=take)
    thread.start()
    watcher.offer(b"1")
    watcher.end()
    thread.join(60)
    assert not thread.is_alive()
    assert taken in ([b"1"], [])


def test_is_open_once_it_was_opened_and_not_when_it_ended_first() -> None:
    opened, refused, forgotten = Watcher(), Watcher(), Watcher()
    opened.open()
    refused.end()
    assert [watcher.opened(0) for watcher in (opened, refused, forgotten)] == [True, False, False]
    opened.end()
    assert not opened.opened(0)
