"""What is done in the time that is left where the rows of the core search would be too long.

Units with ranges meet most loads easily, and what counts is which of them run: the depth-first search needs no rows.
Large blocks hardly ever add up to the load, and what counts is to find some that do: the two halves of the core, again
and again, with more states and, where they are too many for all, with other units. The best plan and the highest bound
stay.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from powerplant.dispatch import halves
from powerplant.dispatch.budget import Budget
from powerplant.dispatch.descent import Task, descend
from powerplant.dispatch.fixing import CoreUnit, core_of, core_units, undecided
from powerplant.dispatch.merit import Merit
from powerplant.dispatch.start import Candidate

BRANCHES: Final = 500  # between two looks at the clock
STATES_OF_ALL: Final = (1 << 12, 1 << 15, 1 << 18)  # of a half, one time after the other
STATES_OF_SOME: Final = (1 << 12, 1 << 12, 1 << 15)  # the last one again and again
NEAREST: Final = halves.MAX_UNITS // 2


def go_on(merit: Merit, best: Candidate, bound: float, budget: Budget) -> tuple[Candidate, float]:
    """A plan that is no worse than `best`, and a bound that is no lower."""
    if bound < best.loss and not np.array_equal(merit.lower, merit.upper):
        best, proven = _by_depth(merit, best, budget.half())
        bound = max(bound, proven)
    of_all, turn, in_vain = iter(STATES_OF_ALL), 0, 0
    while bound < best.loss and not budget.spent():
        before, units = best, core_units(merit, undecided(merit, best.loss))
        if len(units) <= halves.MAX_UNITS:
            states = next(of_all, 0)
            if not states:
                break
            best, proven = _by_halves(merit, units, best, states, budget, even=states < STATES_OF_ALL[-1])
            bound = max(bound, proven)
        else:
            choices = _choices(units)
            if in_vain == len(STATES_OF_SOME) + len(choices):
                break
            states = STATES_OF_SOME[min(turn, len(STATES_OF_SOME) - 1)]
            best, _ = _by_halves(merit, choices[turn % len(choices)], best, states, budget, even=True)
            turn, in_vain = turn + 1, in_vain + 1 if best is before else 0
    return best, bound


def _by_depth(merit: Merit, best: Candidate, budget: Budget) -> tuple[Candidate, float]:
    units = undecided(merit, best.loss)
    runs = merit.lower == 0
    runs[: merit.brk] = True
    runs[units] = True
    ranges = merit.lower.tolist(), merit.upper.tolist()
    task = Task(merit.load, *ranges, merit.away.tolist(), merit.brk, units.tolist(), runs.tolist())
    found = descend(task, best.loss, BRANCHES, lambda: not budget.spent())
    bound = min(found.loss, found.least_open)
    return best if found.outputs is None else Candidate(np.array(found.outputs), found.loss), bound


def _by_halves(
    merit: Merit, units: Sequence[CoreUnit], best: Candidate, states: int, budget: Budget, *, even: bool
) -> tuple[Candidate, float]:
    found = halves.search(core_of(merit, units, best.loss), best.loss, budget, states, even=even)
    return best if found.moves is None else Candidate(merit.moved(found.moves), found.loss), found.bound


def _choices(units: Sequence[CoreUnit]) -> list[list[CoreUnit]]:
    """Half of them always the nearest, the others from all that are further away, until each has been among them."""
    nearest, further = units[:NEAREST], units[NEAREST:]
    count = -(-len(further) // (halves.MAX_UNITS - NEAREST))
    return [[*nearest, *further[start::count]] for start in range(count)]
