"""A report as a table for a terminal."""

from collections.abc import Mapping
from typing import Any

HEADS = ("plant", "type", "MW", "from", "to", "EUR/MWh", "EUR", "t CO2", "why")
NUMBERS = range(2, 8)
NAME_LETTERS = 60  # of a longer name the beginning: each row is as wide as the widest


def table(report: Mapping[str, Any]) -> str:
    """The plants in merit order, a line each; then the sums, what is proven, and the warnings."""
    rows = [HEADS, *(_row(plant) for plant in report["plants"])]
    rows.append(("sum", "", f"{report['load_mw']:.1f}", "", "", "", f"{report['cost_eur']:.2f}", _ton(report), ""))
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    lines = [_line(row, widths) for row in rows]
    rule = "-" * max(map(len, lines))
    lines = [lines[0], rule, *lines[1:-1], rule, lines[-1], "", _proof(report)]
    return "\n".join([*lines, *(f"warning: {warning['detail']}" for warning in report["warnings"])])


def _row(plant: Mapping[str, Any]) -> tuple[str, ...]:
    limits = f"{plant['p']:.1f}", f"{plant['pmin']:.1f}", f"{plant['pmax']:.1f}"
    name = plant["name"]
    name = name if len(name) <= NAME_LETTERS else f"{name[: NAME_LETTERS - 1]}\N{HORIZONTAL ELLIPSIS}"
    name = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)
    costs = f"{plant['eur_per_mwh']:.2f}", f"{plant['cost_eur']:.2f}", _ton(plant)
    return name, plant["type"], *limits, *costs, plant["reason"]


def _ton(of: Mapping[str, Any]) -> str:
    return f"{of['co2_ton']:.2f}"


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    cells = [
        cell.rjust(width) if column in NUMBERS else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def _proof(report: Mapping[str, Any]) -> str:
    """What is known of the plan, in a sentence."""
    ways = f"wind {report['wind']}, CO2 {'a cost' if report['co2'] else 'no cost'}, {report['elapsed_s'] * 1000:.3g} ms"
    if report["status"] == "optimal":
        return f"optimal: proven that no plan is cheaper ({ways})"
    return f"feasible: the cheapest plan costs at most {report['gap_eur']:.2f} EUR less ({ways})"
