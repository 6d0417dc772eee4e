"""How a fault ends a command: a sentence on stderr, and 1 refused, 3 not found, 4 conflict, 5 store away."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import CommandError

from assets import intake, locks, names, services
from assets.stores import base

REFUSED, NOT_FOUND, CONFLICT, AWAY = 1, 3, 4, 5
CODES: dict[type[Exception], int] = {
    names.BadName: REFUSED,
    intake.TooLarge: REFUSED,
    base.StoreFull: REFUSED,
    services.UnknownAsset: NOT_FOUND,
    services.Conflict: CONFLICT,
    base.Tangled: CONFLICT,
    locks.Busy: AWAY,
    base.StoreAway: AWAY,
}


@contextmanager
def exits() -> Iterator[None]:
    """Faults of the app as CommandError with the code."""
    try:
        yield
    except tuple(CODES) as fault:
        raise CommandError(str(fault), returncode=CODES[type(fault)]) from fault
