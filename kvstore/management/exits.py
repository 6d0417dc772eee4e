"""How a fault ends a command: a sentence on stderr, and 1 refused, 3 not found, 4 conflict, 5 a backend is away."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import CommandError
from django.db import InterfaceError, OperationalError

from kvstore import exports, keys, store
from kvstore.cache import CacheAway
from kvstore.store import importing, merging

REFUSED, NOT_FOUND, CONFLICT, AWAY = 1, 3, 4, 5
CODES: dict[type[Exception], int] = {
    exports.BadLine: REFUSED,
    keys.BadNamespace: REFUSED,
    store.QuotaExceeded: REFUSED,
    store.NoNamespace: NOT_FOUND,
    importing.NotInFile: NOT_FOUND,
    merging.Exists: CONFLICT,
    CacheAway: AWAY,
    InterfaceError: AWAY,
    OperationalError: AWAY,
}


@contextmanager
def exits() -> Iterator[None]:
    """Faults of the app as CommandError with the code."""
    try:
        yield
    except importing.Stopped as fault:
        raise CommandError(str(fault), returncode=CODES.get(type(fault.fault), REFUSED)) from fault
    except tuple(CODES) as fault:
        raise CommandError(str(fault), returncode=CODES[type(fault)]) from fault
