"""Telling what is wrong with a payload: all of it in one answer."""

from collections.abc import Iterable
from decimal import Decimal
from math import isfinite, nan
from typing import Final, NamedTuple, TypeAlias

Path: TypeAlias = tuple[str | int, ...]

ABSENT: Final = object()
MORE: Final = "more"
SHOWN_LETTERS: Final = 40
POINTED_LETTERS: Final = 200  # of one member's name
MAX_TOLD: Final = 1000  # faults, and warnings: 100,000 plants can have 400,000, which are 40 MB to tell
JSON_NAMES: Final = {bool: "a boolean", str: "a string", list: "a list", dict: "an object", type(None): "null"}


class Finding(NamedTuple):
    """A fault or a warning: where (a JSON pointer as URI fragment, `#/powerplants/3/pmin`), a code, a sentence."""

    pointer: str
    code: str
    detail: str


class Malformed(ValueError):
    """The payload is not one of the challenge's; `faults` holds everything wrong with it, or as much as is told."""

    def __init__(self, faults: Iterable[Finding]) -> None:
        """`faults`: at least one, in the order met; those of several readings are told once."""
        faults = _told(faults)
        first = f"{faults[0].pointer}: {faults[0].detail}"
        count = f"more than {MAX_TOLD}" if faults[-1].code == MORE else len(faults)
        super().__init__(first if len(faults) == 1 else f"{count} faults, the first at {first}")
        self.faults = faults

    def told(self) -> str:
        """A line for each fault."""
        return "\n".join(f"{fault.pointer}: {fault.detail}" for fault in self.faults)


class TooManyPlants(ValueError):
    """The payload has more plants than the caller takes."""

    def __init__(self, count: int, limit: int) -> None:
        """`count` plants came, `limit` are taken."""
        super().__init__(f"{count} plants are more than the {limit} taken in one request")
        self.count, self.limit = count, limit


class Findings:
    """The faults and warnings met so far while a payload is read. Pointers are only spelt out where one is met."""

    def __init__(self) -> None:
        """Nothing met yet."""
        self.faults: list[Finding] = []
        self.warnings: list[Finding] = []

    def fault(self, path: Path, code: str, detail: str) -> None:
        """Note what makes the payload malformed."""
        _note(self.faults, path, code, detail)

    def warn(self, path: Path, code: str, detail: str) -> None:
        """Note what the sender may not expect."""
        _note(self.warnings, path, code, detail)

    def unfit(self, path: Path, value: object, wanted: str) -> None:
        """Fault a value that is absent or of another type than `wanted`."""
        if value is ABSENT:
            self.fault(path, "missing", f"{path[-1]} is missing; it must be {wanted}")
        else:
            self.fault(path, "type", f"{path[-1]} is {json_name(value)}; it must be {wanted}")

    def number(self, value: object, path: Path, least: float, most: float) -> float | None:
        """`value` when it is a number from `least` to `most`, else None and a fault. Booleans are no numbers."""
        if (type(value) is float or type(value) is int) and least <= value <= most:
            return value
        if isinstance(value, Decimal):
            return self.number(float(value) if value.is_finite() else nan, path, least, most)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.unfit(path, value, "a number")
        elif isinstance(value, float) and not isfinite(value):
            self.fault(path, "not_finite", f"{path[-1]} is {value}; it must be a finite number")
        else:
            self.fault(path, "out_of_range", f"{path[-1]} is {shown(value)}; it must be {least:.6g} to {most:.6g}")
        return None


AND_MORE: Final = Finding("#", MORE, f"there are more than the {MAX_TOLD} told here")


def _note(findings: list[Finding], path: Path, code: str, detail: str) -> None:
    """One more, unless there are enough; then the last one says so."""
    if len(findings) < MAX_TOLD:
        findings.append(Finding(pointer(path), code, detail))
    elif len(findings) == MAX_TOLD:
        findings.append(AND_MORE)


def _told(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each once, unless there are too many."""
    different = list(dict.fromkeys(findings))
    told = [finding for finding in different if finding != AND_MORE][:MAX_TOLD]
    return (*told, AND_MORE) if len(told) < len(different) else tuple(told)


def pointer(path: Path) -> str:
    """The JSON pointer of `path` as a URI fragment (RFC 6901 section 6); of very long names the beginning."""
    return "#" + "".join(f"/{_pointed(str(part))}" for part in path)


def _pointed(part: str) -> str:
    short = part if len(part) <= POINTED_LETTERS else f"{part[:POINTED_LETTERS]}..."
    if not short.isascii():
        short = short.encode(errors="backslashreplace").decode()  # lone surrogates
    return short.replace("~", "~0").replace("/", "~1").replace("%", "%25")


def json_name(value: object) -> str:
    """What `value` is in JSON's words."""
    return JSON_NAMES.get(type(value), "a number")


def shown(value: object) -> str:
    """`value` in a message: printable, and short even if it is not."""
    if isinstance(value, str):
        return ascii(value[:SHOWN_LETTERS]) + ("..." if len(value) > SHOWN_LETTERS else "")
    if isinstance(value, int) and abs(value) > 10**SHOWN_LETTERS:
        return f"{'-' if value < 0 else ''}an integer of {value.bit_length()} bits"
    return f"{value:.10g}" if isinstance(value, int | float) else json_name(value)
