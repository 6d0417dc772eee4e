"""A report as a command prints it."""

import json
from collections.abc import Mapping
from typing import Any, Final

from powerplant.report.table import table

FORMS: Final = ("table", "json", "report")


def as_text(report: Mapping[str, Any], form: str) -> str:
    """`table`; `json`: the challenge's answer, `[{"name", "p"}, ...]`; `report`: all of it in JSON."""
    if form == "table":
        return table(report)
    if form == "report":
        return json.dumps(report, ensure_ascii=False)
    return json.dumps([{"name": plant["name"], "p": plant["p"]} for plant in report["plants"]], ensure_ascii=False)
