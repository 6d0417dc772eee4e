"""The app's settings, read when used, and who may use kept plans.

POWERPLANT_WIND           `onoff` (the challenge's text) or `curtail`, where a request does not say
POWERPLANT_CO2            whether CO2 counts as a cost, where a request does not say
POWERPLANT_BUDGET_S       seconds that one search may take
POWERPLANT_MAX_PLANTS     plants that one request may have
POWERPLANT_HARD_SEARCHES  searches above 50 ms that one process takes at a time; one of them runs, the others wait
POWERPLANT_LIVE           what carries plans to those who watch: a Redis URL, or the path of a sqlite file; by default a
                          file beside sqlite's database, tables in MySQL's
POWERPLANT_WATCHERS       dotted path of the function that gives a request its `powerplant.live.places.Place`
POWERPLANT_MAX_WATCHERS   watchers of one process, where POWERPLANT_WATCHERS is not set
POWERPLANT_ALLOW          the actions that everyone may do where no middleware sets `request.access`; none by default
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

PLAN = "plan"  # the one action
MAX_BODY_BYTES = 16 * 2**20
MAX_DOUBTED_BYTES = 4 * 2**20  # of a text that is nearly JSON, to be read for its faults
MAX_BODY_PARTS = 1_650_000  # 100,000 of the challenge's plants have 1,600,000
MAX_STORED_BYTES = 4 * 2**20  # of a request, and of a report, compressed


class Conf:
    """One property a setting."""

    @property
    def wind(self) -> str:
        """The wind convention by default."""
        return str(getattr(settings, "POWERPLANT_WIND", "onoff"))

    @property
    def co2(self) -> bool:
        """Whether CO2 counts by default."""
        return bool(getattr(settings, "POWERPLANT_CO2", True))

    @property
    def budget_s(self) -> float:
        """Seconds for one search, 2 by default."""
        return float(getattr(settings, "POWERPLANT_BUDGET_S", 2))

    @property
    def max_plants(self) -> int:
        """Plants of one request, 100,000 by default."""
        return int(getattr(settings, "POWERPLANT_MAX_PLANTS", 100_000))

    @property
    def hard_searches(self) -> int:
        """Places for hard searches in one process, 4 by default."""
        return int(getattr(settings, "POWERPLANT_HARD_SEARCHES", 4))

    @property
    def live(self) -> str:
        """A Redis URL, the path of a file, or empty: by the database."""
        return str(getattr(settings, "POWERPLANT_LIVE", ""))

    @property
    def take_place(self) -> Callable[[Request], Any]:
        """What gives a watcher its place; raises ImportError."""
        found: Callable[[Request], Any] = import_string(
            getattr(settings, "POWERPLANT_WATCHERS", "powerplant.live.places.own")
        )
        return found

    @property
    def max_watchers(self) -> int:
        """Watchers of one process by the app's own count, 2 by default."""
        return int(getattr(settings, "POWERPLANT_MAX_WATCHERS", 2))

    @property
    def allow(self) -> Sequence[str]:
        """The actions of a project without access control of its own."""
        return tuple(getattr(settings, "POWERPLANT_ALLOW", ()))


conf = Conf()


def require(request: Request) -> None:
    """Pass, or raise what the project's access raises; without one, PermissionDenied (403) by POWERPLANT_ALLOW."""
    access = getattr(request, "access", None)
    if access is not None:
        access.require(PLAN)
    elif PLAN not in conf.allow:
        raise PermissionDenied("plan is allowed to nobody: set request.access in a middleware, or POWERPLANT_ALLOW")
