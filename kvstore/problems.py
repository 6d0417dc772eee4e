"""The store's faults as the answers that DRF gives for them."""

import logging
from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import APIException, ErrorDetail, ValidationError

from kvstore import conditions, cursors, envelopes, keys, metadata, store, values
from kvstore.cache import CacheAway
from kvstore.shown import revision_headers

logger = logging.getLogger(__name__)


class Problem(APIException):
    """An answer of any status; `members` and `headers` are for a project that renders problem+json."""

    default_code = "refused"

    def __init__(
        self, status: int, detail: str, *, members: Mapping[str, Any] | None = None, revision: int | None = None
    ) -> None:
        """`revision`: of the key that the request named, where the store was asked."""
        super().__init__(detail)
        self.status_code = status
        self.members = members
        self.headers = {} if revision is None else revision_headers(revision)


RETRY_AFTER_S = 5
STATUS: Mapping[type[Exception], int] = {
    values.NotJSON: 400,
    store.Absent: 404,
    store.NoNamespace: 404,
    store.NoVersion: 404,
    store.Forgotten: 410,
    store.VersionConflict: 412,
    values.ValueTooLarge: 413,
    store.AnswerTooLarge: 413,
    store.OtherRequest: 422,
    metadata.MetadataTooLarge: 431,
    store.QuotaExceeded: 507,
}
# Faults of one part of the request, by the name that the answer points to.
PARTS: Mapping[type[Exception], str] = {
    keys.BadKey: "key",
    keys.BadNamespace: "namespace",
    cursors.BadCursor: "cursor",
    metadata.BadMetadata: "X-Meta-*",
}


def answer_of(fault: Exception) -> Exception:
    """The APIException for a fault of ours; any other fault as it is."""
    if isinstance(fault, envelopes.BadBody):
        return ValidationError(details(fault.faults))
    if isinstance(fault, conditions.BadETag):
        return bad_part(fault.header, str(fault))
    for kind, part in PARTS.items():
        if isinstance(fault, kind):
            return bad_part(part, str(fault))
    if isinstance(fault, CacheAway):
        return away(fault)
    if type(fault) not in STATUS:
        return fault
    members = {"current_version": fault.current} if isinstance(fault, store.VersionConflict) else None
    return Problem(STATUS[type(fault)], str(fault), members=members, revision=getattr(fault, "revision", None))


def bad_part(part: str, detail: str) -> ValidationError:
    """400 for a part of the request."""
    return ValidationError({part: [ErrorDetail(detail, "invalid")]})


def away(fault: CacheAway) -> Problem:
    """503: without the cache nothing is written. What it said may hold addresses and stays in the log."""
    logger.error("the cache is away", extra={"fault": str(fault)})
    refused = Problem(503, "the cache is away, so nothing is written; reads come from the database")
    refused.headers = {"Retry-After": str(RETRY_AFTER_S)}
    return refused


def details(faults: tuple[envelopes.Fault, ...]) -> dict[str, Any]:
    """DRF's form of faults: by member, those of the whole under its own name for them."""
    found: dict[str, Any] = {}
    for fault in faults:
        holder = found
        for step in envelopes.steps_of(fault.member):
            holder = holder.setdefault(step, {})
        holder.setdefault("non_field_errors", []).append(ErrorDetail(fault.detail, fault.code))
    return found
