"""POST with an Idempotency-Key: what was answered is answered again to the same request, which is done once."""

import hashlib
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from kvstore import store, values
from kvstore.conf import sender_of
from kvstore.shown import revision_headers
from kvstore.store import answers
from kvstore.views.answering import KeyValueView

KEY = re.compile(rf"[!-~]{{1,{answers.MAX_KEY_CHARACTERS}}}")
REFUSALS = (store.Absent, store.NoVersion, store.VersionConflict, store.QuotaExceeded)
HEADER = "X-KV-Revision"


class HasRevision(Protocol):
    """What the store returns of a write."""

    @property
    def revision(self) -> int:
        """The last one."""


Result = TypeVar("Result", bound=HasRevision)


class OnceView(KeyValueView):
    """A view whose POST may carry an Idempotency-Key."""

    def once(
        self,
        request: HttpRequest,
        body: bytes,
        act: Callable[[store.Once | None], Result],
        render: Callable[[Result], tuple[int, bytes]],
    ) -> HttpResponseBase:
        """The answer to a request, done now or before.

        body    what was sent
        act     the write, whose answer is kept with it where it is given a Once
        render  status and body of the answer to its result
        """
        key = request.META.get("HTTP_IDEMPOTENCY_KEY")
        if key is None:
            result = act(None)
            return shown(*render(result), result.revision)
        token, digest = token_of(request, key), digest_of(request, body)
        while True:
            if kept := answers.find(token, digest, timezone.now()):
                return shown(kept.status, kept.body, kept.revision)
            with suppress(store.Repeated):  # then there is an answer
                return self.first(request, store.Once(token, digest, render), act)

    def first(
        self, request: HttpRequest, once: store.Once, act: Callable[[store.Once | None], Result]
    ) -> HttpResponseBase:
        """The answer to a request that has none yet, kept; raises Repeated where the same one was quicker."""
        try:
            result = act(once)
            return shown(*once.render(result), result.revision)
        except REFUSALS as fault:
            # Perhaps of what the same request has done meanwhile.
            refused = self.refused(request, fault)
            answers.keep_refusal(once.token, once.digest, kept_of(refused), timezone.now())
            return refused


def token_of(request: HttpRequest, key: str) -> str:
    """Who asks, where, and the key; raises ValidationError (400)."""
    if not KEY.fullmatch(key):
        raise ValidationError(
            {"Idempotency-Key": f"the Idempotency-Key is 1 to {answers.MAX_KEY_CHARACTERS} printable ASCII characters"}
        )
    return hashlib.sha256(f"{sender_of(request)}\0{request.path}\0{key}".encode()).hexdigest()


def digest_of(request: HttpRequest, body: bytes) -> str:
    """What is asked: the query and the body."""
    return hashlib.sha256(request.META.get("QUERY_STRING", "").encode("latin-1") + b"\0" + body).hexdigest()


def kept_of(response: Any) -> answers.Kept:
    """A finished answer."""
    if hasattr(response, "render"):
        response.render()
    revision = response.get(HEADER)
    return answers.Kept(response.status_code, None if revision is None else int(revision), response.content)


def shown(status: int, body: bytes, revision: int | None) -> HttpResponse:
    """An answer, or the problem that was kept as one."""
    kind = values.JSON if status < 400 else "application/problem+json"  # noqa: PLR2004 - a refusal
    headers = {} if revision is None else revision_headers(revision)
    return HttpResponse(body, status=status, content_type=kind, headers=headers)
