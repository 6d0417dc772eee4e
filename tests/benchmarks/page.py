"""What the pages of all benchmarks have alike."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.benchmarks.targets import Verdict


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown; all but the first column are figures."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines) + "\n"


def machine_section(machine: Mapping[str, Any]) -> str:
    """What `machine` told."""
    rows = [
        ("processor", machine["processor"]),
        ("system, Python", f"{machine['system']}, {machine['python']}"),
        ("packages", ", ".join(f"{name} {version}" for name, version in machine["packages"].items())),
        ("peers", ", ".join(f"{name} {version}" for name, version in machine["peers"].items()) or "none"),
    ]
    return "## Machine\n\n" + "\n".join(f"- {name}: {text}" for name, text in rows) + "\n"


def targets_section(judged: Iterable[tuple[str, Verdict]]) -> str:
    """Each target, its figure, and whether it is met."""
    words = {True: "met", False: "**missed**", None: ""}
    rows = [(text, verdict.figure, words[verdict.met]) for text, verdict in judged]
    return "## Targets\n\n" + table(["target", "figure", ""], rows)


def ran(told: Mapping[str, Any]) -> str:
    """When a part ran, under what load, and with which options."""
    options = ", ".join(f"{name} {value}" for name, value in told["options"].items())
    return f"Ran {told['when']}, load of the machine before {told['before']}, after {told['after']}; {options}."
