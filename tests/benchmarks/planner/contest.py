"""Ours, merit order and the peers on the same instances, in turns: ours, a peer, ours, the next peer ..."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import median
from time import process_time
from typing import Any

from powerplant.dispatch import Plan, dispatch
from tests.benchmarks.clock import cpu_s
from tests.benchmarks.planner.fleets import FAMILIES, Instance, instances
from tests.benchmarks.planner.peers import NOT_ASKED, Answer, Peer
from tests.powerplant.greedy import greedy
from tests.powerplant.oracles import assert_meets, cost_eur

Row = dict[str, Any]

EASY = "realistic, merit order suffices"


def contest(counts: Mapping[int, int], peers: Sequence[Peer], limit_s: float, tell: Callable[[str], None]) -> list[Row]:
    """A row an instance. counts: how many instances of each size, the smallest first.

    A peer that proved none of a family's instances of one size is not asked for the larger ones.
    """
    rows: list[Row] = []
    for family in FAMILIES:
        able = {peer.name for peer in peers}
        for size, count in counts.items():
            proved = set[str]()
            for number, instance in enumerate(instances(family, size, count), 1):
                tell(f"{family} {size}: {number} of {count}")
                row = _compared(instance, peers, able, limit_s)
                rows.append({"family": family, "size": size, **row})
                proved |= {name for name, answer in row["peers"].items() if answer["status"] == "optimal"}
            able = proved
    for size, count in counts.items():
        tell(f"{EASY} {size}")
        easy = (_compared(instance, [], set(), 0) for instance in instances("realistic", size, count, easy=True))
        rows += [{"family": EASY, "size": size, **row} for row in easy]
    return rows


def _compared(instance: Instance, peers: Sequence[Peer], able: set[str], limit_s: float) -> Row:
    """One instance, solved by all who are able."""
    units, load = instance
    solve = partial(dispatch, units, load, clock=process_time)
    plan, taken = cpu_s(solve)
    assert_meets(plan, units, load)
    ours = [taken]
    outputs, greedy_s = cpu_s(partial(greedy, units, load))
    answers = {}
    for peer in peers:
        answers[peer.name] = (peer.solve(units, load, limit_s) if peer.name in able else Answer(NOT_ASKED))._asdict()
        ours.append(cpu_s(solve)[1])
    return {
        "ours_s": median(ours),
        **_plan(plan),
        "greedy_s": greedy_s,
        "greedy_eur": None if outputs is None else cost_eur(units, outputs),
        "peers": answers,
    }


def _plan(plan: Plan) -> Row:
    return {"cost_eur": plan.cost_eur, "gap_eur": plan.gap_eur}
