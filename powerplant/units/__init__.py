"""The challenge's payload, read into whole tenths of MW: the plants in merit order, or all that is wrong with it.

`plants` says what a fleet is, `conventions` how MW become tenths and fuels costs, `findings` how faults are told, and
`payload` reads.
"""

from powerplant.units.conventions import WIND_MODES
from powerplant.units.findings import Finding, Malformed, TooManyPlants
from powerplant.units.payload import SPELLINGS, read_fleet
from powerplant.units.plants import Fleet, Plant, Unit

__all__ = ["SPELLINGS", "WIND_MODES", "Finding", "Fleet", "Malformed", "Plant", "TooManyPlants", "Unit", "read_fleet"]
