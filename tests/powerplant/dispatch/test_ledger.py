"""Choices are kept as they were, and take nothing once the search is over."""

import gc
import weakref

import numpy as np

from powerplant.dispatch.budget import MAX_CELLS, MAX_CHOICE_BYTES
from powerplant.dispatch.fixing import UP, CoreUnit
from powerplant.dispatch.ledger import LARGEST_CHOICE_BYTES, Ledger
from powerplant.dispatch.rows import Choice, Row, Taken, extended

UNIT = CoreUnit([7], UP, 1.0, 3, 5, 0)


def test_keeps_each_choice_as_it_was() -> None:
    ledger, made = Ledger(), []
    for size in (1, 9, 400):
        found = extended(Row(0, np.arange(size, dtype=np.float64)), UNIT, (0, 1000), 8)
        assert found is not None
        ledger.note(found[1])
        ledger.note(None)
        made.append(found)
    assert ledger.choices[1::2] == [None] * 3
    for (row, choice), kept in zip(made, ledger.choices[::2], strict=True):
        assert kept is not None
        deviations = range(row.first, row.last + 1)
        assert [kept.move(deviation) for deviation in deviations] == [
            choice.move(deviation) for deviation in deviations
        ]


def test_has_room_for_the_largest_choice_after_as_many_as_are_kept() -> None:
    row = Row(0, np.zeros(MAX_CELLS))
    found = extended(row, CoreUnit([7], UP, 1.0, 1, MAX_CELLS, 0), (0, MAX_CELLS - 1), MAX_CELLS)
    assert found is not None
    largest = found[1].other.bits.size + sum(step.bits.size for step in found[1].steps)
    assert MAX_CELLS / 8 * 20 < largest <= LARGEST_CHOICE_BYTES
    ledger = Ledger()
    ledger.size_bytes = MAX_CHOICE_BYTES
    ledger.note(found[1])
    assert ledger.size_bytes == MAX_CHOICE_BYTES + largest


def test_gives_all_of_its_memory_back_at_once() -> None:
    ledger = Ledger()
    bits = np.ones(5, dtype=np.uint8)
    ledger.note(Choice(UNIT, Taken(3, 0, bits), []))
    kept = ledger.choices[0]
    assert kept is not None
    assert kept.other.bits.base is not None
    page = weakref.ref(kept.other.bits.base.base.obj)  # the memory map
    del ledger, kept
    gc.collect()
    assert page() is None
