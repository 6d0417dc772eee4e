"""CP-SAT as the outside oracle: instances come as JSON lines, answers go as JSON lines; `__init__` tells their members.

Exact whole numbers: costs are whole in units of 10^-6 EUR/MWh, so instances must be too. Run in an environment of
requirements/solvers.txt.
"""

import json
import sys
import time
from typing import Any

from ortools.sat.python import cp_model

PER_EUR = 10**6
STATUS = {cp_model.OPTIMAL: "optimal", cp_model.FEASIBLE: "feasible", cp_model.INFEASIBLE: "infeasible"}


def solve(units: list[tuple[int, int, float]], low: int, high: int, limit_s: float) -> dict[str, Any]:
    """Cheapest outputs of `units` (pmin, pmax, cost) that sum to `low` to `high`."""
    begin = time.process_time()
    model = cp_model.CpModel()
    outputs = [model.new_int_var_from_domain(domain(*unit[:2]), "") for unit in units]
    model.add_linear_constraint(cp_model.LinearExpr.sum(outputs), low, high)
    costs = [round(cost * PER_EUR) for _, _, cost in units]
    model.minimize(cp_model.LinearExpr.weighted_sum(outputs, costs))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = limit_s
    built = time.process_time()
    status = STATUS.get(solver.solve(model), "unknown")
    found = [solver.value(output) for output in outputs] if status in ("optimal", "feasible") else None
    return {"status": status, "outputs": found, "build_s": built - begin, "solve_s": time.process_time() - built}


def domain(pmin: int, pmax: int) -> cp_model.Domain:
    """0, or pmin to pmax."""
    return cp_model.Domain.from_intervals([[0, 0], [pmin, pmax]])


for line in sys.stdin:
    sys.stdout.write(json.dumps(solve(**json.loads(line))) + "\n")
    sys.stdout.flush()
