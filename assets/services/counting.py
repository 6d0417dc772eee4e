"""How often assets are fetched: counted at once where it is quiet, once a second where it is not.

A write for each read would make readers wait for writers. What a process that is killed had not written is lost.
"""

import atexit
import logging
import os
import threading
import time
from collections import Counter

from django.db import DatabaseError, connections, transaction
from django.db.models import F

from assets.conf import conf
from assets.models import Asset

PAUSE_S = 1.0
logger = logging.getLogger(__name__)
_lock = threading.Lock()
_waiting = Counter[int]()
_due_s = float("-inf")
_timer: threading.Timer | None = None


def count(asset: Asset) -> None:
    """One more."""
    global _due_s, _timer  # noqa: PLW0603 - of the process
    with _lock:
        _waiting[asset.pk] += 1
        now_s = time.monotonic()
        if now_s < _due_s:
            if _timer is None:
                _timer = threading.Timer(_due_s - now_s, in_background)
                _timer.daemon = True
                _timer.start()
            return
        _due_s = now_s + PAUSE_S
    write()


def in_background() -> None:
    """Write what has come together, on a connection of its own."""
    global _timer  # noqa: PLW0603
    with _lock:
        _timer = None
    try:
        write()
    finally:
        connections[conf.database].close()


def write() -> None:
    """Write what waits. A database that is away keeps nobody from his asset: it waits on."""
    with _lock:
        counts = dict(_waiting)
        _waiting.clear()
    if not counts:
        return
    try:
        with transaction.atomic(using=conf.database):
            for pk, more in sorted(counts.items()):
                Asset.objects.filter(pk=pk).update(downloads=F("downloads") + more)
    except DatabaseError as fault:
        logger.warning("downloads could not be counted", extra={"fault": str(fault)})
        with _lock:
            _waiting.update(counts)


def after_fork() -> None:
    """What waits is the parent's to write."""
    global _lock, _timer
    _lock, _timer = threading.Lock(), None
    _waiting.clear()


atexit.register(write)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=after_fork)
