"""What all routes read in the same way: the words of the query, and their faults beside those of the body."""

import re
from collections.abc import Callable
from typing import Final, TypeVar

from rest_framework.request import Request

from powerplant.conf import conf
from powerplant.units import WIND_MODES, Finding, Malformed
from powerplant.units.findings import ABSENT, shown
from powerplant.views.parsing import NotJSON
from powerplant.views.showing import let_go, size_bytes
from powerplant.whatif import Ways

Read = TypeVar("Read")
TRUTH: Final = ("true", "false")
NOT_IN_JSON: Final = {"not_finite", "surrogate"}


def read(request: Request, reader: Callable[[object, Ways], Read], *flags: str) -> Read:
    """What `reader` reads of the body under the conventions of the query; a large body is then let go.

    flags  other members of the query that are true or false
    Raises Malformed with the faults of both; TooManyPlants, TooManyBytes.
    """
    faults = list[Finding]()
    wind = word(request, "wind", WIND_MODES, conf.wind, faults)
    co2 = word(request, "co2", TRUTH, "true" if conf.co2 else "false", faults)
    for flag in flags:
        word(request, flag, TRUTH, "true", faults)
    body, doubt = body_of(request)
    found = list[Read]()
    try:
        if body is not ABSENT:
            found.append(reader(body, Ways(wind, co2 == "true", conf.max_plants, size_bytes(request))))
    except Malformed as fault:
        faults += fault.faults
    if doubt is not None and not any(fault.code in NOT_IN_JSON for fault in faults):
        faults.append(doubt)
    if faults:
        raise Malformed(faults)
    let_go(request)
    return found[0]


def body_of(request: Request) -> tuple[object, Finding | None]:
    """The decoded body, and what is wrong with its text; ABSENT when nobody can tell what it means."""
    try:
        return request.data, None
    except NotJSON as fault:
        return fault.meant, Finding("#", "json", str(fault.detail))


def word(request: Request, name: str, words: tuple[str, ...], default: str, faults: list[Finding]) -> str:
    """The query's word for `name`; one that is none of `words` is a fault, and the first of these stands for it."""
    return asked(request, name, "|".join(words), " or ".join(words), default, faults) or words[0]


def asked(request: Request, name: str, pattern: str, what: str, default: str, faults: list[Finding]) -> str | None:
    """What the query says for `name`; None and a fault when it says it twice, or anything else than `what`."""
    values = request.query_params.getlist(name) or [default]
    if len(values) > 1:
        faults.append(Finding(f"#/{name}", "repeated", f"{name} is given {len(values)} times; give it once"))
    elif re.fullmatch(pattern, values[0]):
        return values[0]
    else:
        faults.append(Finding(f"#/{name}", "choice", f"{name} is {shown(values[0])}; it must be {what}"))
    return None
