"""The cache of the records, one a process: a read through it shows what the database would.

The database's alone (`none`), or shared by the processes of one host (`shared`), of several hosts (`pending`), or by
the threads of one process (`local`).
"""

import logging
import os
import threading
from pathlib import Path as File

from kvstore.cache.base import LINGER_S, Cache, CacheAway
from kvstore.cache.local import Local
from kvstore.cache.none import Closed, Nothing
from kvstore.cache.shared import Shared
from kvstore.cache.stamps import SHARES, Stamps
from kvstore.conf import conf

__all__ = ["LINGER_S", "Cache", "CacheAway", "cache"]

logger = logging.getLogger(__name__)
_made: dict[tuple[str, str], Cache] = {}
_making = threading.Lock()
_told = ""


def cache() -> Cache:
    """The one that KVSTORE_CACHE_URL names, made when first asked for."""
    key = conf.cache_url, conf.cache_file
    found = _made.get(key)
    return found if found is not None else _make(key)


def _make(key: tuple[str, str]) -> Cache:
    global _told  # noqa: PLW0603 - every call fails, and one line tells it
    with _making:
        if key in _made:
            return _made[key]
        try:
            made = _new(*key)
        except OSError as fault:
            if _told != str(fault):
                logger.warning("the cache cannot be attached to", extra={"fault": str(fault)})
            _told = str(fault)
            return Closed(fault)  # tried again at the next call
        _made[key], _told = made, ""
        return made


def _new(url: str, file: str) -> Cache:
    """Raises OSError, and ValueError for a URL that the checks refuse."""
    scheme = url.partition("://")[0]
    linger_s = LINGER_S if conf.database_is_apart else 0
    if scheme == "shm" and file and SHARES:
        return Shared(lambda: Stamps(File(file), linger_s), conf.cache_bytes)
    if scheme == "memory":
        return Local(conf.cache_bytes, linger_s)
    if scheme in ("redis", "rediss"):
        from kvstore.cache.identity import name_of_database  # noqa: PLC0415 - a model, and this may be before Django is set up
        from kvstore.cache.pending import Pending  # noqa: PLC0415 - its client is loaded where it is used

        return Pending(url, name_of_database)
    if scheme in ("none", "shm"):
        return Nothing()
    raise ValueError("KVSTORE_CACHE_URL is none of none:// shm:// redis:// rediss:// memory://")


def _after_fork() -> None:
    """What is shared is still shared; what other threads held is free."""
    global _making  # noqa: PLW0603 - the old one may be locked by a thread that is not here
    _making = threading.Lock()
    for made in _made.values():
        made.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
