"""The challenge's three payloads: dispatch against merit order, the reading of the payload and the peers beside it."""

from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import Any

from powerplant.dispatch import dispatch
from powerplant.units import read_fleet
from tests.benchmarks.clock import cpu_s
from tests.benchmarks.planner.peers import Peer
from tests.powerplant.greedy import greedy
from tests.powerplant.oracles import payload

PAYLOADS = [payload(480, 60), payload(480, 0), payload(910, 60)]


def official(rounds: int, peers: Sequence[Peer], limit_s: float, tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """A row a payload, of medians; `rounds` in which all take turns."""
    rows = []
    for number, sent in enumerate(PAYLOADS, 1):
        fleet = read_fleet(sent)
        units, load = sorted(fleet.plants, key=lambda plant: plant.position), int(fleet.load)
        taken: dict[str, list[float]] = {"ours": [], "greedy": [], "read": [], **{peer.name: [] for peer in peers}}
        for turn in range(rounds):
            tell(f"official payload {number}: {turn + 1} of {rounds}")
            plan, ours_s = cpu_s(partial(dispatch, units, load))
            taken["ours"].append(ours_s)
            taken["greedy"].append(cpu_s(partial(greedy, units, load))[1])
            taken["read"].append(cpu_s(partial(read_fleet, sent))[1])
            for peer in peers:
                answer = peer.solve(units, load, limit_s)
                assert answer.cost_eur is not None
                assert abs(answer.cost_eur - plan.cost_eur) < 1e-4
                taken[peer.name].append(answer.build_s + answer.solve_s)
        rows.append({"payload": number, **{name: median(times) for name, times in taken.items()}})
    return rows
