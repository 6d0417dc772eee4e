"""The faults of names, digests, stores and services as the answers that DRF gives for them."""

import logging
from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import APIException, ErrorDetail, ValidationError

from assets import cursors, digests, intake, labels, locks, names, ranges, services, statements
from assets.stores import base

RETRY_AFTER_S = 5
logger = logging.getLogger(__name__)


class Problem(APIException):
    """An answer of any status; `members` and `headers` are for a project that renders problem+json."""

    default_code = "refused"

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        members: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`members` stand beside the detail in the answer."""
        super().__init__(detail)
        self.status_code = status
        self.members = members
        self.headers = headers or {}


STATUS: Mapping[type[Exception], int] = {
    digests.BadDigest: 400,
    labels.BadLabel: 400,
    statements.BadStatement: 400,
    intake.CutShort: 400,
    services.UnknownAsset: 404,
    services.UnknownTag: 404,
    services.NoProvenance: 404,
    services.UnknownUpload: 404,
    services.Conflict: 409,
    services.Tagged: 409,
    services.PartsMissing: 409,
    services.Closed: 409,
    base.Tangled: 409,
    intake.TooLarge: 413,
    ranges.Unsatisfiable: 416,
    digests.DigestMismatch: 422,
    statements.OtherSubject: 422,
    locks.Busy: 503,
    base.StoreFull: 507,
}

# Faults of one part of the request, by the name that the answer points to, with their code.
PARTS: Mapping[type[Exception], tuple[str, str]] = {
    names.BadName: ("build", "bad_name"),
    labels.BadTag: ("tag", "bad_tag"),
    cursors.BadCursor: ("cursor", "bad_cursor"),
}


def answer_of(fault: Exception) -> Exception:
    """The APIException for a fault of ours; any other fault as it is."""
    if type(fault) in PARTS:
        part, code = PARTS[type(fault)]
        return ValidationError({part: [ErrorDetail(str(fault), code)]})
    if isinstance(fault, services.Failed):
        return Problem(fault.status, str(fault))
    if isinstance(fault, base.StoreFault) and type(fault) not in STATUS:
        return away(fault)
    if type(fault) not in STATUS:
        return fault
    return Problem(STATUS[type(fault)], str(fault), members=members_of(fault), headers=headers_of(fault))


def members_of(fault: Exception) -> dict[str, Any] | None:
    """What the answer to some faults tells beside the words."""
    if isinstance(fault, services.Conflict):
        return {"sha256": fault.sha256}
    return {"missing": fault.numbers} if isinstance(fault, services.PartsMissing) else None


def headers_of(fault: Exception) -> dict[str, str]:
    """What goes with the answer to some faults."""
    if isinstance(fault, ranges.Unsatisfiable):
        return {"Content-Range": f"bytes */{fault.size_bytes}"}
    return {"Retry-After": str(RETRY_AFTER_S)} if isinstance(fault, locks.Busy) else {}


def away(fault: base.StoreFault) -> Problem:
    """503. What the store said may hold addresses and stays in the log."""
    logger.error("the store is away", extra={"fault": str(fault)})
    return Problem(503, "the store of the assets is away", headers={"Retry-After": str(RETRY_AFTER_S)})
