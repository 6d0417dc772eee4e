"""Numbers in the query of a URL.

In ASCII digits with or without a fraction. No sign and no exponent: a plus is a blank in a query. NaN and infinity are
no durations.
"""

import re

from kvstore.envelopes import MAX_TTL_S
from kvstore.values import shown

DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?")
INTEGER = re.compile(r"[0-9]+")
MAX_DIGITS = 19


class BadNumber(ValueError):
    """The text is no number of the range; the message names the parameter and says what would be right."""


def read_ttl(text: str | None) -> float | None:
    """Seconds until a key expires, above 0 and at most ten years as in `/save`; missing or empty: it stays.

    raises  BadNumber
    """
    if not text:
        return None
    ttl_s = float(text) if DECIMAL.fullmatch(text) else 0
    if not 0 < ttl_s <= MAX_TTL_S:
        raise BadNumber(
            f"ttl is {shown(text)!a}; it is a number of seconds such as 60 or 0.5, above 0 and at most {MAX_TTL_S}"
        )
    return ttl_s


def read_decimal(name: str, text: str, low: float, high: float) -> float:
    """The number low <= n <= high of a parameter, with a fraction or without, or BadNumber."""
    number = float(text) if DECIMAL.fullmatch(text) else -1
    if not low <= number <= high:
        raise BadNumber(f"{name} is {shown(text)!a}; it is a number, {low:g} to {high:g}")
    return number


def read_integer(name: str, text: str, low: int, high: int) -> int:
    """The parameter's integer, 0 <= low <= n <= high < 10**MAX_DIGITS; raises BadNumber."""
    number = int(text) if INTEGER.fullmatch(text) and len(text) <= MAX_DIGITS else -1
    if not low <= number <= high:
        raise BadNumber(f"{name} is {shown(text)!a}; it is an integer, {low} to {high}")
    return number
