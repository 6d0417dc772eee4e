"""The challenge's payload, read into whole tenths of MW: the plants in merit order, or every fault at once.

Conventions: pmax and the wind a turbine can give are rounded down to 0.1 MW, pmin up, so that a plan in tenths is one the
plants can run. A float within 1e-6 of a tenth (150 * 0.6 is not quite 90) is that tenth. Cost is fuel price / efficiency;
burning gas adds 0.3 ton of CO2 per MWh generated, whatever the efficiency. Wind is free and, as the challenge has it, all or
nothing (`onoff`); `curtail` lets a turbine give less.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, isfinite
from operator import attrgetter
from typing import Final, NamedTuple

WIND_MODES: Final = ("onoff", "curtail")
CO2_TON_PER_GAS_MWH: Final = 0.3
MAX_MW: Final = 10**12
MAX_EUR: Final = 10**12
GUARD: Final = 1e-6
FLOAT_STEPS: Final = 4e-16

GAS, KEROSINE, CO2, WIND = "gas(euro/MWh)", "kerosine(euro/MWh)", "co2(euro/ton)", "wind(%)"
KEROSINE_ALIAS: Final = "kerosine(euro/Mwh)"
FUEL_OF: Final = {"gasfired": GAS, "turbojet": KEROSINE, "windturbine": WIND}

type_error_limit: Final = 40
