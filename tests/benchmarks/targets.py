"""What was promised, and whether the figures keep it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

Parts = Mapping[str, Any]


class Verdict(NamedTuple):
    """A figure in words and whether it keeps the target; None where it was not measured."""

    figure: str
    met: bool | None


class Target(NamedTuple):
    """The part that measures it, the promise in words, and who judges it."""

    part: str
    text: str
    judge: Callable[[Parts], Verdict]


NOT_MEASURED = Verdict("not measured", None)


def verdicts(targets: Iterable[Target], parts: Parts) -> list[tuple[str, Verdict]]:
    """Each target with its figure."""
    return [(text, judge(parts) if part in parts else NOT_MEASURED) for part, text, judge in targets]


def of(rows: Iterable[Mapping[str, Any]], **members: object) -> list[Mapping[str, Any]]:
    """The rows with these members."""
    return [row for row in rows if all(row[name] == value for name, value in members.items())]
