"""One unit more: every cell has the least loss of all moves, and the choice tells a move that has it."""

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powerplant.dispatch.fixing import DOWN, UP, CoreUnit
from powerplant.dispatch.rows import Row, extended

LOSSES = st.lists(st.one_of(st.just(inf), st.integers(0, 12).map(float)), min_size=1, max_size=25)


def unit_of(direction: int, low: int, span: int, away: float) -> CoreUnit:
    """A unit with pmin `low` and pmax `low + span`."""
    least, other = (low, 0) if direction == UP else (0, low + span)
    return CoreUnit([7], direction, away, least, span, other)


UNITS = st.builds(
    unit_of, st.sampled_from([UP, DOWN]), st.integers(1, 12), st.integers(0, 12), st.sampled_from([0.0, 0.25, 1.0, 3.0])
)


@given(
    losses=LOSSES,
    first=st.integers(-9, 9),
    unit=UNITS,
    window=st.tuples(st.integers(-30, 30), st.integers(0, 40)),
    most=st.integers(0, 30),
)
@settings(max_examples=500, deadline=None)
def test_has_the_least_loss_of_all_moves_and_knows_how(
    losses: list[float], first: int, unit: CoreUnit, window: tuple[int, int], most: int
) -> None:
    most = max(most, unit.least)
    moves = [move for move in {unit.other, *range(unit.least, unit.least + unit.span + 1)} if move <= most]
    row = Row(first, np.array(losses))
    before = {first + i: loss for i, loss in enumerate(losses)}

    def reached(deviation: int, move: int) -> float:
        return before.get(deviation - unit.direction * move, inf) + unit.away * move

    seen = range(window[0], window[0] + window[1] + 1)
    expected = {deviation: min(reached(deviation, move) for move in moves) for deviation in seen}
    found = extended(row, unit, (seen[0], seen[-1]), most)
    if found is None:
        assert set(expected.values()) == {inf}
        return
    after, choice = found
    got = {after.first + i: loss for i, loss in enumerate(after.loss.tolist())}
    assert set(got) <= set(seen)
    assert {deviation: got.get(deviation, inf) for deviation in seen} == pytest.approx(expected)
    for deviation, loss in got.items():
        if loss < inf:
            assert choice.move(deviation) in moves
            assert reached(deviation, choice.move(deviation)) == pytest.approx(loss)
