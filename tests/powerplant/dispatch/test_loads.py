"""The two forms of a set of loads against Python's own sets."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powerplant.dispatch import loads
from powerplant.dispatch.loads import Bits, Spans, TooManyLoads

SPANS = st.tuples(st.integers(0, 12), st.integers(0, 8)).map(lambda pair: (pair[0], pair[0] + pair[1]))
UNITS = st.lists(st.tuples(st.just((0, 0)), SPANS), max_size=8)


def summed(limit: int, units: list[tuple[tuple[int, int], ...]]) -> set[int]:
    """All sums up to the limit."""
    sums = {0}
    for spans in units:
        sums = {load + given for load in sums for low, high in spans for given in range(low, high + 1)}
    return {load for load in sums if load <= limit}


@pytest.mark.parametrize("first", [Spans, lambda limit: Bits(limit, 1)], ids=["spans", "bits"])
@given(limit=st.integers(0, 120), units=UNITS, few_spans=st.sampled_from([0, 3, 64]))
@settings(deadline=None)
def test_holds_the_sums(
    first: Callable[[int], Spans | Bits], limit: int, units: list[tuple[tuple[int, int], ...]], few_spans: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loads, "FEW_SPANS", few_spans)
        found: Spans | Bits = first(limit)
        for spans in units:
            found = found.plus(spans)
    members = summed(limit, units)
    for load in range(limit + 1):
        assert found.below(load) == max(member for member in members if member <= load)
        assert found.above(load) == min((member for member in members if member >= load), default=None)
    for length in range(1, 20):
        starts = (load for load in sorted(members) if all(load + i in members for i in range(length)))
        start = next(starts, None)
        if start is None:
            assert found.run(length) is None
        else:
            last = next(load for load in range(start, limit + 1) if load + 1 not in members)
            assert found.run(length) == (start, last)


def test_many_spans_become_bits() -> None:
    found: Spans | Bits = Spans(10**6)
    for i in range(8):
        found = found.plus(((0, 0), (3 * 2**i, 3 * 2**i)))
    assert isinstance(found, Bits)
    assert (found.below(100), found.above(100), found.above(3 * 256)) == (99, 102, None)
    assert found.size_bytes == 95


def test_more_spans_than_may_be_kept_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loads, "MAX_SPANS", 100)
    found: Spans | Bits = Spans(10**12)
    for i in range(6):
        found = found.plus(((0, 0), (10**6 + 4**i, 10**6 + 4**i)))
    with pytest.raises(TooManyLoads, match="128 spans of loads are more than the 100 kept"):
        found.plus(((0, 0), (10**7, 10**7)))


def test_larger_loads_than_may_be_kept_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loads, "MAX_BITS", 1000)
    with pytest.raises(TooManyLoads, match="loads of up to 1101 steps are more than the 1000 kept"):
        Bits(10**6, 1).plus(((0, 0), (500, 500))).plus(((0, 0), (600, 600)))
