"""How plans are computed: the variables that the server and `builder plan` share."""

from buildserver import env

WIND = env.choice("POWERPLANT_WIND", "onoff", ["onoff", "curtail"])
CO2 = env.flag("POWERPLANT_CO2", default=True)
BUDGET_S = env.decimal("POWERPLANT_BUDGET_S", 2, 0.001, 3600)
MAX_PLANTS = env.whole("POWERPLANT_MAX_PLANTS", 100_000, 1)
