"""Requests that are sent again: what was answered is kept with what the request did, so that it is done once.

After draft-ietf-httpapi-idempotency-key-header.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError

from kvstore.conf import STATEMENT_BYTES
from kvstore.store.databases import reading, writing_rows
from kvstore.store.faults import OtherRequest, Repeated

KEPT_FOR = timedelta(hours=24)
MAX_KEPT_BYTES = STATEMENT_BYTES
MAX_KEY_CHARACTERS = 255


@dataclass(frozen=True)
class Once:
    """A request that is to be carried out once.

    token   SHA-256 in hex of who asks, where, and the Idempotency-Key
    digest  SHA-256 in hex of what is asked
    render  status and body of the answer to what the store returns
    """

    token: str
    digest: str
    render: Callable[[Any], tuple[int, bytes]]


@dataclass(frozen=True)
class Kept:
    """An answer that was given; `revision` is its X-KV-Revision, where it had one."""

    status: int
    revision: int | None
    body: bytes


def find(token: str, digest: str, now: datetime) -> Kept | None:
    """The answer to this request, if it was given in the last 24 hours; raises OtherRequest."""
    with reading() as rows:
        found = rows.answer(token, now - KEPT_FOR)
    if found is None:
        return None
    if found[0] != digest:
        raise OtherRequest
    return Kept(*found[1:])


def keep_refusal(token: str, digest: str, kept: Kept, now: datetime) -> None:
    """Keep the answer to a request that the store refused; raises Repeated where one was kept meanwhile."""
    try:
        with writing_rows() as rows:
            rows.keep_answer(token, digest, kept.status, kept.revision, kept.body, now, now - KEPT_FOR)
    except IntegrityError:
        raise Repeated from None
