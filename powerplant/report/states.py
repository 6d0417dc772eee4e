"""Why a plant gives what it gives, in words that hold for the plan at hand."""

from collections.abc import Sequence
from math import inf
from typing import NamedTuple

from powerplant.dispatch import Plan
from powerplant.units import Plant


class State(NamedTuple):
    """`word`: off, minimum, partial or full; `reason`: a sentence about it."""

    word: str
    reason: str


class States:
    """The states of the plants in one plan.

    A plant of lower cost than the break plant gives its maximum unless something is in the way: its own minimum, or
    those of dearer plants that have to run. In a plan that is proven the cheapest, a plant above that cost runs only
    where nothing cheaper does without it.
    """

    def __init__(self, plants: Sequence[Plant], plan: Plan) -> None:
        """`plants` in the order of the plan's outputs."""
        running = [plant for plant, p in zip(plants, plan.outputs, strict=True) if p]
        self._load = sum(plan.outputs)
        self._spare = self._load - sum(plant.pmin for plant in running)
        self._dearest = max((plant.eur_per_mwh for plant in running), default=-inf)
        self._price = inf if plan.price_eur_per_mwh is None else plan.price_eur_per_mwh
        self._optimal = plan.optimal
        self._sentences: dict[str, str] = {}  # one object for all plants of the same reason

    def of(self, plant: Plant, p: int) -> State:
        """The state of `plant`, which gives `p` tenths of MW."""
        if not p:
            word, sentence = "off", f"off: {self._off(plant)}"
        elif p == plant.pmax:
            word, sentence = "full", f"at its maximum: {self._full(plant)}"
        elif p == plant.pmin:
            word, sentence = "minimum", f"at its minimum: {self._between(plant)}"
        else:
            word, sentence = "partial", f"between its limits: {self._between(plant)}"
        return State(word, self._sentences.setdefault(sentence, sentence))

    def _off(self, plant: Plant) -> str:
        if not plant.pmax:
            if plant.kind == "windturbine":
                return "the wind gives it less than 0.1 MW"
            return "its limits hold no multiple of 0.1 MW above 0"
        if not self._load:
            return "the load is 0"
        if plant.eur_per_mwh > self._price:
            return f"dearer than the break plant at {self._price:.2f} EUR/MWh"
        if plant.pmin > self._spare:
            return f"its minimum of {plant.pmin / 10:.10g} MW does not fit"
        return "no plan with it is cheaper" if self._optimal else "it runs in no better plan that was found"

    def _full(self, plant: Plant) -> str:
        if plant.eur_per_mwh < self._price:
            return f"cheaper than the break plant at {self._price:.2f} EUR/MWh"
        return self._between(plant) if plant.eur_per_mwh > self._price else "as dear as the break plant"

    def _between(self, plant: Plant) -> str:
        if plant.eur_per_mwh > self._price:
            needed = "no cheaper plan does without it" if self._optimal else "the best plan that was found needs it"
            return f"dearer than the break plant at {self._price:.2f} EUR/MWh, but {needed}"
        return "lowered to make room for dearer plants" if self._dearest > plant.eur_per_mwh else "the rest of the load"
