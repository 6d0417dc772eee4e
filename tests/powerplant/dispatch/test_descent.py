"""The depth-first search against every set of running units; stopped anywhere, what is open bounds the rest."""

from itertools import count
from math import inf

import pytest

from powerplant.dispatch.descent import Task, descend
from powerplant.dispatch.merit import Merit, MeritOrder
from tests.powerplant.oracles import assert_possible, drawn_merit, least_loss, seeded

HARD = [("blocks", "dearer by size"), ("pmin close to pmax", "any"), ("any", "few"), ("pmin 0, far up or pmax", "any")]


def task_of(order: MeritOrder, merit: Merit) -> Task:
    """All units with a pmin are undecided."""
    lower, upper = order.lower.tolist(), order.upper.tolist()
    away = merit.away.tolist()
    undecided = sorted((i for i, low in enumerate(lower) if low), key=away.__getitem__)
    return Task(merit.load, lower, upper, away, merit.brk, undecided, [True] * len(lower))


@pytest.mark.parametrize(("ranges", "costs"), HARD)
def test_finds_the_plan_that_loses_least(ranges: str, costs: str) -> None:
    rng = seeded(f"descent {ranges} {costs}")
    for _ in range(60):
        order, merit = drawn_merit(rng, 10, 30, ranges, costs)
        found = descend(task_of(order, merit), inf, 10**9, lambda: False)
        least = least_loss(order, merit)
        assert (found.loss, found.least_open) == (pytest.approx(least), inf)
        assert (found.outputs is None) == (least == inf)
        if found.outputs is not None:
            assert_possible(order, merit, found.outputs, found.loss)


@pytest.mark.parametrize(("ranges", "costs"), HARD)
def test_stopped_anywhere_nothing_loses_less_than_what_is_open(ranges: str, costs: str) -> None:
    rng = seeded(f"open {ranges} {costs}")
    for _ in range(12):
        order, merit = drawn_merit(rng, 9, 30, ranges, costs)
        least = least_loss(order, merit)
        for looks in count():
            asked = iter(range(looks))
            found = descend(task_of(order, merit), inf, 1, lambda asked=asked: next(asked, None) is not None)  # type: ignore[misc]
            assert min(found.loss, found.least_open) <= least + 1e-9 <= found.loss + 2e-9
            if found.outputs is not None:
                assert_possible(order, merit, found.outputs, found.loss)
            if found.least_open == inf:
                break
        assert looks > 0


def test_finds_only_what_is_better_than_what_is_in_hand() -> None:
    rng = seeded("in hand")
    for _ in range(30):
        order, merit = drawn_merit(rng, 8, 30, "blocks", "any")
        least = least_loss(order, merit)
        if least < inf:
            assert descend(task_of(order, merit), least, 10**9, lambda: False)[:2] == (least, None)
            assert descend(task_of(order, merit), least + 1, 10**9, lambda: False).loss == pytest.approx(least)


def test_leaves_alone_what_is_no_question() -> None:
    task = Task(9, [4, 3, 5], [4, 5, 5], [1.0, 0.0, 2.0], 1, [1], [True, True, False])
    assert descend(task, inf, 10**9, lambda: False).outputs == [4, 5, 0]
    assert descend(task._replace(load=5), inf, 10**9, lambda: False).outputs is None
    assert descend(task._replace(load=5, runs=[False, True, False]), inf, 10**9, lambda: False).outputs == [0, 5, 0]
