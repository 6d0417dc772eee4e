"""Units of one kind taken together: what is the same for many of them is worked out once.

A kind is a pair pmin, pmax. Its n units are split into items of 1, 2, 4, ... copies that run together or not at all: every
number of running units is some selection of items, and k units running together give just k * pmin to k * pmax.
"""
