"""How MW become whole tenths, and fuels become costs.

What a plant can give is rounded down to 0.1 MW and its pmin up, so that a plan in tenths is one the plants can run. A
float within 1e-6 of a tenth is that tenth, as products such as 150 * 0.6 are not exact. A MWh costs fuel price /
efficiency, and burning gas adds 0.3 ton of CO2 to each MWh generated, whatever the efficiency. Wind is free and, as the
challenge has it, all or nothing (`onoff`); under `curtail` a turbine may give less, but not less than its pmin.
"""

from fractions import Fraction
from math import ceil
from typing import Final

WIND_MODES: Final = ("onoff", "curtail")
CO2_TON_PER_GAS_MWH: Final = 0.3

GUARD: Final = 1e-6  # tenths
WITHOUT_TENTHS_MW: Final = 1e15  # floats from here on are whole


def tenths_down(mw: float) -> int:
    """The whole tenths in `mw` >= 0."""
    return 10 * mw if isinstance(mw, int) else int(10 * mw + GUARD)


def tenths_up(mw: float) -> int:
    """The fewest whole tenths that hold `mw` >= 0."""
    return 10 * mw if isinstance(mw, int) else ceil(10 * mw - GUARD)


def exact_tenths(mw: float) -> int | Fraction:
    """`mw` >= 0 in tenths, as the decimal it was written as when it is no whole number of them."""
    if mw >= WITHOUT_TENTHS_MW:
        return 10 * int(mw)
    tenths = tenths_down(mw)
    return tenths if tenths == tenths_up(mw) else 10 * Fraction(repr(mw))


def wind_mw(pmax: float, wind_percent: float) -> float:
    """The power a turbine can give."""
    return pmax * wind_percent / 100


def gas_extra_eur(co2_eur_per_ton: float) -> float:
    """What CO2 adds to the cost of a MWh from gas."""
    return CO2_TON_PER_GAS_MWH * co2_eur_per_ton
