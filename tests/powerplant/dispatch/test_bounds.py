"""What is still lost at least, against the cheapest steps of all that may still move."""

from math import inf

import pytest

from powerplant.dispatch.bounds import Completion
from powerplant.dispatch.fixing import DOWN, UP, core_of, core_units, undecided
from powerplant.dispatch.merit import Merit, MeritOrder
from tests.powerplant.oracles import RANGES, fleet, seeded


def test_bounds_are_the_cheapest_steps_of_the_pool_and_of_what_is_undecided() -> None:
    rng = seeded("bounds")
    for _ in range(150):
        order = MeritOrder.of(fleet(rng, rng.randint(2, 9), 9, rng.choice(sorted(RANGES))))
        load = rng.randint(1, max(order.capacity, 1))
        if order.within(load).capacity < load:
            continue
        merit = Merit.of(order.within(load), load)
        units = undecided(merit, inf)
        chosen = units[sorted(rng.sample(range(units.size), rng.randint(0, units.size)))]
        core = core_of(merit, core_units(merit, chosen), inf)
        taken = {unit for chosen in core.units for unit in chosen.units}
        pool: dict[int, list[float]] = {UP: [], DOWN: []}
        for unit, (low, high, away) in enumerate(zip(merit.lower, merit.upper, merit.away, strict=True)):
            if unit not in taken and unit < merit.brk:
                pool[DOWN] += [float(away)] * int(high - low)
            elif unit not in taken and low == 0:
                pool[UP] += [float(away)] * int(high)
        left = list(core.units)
        completion = Completion(core)
        while True:
            steps = {
                side: sorted(
                    pool[side]
                    + [u.away for u in left if u.direction == side for _ in range(max(u.least + u.span, u.other))]
                )
                for side in (UP, DOWN)
            }
            first, last = completion.window(inf)
            assert (core.rest - first, last - core.rest) == (len(steps[UP]), len(steps[DOWN]))
            bounds = completion.bounds(first, last - first + 1)
            expected = [sum(steps[UP][: core.rest - e]) for e in range(first, core.rest)]
            expected += [sum(steps[DOWN][: e - core.rest]) for e in range(core.rest, last + 1)]
            assert list(bounds) == pytest.approx(expected)
            if not left:
                break
            completion.decided(left.pop(0).direction)
        alone = Completion.of_the_pool(core)
        first, last = alone.window(inf)
        assert (core.rest - first, last - core.rest) == (len(pool[UP]), len(pool[DOWN]))
