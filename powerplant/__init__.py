"""Production plans: the cheapest way for a fleet of power plants to meet a load, proven optimal."""
