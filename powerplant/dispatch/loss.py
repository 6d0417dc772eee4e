"""The loss of a plan: what it costs above merit order.

Merit order takes the plants by cost, ignoring every pmin, until the load is met: the *cheap* plants give all they can, the
break plant b gives the rest r, 1 <= r <= pmax, and the others nothing. Any p from 0 to pmax lies in the convex hull of {0} and
pmin..pmax, so no plan costs less than merit order; it is the linear relaxation's optimum.

With the break plant's cost as yardstick, let d_i = |cost_i - cost_b|, and call b and all after it *dear*. For every plan whose
outputs sum to the load
    cost = cost of merit order + sum over cheap of d_i (pmax_i - p_i) + sum over dear of d_i p_i
because r = (sum over dear of p_i) - (sum over cheap of pmax_i - p_i); put that into the difference of the two costs and collect
what multiplies cost_b. So the cheapest plan is the one of least loss, whatever the signs of the costs. No term is negative,
and all are small: no precision goes to the difference of two large totals.

Losses are in EUR/MWh times tenths of MW, that is in 0.1 EUR.
"""

from typing import Final

ABSOLUTE: Final = 1e-9
RELATIVE: Final = 1e-12


def limit(loss: float) -> float:
    """What another loss must stay below to be better than `loss`, the rounding of floats apart."""
    return loss - max(ABSOLUTE, RELATIVE * loss) if loss < float("inf") else loss
