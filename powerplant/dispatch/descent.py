"""A depth-first search over which units run, without numpy and with next to no memory.

Why it is exact. A plan costs what merit order costs plus its loss, and no term of the loss is negative (`loss`). The
search decides unit by unit whether it runs, the nearest in cost to the break unit first, and adds what that decision
loses at least: a cheap unit that is off its pmax, a dear one that runs its pmin. A branch is dropped only when that sum
reaches the loss of a plan in hand, or when the load is out of reach of the units left running. With all decided, the
cheapest way to run just these is to fill them above their pmin in merit order. Stopped before, every better plan is in
a branch that is open: none loses less than the least sum of these.
"""

from collections.abc import Callable, Sequence
from math import inf
from typing import NamedTuple

from powerplant.dispatch.loss import limit


class Task(NamedTuple):
    """Units in merit order, and which of them have to be decided, in the order of the search.

    away    each unit's distance from the cost of the break unit, `brk`
    runs    whether each unit runs, where that is no question; the others True
    """

    load: int
    lower: Sequence[int]
    upper: Sequence[int]
    away: Sequence[float]
    brk: int
    undecided: Sequence[int]
    runs: Sequence[bool]


class Found(NamedTuple):
    """The best plan's loss, its outputs where it is better than what was in hand, and what is open loses at least."""

    loss: float
    outputs: list[int] | None
    least_open: float


def descend(task: Task, loss: float, branches: int, go_on: Callable[[], bool]) -> Found:
    """The plan that loses least, below `loss`; after every `branches` branches `go_on` is asked.

    Open branches lie on a stack: how deep, the loss so far, the least and most that those on can give, and whether the
    unit decided last runs.
    """
    lower, upper, away, brk, order = task.lower, task.upper, task.away, task.brk, task.undecided
    runs, better, outputs = list(task.runs), limit(loss), None
    high = sum(most for most, on in zip(upper, runs, strict=True) if on)
    low = sum(least for least, on in zip(lower, runs, strict=True) if on) - sum(lower[i] for i in order)
    stack, count = [(0, 0.0, low, high, True)], 0
    while stack and better > 0:
        count += 1
        if count % branches == 0 and not go_on():
            return Found(loss, outputs, min(branch[1] for branch in stack))
        depth, lost, low, high, on = stack.pop()
        if lost >= better or not low <= task.load <= high:
            continue
        if depth:
            runs[order[depth - 1]] = on
        if depth == len(order):
            filled, lost = _filled(task, runs, task.load - low)
            if lost < better:
                outputs, loss, better = filled, lost, limit(lost)
            continue
        i = order[depth]
        off = depth + 1, lost + away[i] * upper[i] * (i < brk), low, high - upper[i], False
        run = depth + 1, lost + away[i] * lower[i] * (i > brk), low + lower[i], high, True
        stack.extend((off, run) if i <= brk else (run, off))
    return Found(loss, outputs, inf)


def _filled(task: Task, runs: Sequence[bool], spare: int) -> tuple[list[int], float]:
    """Those that run at their pmin and `spare` more above it in merit order; and what this loses."""
    outputs, loss = [], 0.0
    for i, (on, low, high, away) in enumerate(zip(runs, task.lower, task.upper, task.away, strict=True)):
        output = 0
        if on:
            output = min(high, low + spare)
            spare -= output - low
        loss += away * (high - output if i < task.brk else output)
        outputs.append(output)
    return outputs, loss
