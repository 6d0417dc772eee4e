"""The application with a cache that the project does not offer: TESTED_CACHE, whose linger is TESTED_LINGER_S."""

import os
from collections.abc import Callable

from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "buildserver.settings")
settings.KVSTORE_CACHE_URL = os.environ["TESTED_CACHE"]

from buildserver.wsgi import application  # noqa: E402 - once the cache is named
from kvstore.cache import pending  # noqa: E402


class Quick(pending.Pending):
    """Keeps things soon after Redis has started, as a test cannot wait a minute."""

    def __init__(self, url: str, owner: Callable[[], str]) -> None:
        super().__init__(url, owner, linger_s=float(os.environ["TESTED_LINGER_S"]))


pending.Pending = Quick  # type: ignore[misc]
__all__ = ["application"]
