"""The searches of this process, which take turns."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from powerplant.conf import conf
from powerplant.turns import Turns


@cache
def _turns() -> Turns:
    return Turns(conf.hard_searches)


@contextmanager
def clock() -> Iterator[Callable[[], float]]:
    """The clock of one request's searches; see `turns`."""
    with _turns().clock(conf.budget_s) as seconds:
        yield seconds
