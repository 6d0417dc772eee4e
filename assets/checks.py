"""System checks: settings of the app that cannot work, each with an id and a hint."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from assets import locations
from assets.conf import ACTIONS, conf


@register("assets")
def check_url(**_kwargs: Any) -> list[CheckMessage]:
    """ASSETS_URL names a store."""
    try:
        location = conf.location
    except locations.BadLocation as fault:
        # The value may hold a password by mistake: it is not repeated.
        hint = "A path such as var/assets, file:///absolute/path, or s3://bucket?endpoint_url=&region=&prefix="
        return [Error(f"ASSETS_URL: {fault}", hint=hint, id="assets.E001")]
    if isinstance(location, locations.Bucket) and len(location.prefix.encode()) > locations.MAX_PREFIX_BYTES:
        hint = f"At most {locations.MAX_PREFIX_BYTES} bytes leave room for names."
        return [Error("ASSETS_URL: the prefix is too long", hint=hint, id="assets.E002")]
    return []


@register("assets")
def check_sizes(**_kwargs: Any) -> list[CheckMessage]:
    """The limits are numbers of bytes."""
    low = {"ASSETS_MAX_BYTES": 1, "ASSETS_MIN_FREE_BYTES": 0}
    given = {name: getattr(settings, name, least) for name, least in low.items()}
    wrong = [name for name, value in given.items() if not isinstance(value, int) or value < low[name]]
    hint = "Set it to a whole number of bytes; 5368709120 and 1073741824 are the defaults."
    return [Error(f"{name} is {given[name]!r}", hint=hint, id="assets.E003") for name in wrong]


@register("assets")
def check_allow(**_kwargs: Any) -> list[CheckMessage]:
    """ASSETS_ALLOW lists actions that there are."""
    allow = getattr(settings, "ASSETS_ALLOW", ())
    if isinstance(allow, list | tuple) and all(action in ACTIONS for action in allow):
        return []
    hint = f"Set it to a list of {' and '.join(ACTIONS)}, or leave it out: then nobody may do anything."
    return [Error(f"ASSETS_ALLOW is {allow!r}", hint=hint, id="assets.E004")]


@register("assets")
def check_database(**_kwargs: Any) -> list[CheckMessage]:
    """ASSETS_DATABASE is an alias in DATABASES, and the router that uses it is installed."""
    hint = 'DATABASES needs that alias, DATABASE_ROUTERS needs "assets.routers.IndexRouter".'
    routed = conf.database == "default" or "assets.routers.IndexRouter" in settings.DATABASE_ROUTERS
    if conf.database in settings.DATABASES and routed:
        return []
    return [Error(f"ASSETS_DATABASE: {conf.database!r} is not used as the index", hint=hint, id="assets.E005")]
