"""The contest as a picture: CPU seconds against n, a field a family. Rows come as JSON on stdin, the SVG goes to FILE.

Run in an environment of requirements/peers-planner.txt.
"""

import json
import sys
from statistics import median
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

STYLES = {
    "ours": ("C0", 2.5),
    "merit order": ("0.6", 1.2),
    "HiGHS": ("C1", 1.5),
    "CP-SAT": ("C2", 1.5),
    "PyPSA": ("C3", 1.5),
}

Row = dict[str, Any]


def times(row: Row) -> dict[str, tuple[float, bool]]:
    """What each took, and whether it proved its plan."""
    found = {"ours": (row["ours_s"], row["gap_eur"] == 0), "merit order": (row["greedy_s"], True)}
    answers = {name: answer for name, answer in row["peers"].items() if answer["solve_s"]}
    return found | {name: (answer["solve_s"], answer["status"] == "optimal") for name, answer in answers.items()}


def draw(field: Axes, family: str, rows: list[Row]) -> None:
    """Medians of each size; a cross where not all instances were proven."""
    sizes = sorted({row["size"] for row in rows})
    for name, (colour, width) in STYLES.items():
        taken = {
            size: [times(row)[name] for row in rows if row["size"] == size and name in times(row)] for size in sizes
        }
        points = [(size, median(seconds for seconds, _ in pairs)) for size, pairs in taken.items() if pairs]
        if points:
            field.plot(*zip(*points, strict=True), color=colour, linewidth=width, marker="o", markersize=4, label=name)
        unproven = [point for point in points if not all(proven for _, proven in taken[point[0]])]
        if unproven:
            field.plot(*zip(*unproven, strict=True), color=colour, linestyle="", marker="x", markersize=10)
    field.set(title=family, xscale="log", yscale="log", xlabel="plants", ylabel="CPU seconds")
    field.grid(visible=True, linewidth=0.3)


def main(file: str) -> None:
    """Draw."""
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "planner", "font.size": 9})
    rows = json.load(sys.stdin)
    families = list(dict.fromkeys(row["family"] for row in rows))
    figure = Figure(figsize=(9, 7), layout="constrained")
    fields = figure.subplots(2, 2, sharey=True, squeeze=False).flat
    for field, family in zip(fields, families, strict=False):
        draw(field, family, [row for row in rows if row["family"] == family])
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False)
    figure.suptitle("Median CPU time of a plan (peers: solving alone); x: not all proven within the limit")
    figure.savefig(file, metadata={"Date": None})


main(*sys.argv[1:])
