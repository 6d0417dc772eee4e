"""CPU of a GET and of a PUT as bars, a line a variant. Rows come as JSON on stdin, the SVG goes to FILE.

Run in .venv-peers-kv, an environment of requirements/peers-kv.txt.
"""

import json
import sys
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Row = dict[str, Any]
OURS, PLAIN, TEXTBOOK, OTHERS, BEHIND = "C0", "C2", "C1", "0.55", "0.8"


def colour(variant: str) -> str:
    """Of whom it is."""
    kinds = {"ours": OURS, "plain": PLAIN, "textbook": TEXTBOOK}
    return next((shade for kind, shade in kinds.items() if variant.startswith(kind)), OTHERS)


def draw(field: Axes, what: str, rows: list[Row], order: list[str]) -> None:
    """The bars of one kind of request."""
    for place, variant in enumerate(order):
        found = [row for row in rows if row["variant"] == variant and row["what"] == what and row["cpu_us"] is not None]
        for row in found:
            field.barh(place, row["cpu_us"], color=colour(variant))
            field.barh(place, row["behind_us"], left=row["cpu_us"], color=BEHIND)
            field.text(
                row["cpu_us"] + row["behind_us"], place, f" {row['cpu_us'] + row['behind_us']:,.0f}", va="center"
            )
    field.set(title=what, yticks=range(len(order)), yticklabels=order, xlabel="CPU us a request")
    longest = max((row["cpu_us"] + row["behind_us"] for row in rows if row["cpu_us"] is not None), default=1)
    field.set_xlim(0, 1.12 * longest)
    field.margins(y=0.01)
    field.grid(axis="x", linewidth=0.3)


def main(file: str) -> None:
    """Draw."""
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "kv", "font.size": 8})
    rows = json.load(sys.stdin)
    gets = [row for row in rows if row["what"] == "GET"]
    gets.sort(key=lambda row: -(row["cpu_us"] + row["behind_us"]) if row["cpu_us"] is not None else 0.0)
    order = [row["variant"] for row in gets]
    figure = Figure(figsize=(11, 1.2 + 0.24 * len(order)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    draw(left, "GET", rows, order)
    draw(right, "PUT", rows, order)
    figure.suptitle("CPU of the server; light: of the database or Redis behind it")
    figure.savefig(file, metadata={"Date": None})


main(*sys.argv[1:])
