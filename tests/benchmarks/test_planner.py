"""The planner's benchmark: that all of it runs, on instances too small to tell anything, and that it judges rightly."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.planner import report
from tests.benchmarks.planner.fleets import FAMILIES, instances, merit_order_meets
from tests.benchmarks.planner.targets import TARGETS, disagreements, verdicts
from tests.live import PROJECT


@pytest.mark.live
def test_measures_every_part_and_writes_a_page(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.benchmarks.planner", "--quick", "--output", str(tmp_path)]
    variables = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3"}
    subprocess.run(command, cwd=PROJECT, env=variables, check=True)
    data = json.loads((tmp_path / "planner.json").read_text())
    page = (tmp_path / "planner.md").read_text()
    assert set(data["parts"]) == {"official", "contest", "diagnosis", "memory", "web", "agreement"}
    assert all(note.partition("\n")[0] in page for note in report.NOTES.values())
    assert all(f"| {text} |" in page for _, text, _ in TARGETS)
    assert {row["family"] for row in data["parts"]["contest"]} >= set(FAMILIES)
    assert all(row["known"] for row in data["parts"]["diagnosis"])
    assert {row["status"] for row in data["parts"]["memory"]} <= {200, 201, 400, 413, 422}
    subprocess.run([*command, "--only", "diagnosis"], cwd=PROJECT, env=variables, check=True)
    again = json.loads((tmp_path / "planner.json").read_text())
    assert again["parts"]["web"] == data["parts"]["web"]
    assert again["parts"]["diagnosis"] != data["parts"]["diagnosis"]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_contest_has_only_what_merit_order_does_not_solve(family: str) -> None:
    found = list(instances(family, 30, 5))
    assert found == list(instances(family, 30, 5))
    assert not any(merit_order_meets(*instance) for instance in found)


def row(status: str, theirs: float, *, gap_eur: float = 0.0, solve_s: float = 1.0) -> dict[str, Any]:
    """One instance that we solved for 100 EUR in 10 ms, and what HiGHS says."""
    answer = {"status": status, "cost_eur": theirs, "build_s": 0.1, "solve_s": solve_s}
    plan = {"cost_eur": 100.0, "gap_eur": gap_eur, "ours_s": 0.01, "greedy_s": 0.001, "greedy_eur": None}
    return {"family": "block", "size": 1000, **plan, "peers": {"HiGHS": answer}}


@pytest.mark.parametrize(
    ("answer", "counted"),
    [
        (row("optimal", 100.0), 0),
        (row("optimal", 101.0), 1),
        (row("feasible", 101.0), 0),
        (row("feasible", 99.0), 1),
        (row("optimal", 95.0, gap_eur=10.0), 0),
        (row("optimal", 85.0, gap_eur=10.0), 1),
    ],
)
def test_a_disagreement_is_what_cannot_be_true_of_both(answer: dict[str, Any], counted: int) -> None:
    assert disagreements([answer]) == counted


@pytest.mark.parametrize(("solve_s", "met"), [(0.39, False), (0.41, True)])
def test_a_target_is_met_or_missed_by_the_median_ratio(solve_s: float, met: bool) -> None:
    rows = [row("optimal", 100.0, solve_s=seconds) for seconds in (0.1, solve_s, 9.0)]
    judged = dict(verdicts({"contest": rows}))
    assert judged["block, n = 1,000: at most 1/40 of HiGHS"].met is met
    assert judged["block, n = 1,000: at most 1/20 of CP-SAT"].met is None
    assert judged["official payloads: below 50 us"].figure == "not measured"
