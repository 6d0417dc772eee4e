"""A deadline on any clock."""

from powerplant.dispatch.budget import Budget


def test_is_spent_when_its_seconds_are_over() -> None:
    now = [100.0]
    budget = Budget(2.0, lambda: now[0])
    assert budget.seconds == 2.0
    for time, spent in ((100.0, False), (101.9, False), (102.0, True), (200.0, True)):
        now[0] = time
        assert budget.spent() is spent


def test_half_is_half_of_what_is_left() -> None:
    now = [100.0]
    budget = Budget(2.0, lambda: now[0])
    now[0] = 101.0
    half = budget.half()
    assert half.seconds == 0.5
    now[0] = 101.6
    assert half.spent()
    assert not budget.spent()
