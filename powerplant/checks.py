"""System checks: settings with which no plan could be made, each with an id and a hint."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from powerplant.conf import conf
from powerplant.units import WIND_MODES


@register()
def check_settings(**_kwargs: Any) -> list[CheckMessage]:
    """E001: the wind convention is one; E002 to E004, E006: the limits leave room for plans and watchers."""
    rules = (
        ("E001", "POWERPLANT_WIND", conf.wind, conf.wind in WIND_MODES, f"Set it to {' or '.join(WIND_MODES)}."),
        ("E002", "POWERPLANT_BUDGET_S", conf.budget_s, conf.budget_s > 0, "Set it to seconds above 0; 2 is usual."),
        ("E003", "POWERPLANT_MAX_PLANTS", conf.max_plants, conf.max_plants > 0, "Set it to 1 or more plants."),
        ("E004", "POWERPLANT_MAX_WATCHERS", conf.max_watchers, conf.max_watchers >= 0, "Set it to 0 or more watchers."),
        ("E006", "POWERPLANT_HARD_SEARCHES", conf.hard_searches, conf.hard_searches > 0, "Set it to 1 or more."),
    )
    return [
        Error(f"{name} is {value!r}", hint=hint, id=f"powerplant.{number}")
        for number, name, value, fits, hint in rules
        if not fits
    ]


@register()
def check_watchers(**_kwargs: Any) -> list[CheckMessage]:
    """E005: what gives watchers their places is there."""
    try:
        conf.take_place  # noqa: B018 - found, or not
    except ImportError as fault:
        hint = "Set it to the dotted path of a function, or leave it out: then POWERPLANT_MAX_WATCHERS counts."
        return [Error(f"POWERPLANT_WATCHERS cannot be imported: {fault}", hint=hint, id="powerplant.E005")]
    return []
