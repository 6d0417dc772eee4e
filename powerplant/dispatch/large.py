"""Many units: merit order, a first plan, and the exact search of what that leaves open."""

from math import inf
from typing import Final

import numpy as np

from powerplant.dispatch.budget import Budget
from powerplant.dispatch.core import search
from powerplant.dispatch.diagnosis import examine
from powerplant.dispatch.fixing import fix
from powerplant.dispatch.merit import IntArray, Merit, MeritOrder
from powerplant.dispatch.outcome import Infeasible, Near, Plan, Undecided
from powerplant.dispatch.start import Start, first_plan

QUICK_UNITS: Final = 24
QUICK_REACH: Final = 3  # times the largest unit
FEW_UNITS: Final = 64  # for which a first plan is not worth improving before the search


def dispatch(order: MeritOrder, load: int, budget: Budget) -> Plan:
    """The plan for 0 < load <= the sum of all pmax, in tenths of MW. Raises Infeasible, Undecided."""
