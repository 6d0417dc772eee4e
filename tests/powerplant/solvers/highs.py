"""HiGHS as the outside oracle: instances come as JSON lines, answers go as JSON lines; `__init__` tells their members.

As well modelled as it gets: one variable for a unit without pmin, one binary for a block, one of each for the others.
The gap is 0. Run in an environment of requirements/solvers.txt.
"""

import json
import sys
import time
from collections.abc import Iterable
from typing import Any

import highspy
import numpy as np

OPTIONS = {"output_flag": False, "threads": 1, "mip_rel_gap": 0.0, "mip_abs_gap": 0.0}
CONTINUOUS, INTEGER = highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger
STATUS = {highspy.HighsModelStatus.kOptimal: "optimal", highspy.HighsModelStatus.kInfeasible: "infeasible"}


class Columns:
    """The model column by column: row 0 is the sum of all outputs."""

    def __init__(self, low: int, high: int) -> None:
        self.cost: list[float] = []
        self.upper: list[int] = []
        self.kind: list[highspy.HighsVarType] = []
        self.start, self.row, self.value = [0], list[int](), list[int]()
        self.row_low: list[float] = [low]
        self.row_high: list[float] = [high]
        self.output: list[tuple[int, int]] = []  # for each unit, its column and what 1 of it gives

    def column(self, cost: float, upper: int, kind: highspy.HighsVarType, entries: Iterable[tuple[int, int]]) -> None:
        """One more column with its entries (row, value)."""
        self.cost.append(cost)
        self.upper.append(upper)
        self.kind.append(kind)
        for row, value in entries:
            self.row.append(row)
            self.value.append(value)
        self.start.append(len(self.row))

    def unit(self, pmin: int, pmax: int, cost: float) -> None:
        """One more unit."""
        self.output.append((len(self.cost), pmax if 0 < pmin == pmax else 1))
        if pmin == 0:
            self.column(cost, pmax, CONTINUOUS, [(0, 1)])
        elif pmin == pmax:
            self.column(cost * pmax, 1, INTEGER, [(0, pmax)])
        else:
            row = len(self.row_low)
            self.column(cost, pmax, CONTINUOUS, [(0, 1), (row, 1), (row + 1, 1)])
            self.column(0.0, 1, INTEGER, [(row, -pmax), (row + 1, -pmin)])
            self.row_low += [-highspy.kHighsInf, 0]
            self.row_high += [0, highspy.kHighsInf]

    def model(self) -> highspy.HighsLp:
        """What HiGHS takes."""
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(self.cost), len(self.row_low)
        model.col_cost_ = np.array(self.cost, dtype=float)
        model.col_lower_, model.col_upper_ = np.zeros(len(self.cost)), np.array(self.upper, dtype=float)
        model.row_lower_, model.row_upper_ = np.array(self.row_low, dtype=float), np.array(self.row_high, dtype=float)
        model.integrality_ = self.kind
        matrix = model.a_matrix_
        matrix.format_ = highspy.MatrixFormat.kColwise
        matrix.num_col_, matrix.num_row_ = model.num_col_, model.num_row_
        matrix.start_ = np.array(self.start, dtype=np.int32)
        matrix.index_ = np.array(self.row, dtype=np.int32)
        matrix.value_ = np.array(self.value, dtype=float)
        return model


def solve(units: list[tuple[int, int, float]], low: int, high: int, limit_s: float) -> dict[str, Any]:
    """Cheapest outputs of `units` (pmin, pmax, cost) that sum to `low` to `high`."""
    begin = time.process_time()
    columns = Columns(low, high)
    for unit in units:
        columns.unit(*unit)
    highs = highspy.Highs()
    for name, value in {**OPTIONS, "time_limit": limit_s}.items():
        highs.setOptionValue(name, value)
    highs.passModel(columns.model())
    built = time.process_time()
    highs.run()
    solve_s = time.process_time() - built
    status = STATUS.get(highs.getModelStatus(), "unknown")
    if status == "unknown" and highs.getInfo().primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
        status = "feasible"
    values = highs.getSolution().col_value
    found = [each * values[column] for column, each in columns.output] if status in ("optimal", "feasible") else None
    return {"status": status, "outputs": found, "build_s": built - begin, "solve_s": solve_s}


for line in sys.stdin:
    sys.stdout.write(json.dumps(solve(**json.loads(line))) + "\n")
    sys.stdout.flush()
