"""Hard searches hold few threads, and run one at a time."""

import threading
from contextlib import suppress

import pytest

from powerplant.turns import EASY_S, Busy, Turns

DEADLINE_S = 30


class Now:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_an_easy_search_needs_no_place() -> None:
    turns, now = Turns(1), Now()
    with turns.clock(2, now) as hard, turns.clock(2, now) as easy:
        now.seconds += EASY_S
        hard()
        with pytest.raises(Busy, match=r"^1 hard searches are under way, as many as may be at a time$") as busy:
            easy()
        assert busy.value.retry_after_s == 2
        now.seconds -= EASY_S / 2
        assert easy() == now.seconds


def test_a_place_is_free_again_after_its_search() -> None:
    turns, now = Turns(1), Now()
    for _ in range(3):
        with suppress(ZeroDivisionError), turns.clock(2, now) as seconds:
            now.seconds += EASY_S
            now.seconds += seconds() / 0


def test_one_searches_while_the_others_wait_and_their_clocks_stand_still() -> None:
    turns, now = Turns(2), Now()
    asked_for_its_turn, seen = threading.Event(), list[float]()

    def second() -> None:
        def told() -> float:
            if now.seconds > EASY_S:  # the third look is the last before it waits
                asked.append(now.seconds)
                if len(asked) == 2:
                    asked_for_its_turn.set()
            return now.seconds

        asked: list[float] = []
        with turns.clock(2, told) as seconds:
            before.set()
            late.wait(DEADLINE_S)
            seen.append(seconds())

    before, late = threading.Event(), threading.Event()
    thread = threading.Thread(target=second, daemon=True)
    with turns.clock(2, now) as seconds:
        thread.start()
        assert before.wait(DEADLINE_S)
        now.seconds = 2 * EASY_S
        seconds()  # takes the turn
        late.set()
        assert asked_for_its_turn.wait(DEADLINE_S)
        with turns.clock(2, now) as third:
            now.seconds += EASY_S
            with pytest.raises(Busy):
                third()
        now.seconds = 7.0
    thread.join(DEADLINE_S)
    assert not thread.is_alive()
    assert seen == [pytest.approx(2 * EASY_S)]
