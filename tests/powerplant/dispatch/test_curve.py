"""A convex curve against the plain sum of its steps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powerplant.dispatch.curve import Curve

PIECES = st.lists(st.tuples(st.integers(1, 9), st.sampled_from([0.0, 0.5, 1.0, 2.5, 7.0])), max_size=8)


@given(pieces=PIECES, data=st.data())
@settings(deadline=None)
def test_tells_what_its_steps_sum_to(pieces: list[tuple[int, float]], data: st.DataObject) -> None:
    pieces.sort(key=lambda piece: piece[1])
    curve = Curve(np.array([n for n, _ in pieces], dtype=np.int64), np.array([slope for _, slope in pieces]))
    steps = [slope for length, slope in pieces for _ in range(length)]
    piece = data.draw(st.integers(0, len(pieces)))
    begun = sum(length for length, _ in pieces[:piece])
    assert curve.ends[piece] == begun
    assert curve.losses[piece] == pytest.approx(sum(steps[:begun]))
    for until in range(begun, len(steps) + 1):
        assert curve.rise(piece, until) == pytest.approx(sum(steps[begun:until]))
        for count in range(1, len(steps) + 2 - until):
            shape = curve.shape(until, count)
            assert list(shape - shape[0]) == pytest.approx([sum(steps[until : until + i]) for i in range(count)])
    beyond = np.arange(len(steps) + 3)
    heights = [sum(steps[:far]) if far <= len(steps) else float("inf") for far in beyond]
    assert list(curve.heights(beyond)) == pytest.approx(heights)
    for loss in (0.1, 0.5, 3.0, 30.0, float("inf")):
        far = max(n for n in range(len(steps) - begun + 1) if n == 0 or sum(steps[begun : begun + n]) < loss)
        assert far <= curve.reach(piece, loss) <= min(far + 2, len(steps) - begun)


def test_lays_out_only_what_is_asked_for() -> None:
    curve = Curve(np.array([10**15, 10**15]), np.array([1e-3, 2.0]))
    shape = curve.shape(10**15 - 2, 5)
    assert list(shape - shape[0]) == pytest.approx([0.0, 1e-3, 2e-3, 2.002, 4.002])
    assert curve.rise(1, 10**15 + 3) == 6.0
