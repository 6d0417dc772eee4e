"""The app's settings, read when used.

POWERPLANT_WIND        `onoff` (the challenge's text) or `curtail`, where a request does not say
POWERPLANT_CO2         whether CO2 counts as a cost, where a request does not say
POWERPLANT_BUDGET_S    seconds that one search may take
POWERPLANT_MAX_PLANTS  plants that one request may have
"""

from django.conf import settings

MAX_BODY_BYTES = 16 * 2**20


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


conf = Conf()
