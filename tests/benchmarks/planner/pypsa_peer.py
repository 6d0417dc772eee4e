"""PyPSA as a peer: one snapshot, a generator a unit, committable where there is a pmin, solved by HiGHS at gap 0.

Reads and writes what tests/powerplant/solvers/__init__.py tells; needs requirements/peers-planner.txt.
"""

import json
import logging
import os
import sys
import time
import warnings
from typing import Any

import numpy as np
import pypsa

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
HIGHS = {"output_flag": False, "threads": 1, "mip_rel_gap": 0.0, "mip_abs_gap": 0.0}


def solve(units: list[tuple[int, int, float]], low: int, high: int, limit_s: float) -> dict[str, Any]:
    """Cheapest outputs of `units` (pmin, pmax, cost) that sum to `low` = `high`."""
    assert low == high
    begin = time.process_time()
    network = network_of(units, low)
    network.optimize.create_model()
    built = time.process_time()
    options = {**HIGHS, "time_limit": limit_s}
    _, condition = network.optimize.solve_model(solver_name="highs", io_api="direct", log_to_console=False, **options)
    solve_s = time.process_time() - built
    status = condition if condition in ("optimal", "infeasible") else "unknown"
    outputs = network.generators_t.p.iloc[0].tolist() if status == "optimal" else None
    return {"status": status, "outputs": outputs, "build_s": built - begin, "solve_s": solve_s}


def network_of(units: list[tuple[int, int, float]], load: int) -> pypsa.Network:
    """One bus, in tenths of MW."""
    pmin, pmax, cost = np.array(units, dtype=float).T
    network = pypsa.Network()
    network.add("Bus", "bus")
    network.add("Load", "load", bus="bus", p_set=load)
    network.add(
        "Generator",
        [str(i) for i in range(len(units))],
        bus="bus",
        p_nom=pmax,
        p_min_pu=pmin / np.maximum(pmax, 1),
        marginal_cost=cost,
        committable=pmin > 0,
    )
    return network


answers = os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # where HiGHS greets
for line in sys.stdin:
    answers.write(json.dumps(solve(**json.loads(line))) + "\n")
    answers.flush()
