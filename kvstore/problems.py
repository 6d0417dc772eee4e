"""The store's faults as the answers that DRF gives for them."""

from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import APIException, ErrorDetail, ValidationError

from kvstore import envelopes, keys, store, values


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


def revision_headers(revision: int) -> dict[str, str]:
    """What every answer about a key carries. Nothing between here and the client may keep it: it would be stale."""
    return {"X-KV-Revision": str(revision), "Cache-Control": "no-store"}


STATUS: Mapping[type[Exception], int] = {
    values.NotJSON: 400,
    store.Absent: 404,
    store.VersionConflict: 412,
    values.ValueTooLarge: 413,
}


def answer_of(fault: Exception) -> Exception:
    """The APIException for a fault of keys, values or store; any other fault as it is."""
    if isinstance(fault, envelopes.BadBody):
        return ValidationError(details(fault.faults))
    if isinstance(fault, keys.BadKey | keys.BadNamespace):
        return bad_key(str(fault))
    if type(fault) not in STATUS:
        return fault
    members = {"current_version": fault.current} if isinstance(fault, store.VersionConflict) else None
    return Problem(STATUS[type(fault)], str(fault), members=members, revision=getattr(fault, "revision", None))


def bad_key(detail: str) -> ValidationError:
    """400 for a key in the URL."""
    return ValidationError({"key": [ErrorDetail(detail, "invalid")]})


def details(faults: tuple[envelopes.Fault, ...]) -> dict[str, Any]:
    """DRF's form of faults: by member, those of the whole under its own name for them."""
    found: dict[str, Any] = {}
    for fault in faults:
        holder = found
        for step in envelopes.steps_of(fault.member):
            holder = holder.setdefault(step, {})
        holder.setdefault("non_field_errors", []).append(ErrorDetail(fault.detail, fault.code))
    return found
