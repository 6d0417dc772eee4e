"""Which loads can be met: each way of finding out, against all sums."""

from random import Random

import pytest

from powerplant.dispatch import diagnosis, loads, runs, sums
from powerplant.dispatch.budget import Budget
from powerplant.dispatch.diagnosis import OutOfTime, examine
from powerplant.dispatch.outcome import Near
from tests.powerplant.oracles import RANGES, seeded

Kinds = list[tuple[int, int]]


def budget(calls: float = float("inf")) -> Budget:
    """One whose clock may be asked so many times."""
    asked = iter(range(10**9))
    return Budget(1.0, lambda: 0.0 if next(asked) <= calls else 9.0)


def all_sums(kinds: Kinds) -> set[int]:
    """Every load that the units meet."""
    met = {0}
    for low, high in kinds:
        met |= {load + given for load in met for given in range(low, high + 1)}
    return met


def drawn(rng: Random, ranges: str) -> Kinds:
    """Some units, some of them of one kind."""
    kinds = [RANGES[ranges](rng, 12) for _ in range(rng.randint(1, 9))]
    return [kind for kind in kinds for _ in range(rng.choice([1, 1, 1, 2, 5])) if kind[1]]


def check(kinds: Kinds, low: int, high: int) -> None:
    """One answer against all sums."""
    met = all_sums(kinds)
    verdict = examine(kinds, low, high, budget())
    assert verdict is not None
    below = max(load for load in met if load <= low)
    above = min((load for load in met if load >= high), default=None)
    assert verdict.near == Near(below, above), (kinds, low, high)
    if below == above:
        assert verdict.outputs is not None
        assert sum(verdict.outputs) == low
        for (least, most), output in zip(kinds, verdict.outputs, strict=True):
            assert output == 0 or least <= output <= most


def by_spans(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(loads, "FEW_SPANS", 10**9)


def by_bits(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(loads, "FEW_SPANS", 0)
    patch.setattr(loads, "BITS_PER_SPAN", 10**9)


def by_patterns(patch: pytest.MonkeyPatch) -> None:
    by_bits(patch)
    patch.setattr(diagnosis, "FEW_LOADS", -1)
    patch.setattr(runs, "MAX_ODD_UNITS", 3)


def by_patterns_of_a_short_kernel(patch: pytest.MonkeyPatch) -> None:
    by_patterns(patch)
    patch.setattr(runs, "KERNEL_LOADS", 40)


@pytest.mark.parametrize("way", [by_spans, by_bits, by_patterns, by_patterns_of_a_short_kernel])
@pytest.mark.parametrize("ranges", RANGES)
def test_finds_the_nearest_loads_and_how_to_meet_them(
    way: object, ranges: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    way(monkeypatch)  # type: ignore[operator]
    rng = seeded(ranges)
    for _ in range(60):
        kinds = drawn(rng, ranges)
        if kinds:
            low = rng.randint(0, sum(high for _, high in kinds) + 1)
            check(kinds, low, low + rng.randint(0, 1))


def test_patterns_answer_for_the_middle_without_summing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "_summed", None)
    units = [(size, size) for size in range(600, 6000, 6)] * 3 + [(100, 100), (250, 251)]
    middle = sum(high for _, high in units) // 2 // 6 * 6
    residues = {0, 100 % 6, 250 % 6, 251 % 6, 350 % 6, 351 % 6}
    for load in range(middle, middle + 12):
        verdict = examine(units, load, load, budget())
        assert verdict is not None
        assert verdict.near.below == next(load - i for i in range(6) if (load - i) % 6 in residues)
        assert verdict.near.above == next(load + i for i in range(6) if (load + i) % 6 in residues)
        assert (verdict.outputs is None) == (load % 6 not in residues)
        assert verdict.outputs is None or sum(verdict.outputs) == load


def test_knows_a_load_that_is_met_where_it_forgot_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sums, "MAX_HISTORY_BYTES", 0)
    verdict = examine([(5, 5), (7, 7), (9, 9)], 14, 14, budget())
    assert verdict is not None
    assert verdict == (Near(14, 14), None)
    by_patterns(monkeypatch)
    verdict = examine([(size, size) for size in range(5, 60)], 700, 700, budget())
    assert verdict == (Near(700, 700), None)


@pytest.mark.parametrize("calls", [0, 2, 5, 9])
def test_knows_nothing_when_the_budget_ends_first(calls: int, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = [(size, size) for size in range(500, 530)]
    assert examine(kinds, 700, 700, budget(calls)) is None
    monkeypatch.setattr(diagnosis, "FEW_LOADS", -1)
    assert examine(kinds, 700, 700, budget(calls)) is None


def test_says_that_the_budget_ended() -> None:
    with pytest.raises(OutOfTime, match="the budget was spent before all units were summed up"):
        diagnosis._summed(sums.items_of({(5, 5): 3}), sums.Sums(20), budget(0))


def test_knows_nothing_of_what_takes_too_much_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loads, "MAX_SPANS", 50)
    assert examine([(10**9 + 4**i, 10**9 + 4**i) for i in range(12)], 6 * 10**9, 6 * 10**9, budget()) is None
