"""What all routes read in the same way: the words of the query, and their faults beside those of the body."""

from collections.abc import Callable
from typing import TypeVar

from rest_framework.request import Request

from powerplant.conf import conf
from powerplant.units import WIND_MODES, Finding, Malformed
from powerplant.views.showing import let_go
from powerplant.whatif import Ways

Read = TypeVar("Read")
TRUTH = ("true", "false")


def read(request: Request, reader: Callable[[object, Ways], Read], *flags: str) -> Read:
    """What `reader` reads of the body under the conventions of the query; a large body is then let go.

    flags  other members of the query that are true or false
    Raises Malformed with the faults of both; TooManyPlants.
    """
    body, faults = request.data, list[Finding]()
    wind = word(request, "wind", WIND_MODES, conf.wind, faults)
    co2 = word(request, "co2", TRUTH, "true" if conf.co2 else "false", faults)
    for flag in flags:
        word(request, flag, TRUTH, "true", faults)
    try:
        found = reader(body, Ways(wind, co2 == "true", conf.max_plants))
    except Malformed as fault:
        raise Malformed([*faults, *fault.faults]) from None
    if faults:
        raise Malformed(faults)
    let_go(request)
    return found


def word(request: Request, name: str, words: tuple[str, ...], default: str, faults: list[Finding]) -> str:
    """The query's word for `name`; one that is none of `words` is a fault, and the first of these stands for it."""
    asked = request.query_params.get(name, default)
    if asked in words:
        return asked
    faults.append(Finding(f"?{name}", "choice", f"{name} must be {' or '.join(words)}"))
    return words[0]
