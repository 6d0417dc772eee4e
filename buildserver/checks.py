"""System checks of the project: settings that cannot work, each with an id and a hint."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's name


@register(Tags.security, deploy=True)
def check_keys(**_kwargs: Any) -> list[CheckMessage]:
    """A server without a key refuses to start; commands work without."""
    if settings.PRESHARED.keys:
        return []
    hint = "Set PRESHARED_KEYS or PRESHARED_KEYS_FILE; manage.py make_key prints a line for the file."
    return [Error("no key is configured, so the server will not start", hint=hint, id="buildserver.E001")]


@register()
def check_watchers(**_kwargs: Any) -> list[CheckMessage]:
    """Watchers hold threads, and a worker without a free one answers nothing."""
    if settings.MAX_WATCHERS < settings.WEB_THREADS:
        return []
    hint = f"Set MAX_WATCHERS below WEB_THREADS, which is {settings.WEB_THREADS}; a quarter of it is the default."
    return [Warning(f"MAX_WATCHERS={settings.MAX_WATCHERS} can take every thread", hint=hint, id="buildserver.W002")]
