"""The loss of a plan: what it costs above merit order. Why the search for the cheapest plan is one for the least loss.

Merit order takes the units by cost, ignoring every pmin, until the load is met: the *cheap* units give all they can,
the break unit b gives the rest r, 1 <= r <= pmax, those after it nothing. Each output of a plan, 0 or pmin..pmax, is
among 0..pmax, and with linear costs nothing in these wider ranges is cheaper than to fill the cheapest first: no plan
costs less than merit order does. If r happens to be a possible output of b, merit order is a plan, and optimal.

Now let d_i = |cost_i - cost_b|, and call b and all after it *dear*. Every plan whose outputs p sum to the load costs

    merit order + sum over cheap of d_i (pmax_i - p_i) + sum over dear of d_i p_i

because the outputs sum to the load: r = (sum over dear of p_i) - (sum over cheap of pmax_i - p_i). Multiply this by
cost_b and subtract it from the difference of the two costs; the terms above remain. They are the loss: none is
negative, whatever the signs of the costs, and all are small, so that no precision is lost between large totals.

Losses are in EUR/MWh times tenths of MW, that is in 0.1 EUR.
"""

from math import inf
from typing import Final

ABSOLUTE: Final = 1e-9
RELATIVE: Final = 1e-12


def limit(loss: float) -> float:
    """What another loss must stay below to be better than `loss`, beyond the rounding of floats; 0 or less: none is."""
    return loss - max(ABSOLUTE, RELATIVE * loss) if loss < inf else inf
