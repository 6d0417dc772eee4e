"""What if: the optimum over a range of loads, and one payload under several conventions, loads and prices.

A question is read as a whole first, with all its faults. What is then computed shares one budget of time (`shares`).
"""

from powerplant.whatif.curve import Loads, curve, read_loads
from powerplant.whatif.reading import TooManyBytes, Ways
from powerplant.whatif.variants import compare, read_variants

__all__ = ["Loads", "TooManyBytes", "Ways", "compare", "curve", "read_loads", "read_variants"]
