"""The faults of a question and of a search as the answers that DRF gives for them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rest_framework.exceptions import APIException

from powerplant.dispatch import NoPlan
from powerplant.report import impossible
from powerplant.turns import Busy
from powerplant.units import Malformed, TooManyPlants
from powerplant.whatif import TooManyBytes


class Refused(APIException):
    """An answer of any status; `members` and `headers` are for a project that renders problem+json."""

    def __init__(
        self,
        status: int,
        detail: str,
        members: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`members`: what the answer says beside its detail."""
        super().__init__(detail)
        self.status_code = status
        self.members, self.headers = members or {}, headers or {}


@contextmanager
def answered() -> Iterator[None]:
    """The faults of the app as answers: 400 with each of them, 413, 422 with the nearest loads, 503 with a time."""
    try:
        yield
    except Malformed as fault:
        errors = [finding._asdict() for finding in fault.faults]
        raise Refused(400, str(fault), {"errors": errors}) from None
    except (TooManyPlants, TooManyBytes) as fault:
        raise Refused(413, str(fault)) from None
    except NoPlan as fault:
        raise Refused(422, str(fault), impossible(fault)) from None
    except Busy as fault:
        raise Refused(503, str(fault), headers={"Retry-After": str(fault.retry_after_s)}) from None
