"""Units of one kind as items, and the items' sums: the same loads as the units', and how each is met."""

from collections import Counter

import pytest

from powerplant.dispatch import sums
from powerplant.dispatch.sums import Amount, Item, Sums, items_of, outputs_of
from tests.powerplant.dispatch.test_diagnosis import all_sums, drawn
from tests.powerplant.oracles import RANGES, seeded


def members(found: Sums, limit: int) -> set[int]:
    """The loads up to the limit."""
    return {load for load in range(limit + 1) if found.loads.below(load) == load}


@pytest.mark.parametrize("count", [1, 2, 3, 6, 7, 8, 100])
def test_units_of_one_kind_are_items_of_which_any_number_is_a_sum(count: int) -> None:
    items = items_of({(4, 7): count})
    assert sum(item.copies for item in items) == count
    numbers = {0}
    for item in items:
        assert (item.low, item.high, item.kind) == (4 * item.copies, 7 * item.copies, (4, 7))
        numbers |= {number + item.copies for number in numbers}
    assert numbers == set(range(count + 1))


def test_the_widest_come_first() -> None:
    assert [item.kind for item in items_of({(9, 9): 1, (0, 4): 1, (3, 9): 1, (2, 6): 1})] == [
        (3, 9), (0, 4), (2, 6), (9, 9),
    ]  # fmt: skip


@pytest.mark.parametrize("from_top", [False, True])
@pytest.mark.parametrize("ranges", RANGES)
def test_items_meet_what_the_units_meet_and_tell_how(ranges: str, from_top: bool) -> None:
    rng = seeded(f"sums {ranges}")
    for _ in range(20):
        kinds = drawn(rng, ranges)
        total = sum(high for _, high in kinds)
        found = Sums(total, from_top=from_top)
        for item in items_of(Counter(kinds)):
            found.add(item)
        met = all_sums(kinds)
        assert members(found, total) == ({total - load for load in met} if from_top else met)
        for load in met:
            amounts = found.amounts(total - load if from_top else load)
            assert amounts is not None
            outputs = outputs_of(amounts, kinds)
            assert sum(outputs) == load
            for (low, high), output in zip(kinds, outputs, strict=True):
                assert output == 0 or low <= output <= high


def test_forgets_how_where_that_takes_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sums, "MAX_HISTORY_BYTES", 0)
    found = Sums(20)
    found.add(Item(5, 7, 1, (5, 7)))
    assert found.amounts(6) is None
    assert members(found, 20) == {0, 5, 6, 7}


def test_the_first_units_of_a_kind_run_first_and_fill_up_first() -> None:
    amounts = [Amount(Item(8, 14, 2, (4, 7)), 12), Amount(Item(4, 7, 1, (4, 7)), 0)]
    assert outputs_of(amounts, [(4, 7), (1, 1), (4, 7), (4, 7)]) == [7, 0, 5, 0]
