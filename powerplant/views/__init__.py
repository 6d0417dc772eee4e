"""The routes: read the question, one call of the domain, answer."""

from powerplant.views.plans import Plans
from powerplant.views.productionplan import ProductionPlan
from powerplant.views.whatif import Compare, Curve

__all__ = ["Compare", "Curve", "Plans", "ProductionPlan"]
