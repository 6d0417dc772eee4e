"""The loads of a great many units: every load of a run or pattern, against all sums."""

from collections import Counter

import pytest

from powerplant.dispatch import runs
from powerplant.dispatch.runs import Run, pattern
from powerplant.dispatch.sums import Item, Sums, items_of, outputs_of
from tests.powerplant.dispatch.test_diagnosis import Kinds, all_sums, budget
from tests.powerplant.oracles import seeded


def kinds_of(seed: int) -> Kinds:
    """Mostly multiples of a step, the others anything."""
    rng = seeded(seed)
    step = rng.choice([1, 1, 2, 3, 4, 6])
    kinds = [(size, size) for size in (step * rng.randint(1, 7) for _ in range(rng.randint(4, 14)))]
    for _ in range(rng.randint(0, 3)):
        high = rng.randint(1, 25)
        kinds.append((rng.choice([high, high, high - 1, high // 2]), high))
    return kinds


def test_every_load_of_a_pattern_is_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "MAX_ODD_UNITS", 3)
    steps: Counter[int] = Counter()
    for seed in range(400):
        kinds = kinds_of(seed)
        met = all_sums(kinds)
        found = pattern(items_of(Counter(kinds)), 0, 0, budget())
        if found is None:
            continue
        for load in range(found.first, found.last + 1):
            steps[found.step] += 1
            assert (load in met) == (load % found.step in found.odd), (kinds, load)
            if load in met:
                amounts = found.amounts(load)
                assert amounts is not None
                outputs = outputs_of(amounts, kinds)
                assert sum(outputs) == load
                assert all(
                    output == 0 or low <= output <= high for output, (low, high) in zip(outputs, kinds, strict=True)
                )
    assert {1, 2, 3, 4, 6} <= {step for step, loads in steps.items() if loads > 100}


@pytest.mark.parametrize(("low", "whole"), [(4, True), (5, True), (6, False)])
def test_a_run_takes_in_only_what_leaves_no_gap(low: int, whole: bool) -> None:
    kernel = Sums(100)
    for size in (1, 1, 1, 1):
        kernel.add(Item(size, size, 1, (size, size)))
    run = runs._extended(kernel, [Item(3, 3, 1, (3, 3)), Item(low + 3, low + 3, 1, (low + 3, low + 3))])
    assert run is not None
    assert (run.first, run.last, run.whole) == (0, 10 + low if whole else 7, whole)


def test_a_run_tells_how_its_loads_are_met() -> None:
    kernel = Sums(100)
    kernel.add(Item(0, 9, 1, (0, 9)))
    others = [Item(5, 12, 1, (5, 12)), Item(20, 20, 1, (20, 20))]
    run = Run(kernel, 0, others, 41, whole=True)
    for load in range(42):
        amounts = run.amounts(load)
        assert amounts is not None
        assert sum(amount.given for amount in amounts) == load
        for item, given in amounts:
            assert given == 0 or item.low <= given <= item.high
