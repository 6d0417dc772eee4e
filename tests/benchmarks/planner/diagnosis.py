"""How long it takes to say why a load is impossible, and which loads near it are not."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import partial
from random import Random
from typing import Any, NamedTuple

from powerplant.dispatch import NoPlan, dispatch
from powerplant.units import Unit
from tests.benchmarks.clock import cpu_s
from tests.benchmarks.planner.fleets import FAMILIES
from tests.powerplant.oracles import capacity, seeded


class Case(NamedTuple):
    """A load that nothing meets."""

    units: list[Unit]
    load: int | Fraction


def capacity_exceeded(rng: Random, count: int) -> Case:
    """A tenth more than all units give."""
    units = FAMILIES["realistic"](rng, count)
    return Case(units, capacity(units) + 1)


def not_a_tenth(family: str) -> Callable[[Random, int], Case]:
    """Half of a tenth beside the middle of what all give: the loads on both sides must be found."""

    def draw(rng: Random, count: int) -> Case:
        units = FAMILIES[family](rng, count)
        return Case(units, Fraction(capacity(units)) / 2 + Fraction(1, 4))

    return draw


def below_all_pmin(rng: Random, count: int) -> Case:
    """Less than the smallest unit."""
    return Case(FAMILIES["block"](rng, count), 499)


def just_below_all(rng: Random, count: int) -> Case:
    """A tenth less than all units give."""
    units = FAMILIES["block"](rng, count)
    return Case(units, capacity(units) - 1)


def multiples(step: int, odd: int, residue: int, share: float) -> Callable[[Random, int], Case]:
    """Blocks that are multiples of `step`, but for one of `odd`; the load, a `share` of all, has another `residue`."""

    def draw(rng: Random, count: int) -> Case:
        sizes = [step * rng.randint(500 // step, 5000 // step) for _ in range(count - 1)]
        units = [Unit(size, size, 30 + rng.uniform(0, 0.5)) for size in sizes]
        units += [Unit(odd, odd, 50.0)] if odd else []
        return Case(units, int(sum(sizes) * share) // step * step + residue)

    return draw


def few_sizes(rng: Random, count: int) -> Case:
    """Blocks of hundreds, and fifty units of one tenth more or not: nothing is 75 tenths above a hundred."""
    units = [Unit(size, size, 30.0) for size in rng.choices([700, 1100], k=count - 50)]
    units += [Unit(700, 701, 31.0)] * 50
    return Case(units, capacity(units) // 200 * 100 + 75)


def of_one_kind(rng: Random, count: int) -> Case:
    """Units of one narrow range: gaps between so many and one more of them, near the bottom."""
    return Case([Unit(990, 1000, round(rng.uniform(10, 60), 2)) for _ in range(count)], 45_500)


CASES = {
    "above the capacity, realistic": capacity_exceeded,
    "no tenth, mid-load, realistic": not_a_tenth("realistic"),
    "no tenth, mid-load, near": not_a_tenth("near"),
    "no tenth, mid-load, block": not_a_tenth("block"),
    "no tenth, mid-load, correlated": not_a_tenth("correlated"),
    "below every pmin, block": below_all_pmin,
    "just below the capacity, block": just_below_all,
    "no multiple of 2, mid-load": multiples(2, 0, 1, 0.5),
    "fours but for one block, mid-load": multiples(4, 333, 2, 0.5),
    "sixes but for one block, mid-load": multiples(6, 335, 3, 0.5),
    "sixes but for one block, near the top": multiples(6, 335, 3, 0.999),
    "hundreds but for a few ranges, mid-load": few_sizes,
    "one narrow kind, near the bottom": of_one_kind,
}


def diagnosis(sizes: Iterable[int], tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """A row a case and size: the reason, the CPU seconds, and whether the nearest loads are known."""
    rows = []
    for size in sizes:
        for name, draw in CASES.items():
            tell(f"impossible: {name}, {size}")
            units, load = draw(seeded(f"{name} {size}"), size)
            refused, taken = cpu_s(partial(_refused, units, load))
            known = refused.below is not None and (refused.above is not None or refused.reason == "capacity")
            rows.append({"case": name, "size": size, "reason": refused.reason, "s": taken, "known": known})
    return rows


def _refused(units: list[Unit], load: int | Fraction) -> NoPlan:
    try:
        plan = dispatch(units, load)
    except NoPlan as refused:
        return refused
    raise AssertionError(f"{load} is met by {sum(map(bool, plan.outputs))} units")
