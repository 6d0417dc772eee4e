"""`GET /api/v1/namespaces/{ns}/changes`: what happened since a revision; waiting for what comes, or as a stream."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from django.db import DatabaseError
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError

from kvstore import schema, store
from kvstore.cache import CacheAway
from kvstore.conditions import MAX_VERSION
from kvstore.conf import READ, conf
from kvstore.problems import Problem
from kvstore.queries import BadNumber, read_integer
from kvstore.serializers import ChangesQuery, checked
from kvstore.shown import revision_headers
from kvstore.store import changes, sweeping
from kvstore.views.answering import KeyValueView, answer, namespace_of

EVENTS = "text/event-stream"
LOOK_S = 0.25  # between two looks whether something has been committed
SWEEP_S = 1.0  # between two looks whether something has expired
COMMENT_S = 15
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Watched:
    """What is looked for."""

    namespace: str
    prefix: str
    places: list[str] | None
    limit: int

    def since(self, revision: int) -> changes.Changes:
        """The next changes; raises Forgotten."""
        return changes.since(self.namespace, revision, prefix=self.prefix, places=self.places, limit=self.limit)


class ChangesView(KeyValueView):
    """The changes of a namespace, in the order of its revisions."""

    http_method_names = ["get", "head"]

    @extend_schema(
        operation_id="kv_changes",
        parameters=[schema.NAMESPACE, *schema.CHANGES_SINCE, schema.REVISION],
        responses=schema.changes(),
    )
    def get(self, request: HttpRequest, namespace: str) -> HttpResponseBase:
        """Up to `limit` changes after `since`; where there is none, the first that comes within `wait` seconds.

        With `Accept: text/event-stream` each as an event `change`, for as long as the client stays.
        """
        places = namespace_of(request, READ, namespace)
        asked = checked(ChangesQuery, request.GET)
        watched = Watched(namespace, asked["prefix"], places, asked["limit"])
        lasts = request.method == "GET"  # who asks for the head alone is not kept waiting
        if lasts and wants_events(request):
            return stream(request, watched, last_event(request, asked["since"]))
        found = watched.since(asked["since"])
        if lasts and asked["wait"] and not found.items:
            found = wait_for(request, watched, asked["since"], asked["wait"])
        return answer(shown(found), found.snapshot)


def wait_for(request: HttpRequest, watched: Watched, revision: int, wait_s: float) -> changes.Changes:
    """The first changes after `revision`, or none when the time is over, the client gone or the process about to stop.

    raises  Problem (503): no place is free for a request that waits
    """
    with place_of(request) as place:
        until = time.monotonic() + wait_s
        look = looks(watched, revision)
        found = next(look)
        while not found.items and (left := until - time.monotonic()) > 0 and not place.over():
            time.sleep(min(LOOK_S, left))
            found = next(look)
        return found


def looks(watched: Watched, revision: int) -> Iterator[changes.Changes]:
    """The changes after `revision`, then after those that were found; expiry is looked after meanwhile."""
    sweep_at = 0.0
    while True:
        if (now := time.monotonic()) >= sweep_at and not sweep(watched.namespace):
            sweep_at = now + SWEEP_S
        found = watched.since(revision)
        # A revision that was never given here yet is that of another life of this database.
        revision = found.revision
        yield found


def sweep(namespace: str) -> bool:
    """Have some of what has expired in the namespace be told as changes: whether there may be more.

    No more than a step, for who watches is also to be answered. That nobody can sweep is no reason to stop watching.
    """
    try:
        return next(sweeping.expire(timezone.now(), namespace), 0) > 0
    except (CacheAway, DatabaseError) as fault:
        logger.warning("expired records are not swept", extra={"fault": repr(fault)})
        return False


def place_of(request: HttpRequest) -> Any:
    """A place to wait at; raises what the project raises where none is free, Problem (503) where it has none at all."""
    take: Callable[[HttpRequest], Any] | None = conf.take_place
    if take is None:
        raise Problem(503, "this project lets nobody wait: KVSTORE_WATCHERS is not set")
    return take(request)


# --- server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) ---------------------------


class Stream:
    """An iterable for StreamingHttpResponse, which closes it with the answer."""

    def __init__(self, watched: Watched, found: changes.Changes, place: Any) -> None:
        """`found`: what there is already."""
        self._watched = watched
        self._found = found
        self._place = place
        self._complete = False

    def __iter__(self) -> Iterator[bytes]:
        """A comment at once, so that the client sees that it is watching; then what there is, and what comes."""
        comment_at = time.monotonic() + COMMENT_S
        yield b": watching\n\n" + events_of(self._found)
        try:
            for found in looks(self._watched, self._found.revision):
                if self._place.over():
                    break
                if found.items:
                    yield events_of(found)
                elif time.monotonic() >= comment_at:
                    # Past changes that it does not show, so that who comes again need not find them in the log.
                    yield b":\nid: %d\n\n" % found.revision
                else:
                    time.sleep(LOOK_S)
                    continue
                comment_at = time.monotonic() + COMMENT_S
        except store.Forgotten as fault:
            yield b"event: forgotten\ndata: " + msgspec.json.encode({"detail": str(fault)}) + b"\n\n"
        except DatabaseError as fault:
            # The client comes again and resumes where it was.
            logger.warning("a stream of changes ends", extra={"fault": repr(fault)})
        self._complete = True

    def close(self) -> None:
        """Watch no more. An answer that is closed before its end could not be sent."""
        if not self._complete:
            self._place.cut()
        self._place.close()


def stream(request: HttpRequest, watched: Watched, revision: int) -> StreamingHttpResponse:
    """Changes after a revision, as events."""
    place = place_of(request)
    try:
        found = watched.since(revision)
    except BaseException:
        place.close()
        raise
    headers = {**revision_headers(found.snapshot), "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(Stream(watched, found, place), content_type=EVENTS, headers=headers)


def events_of(found: changes.Changes) -> bytes:
    """An event for each change."""
    return b"".join(
        b"id: %d\nevent: change\ndata: %s\n\n" % (change.revision, msgspec.json.encode(shown_change(change)))
        for change in found.items
    )


def wants_events(request: HttpRequest) -> bool:
    """Whether the sender takes server-sent events."""
    kinds = (part.partition(";")[0].strip().lower() for part in request.headers.get("Accept", "").split(","))
    return EVENTS in kinds


def last_event(request: HttpRequest, since: int) -> int:
    """Where to resume: Last-Event-ID, which a browser sends when it comes again, or what the query says."""
    sent = request.headers.get("Last-Event-ID")
    if not sent:
        return since
    try:
        return read_integer("Last-Event-ID", sent, 0, MAX_VERSION)
    except BadNumber as fault:
        raise ValidationError({"Last-Event-ID": str(fault)}) from None


def shown(found: changes.Changes) -> dict[str, Any]:
    """The answer's members."""
    return {"revision": found.revision, "changes": [shown_change(change) for change in found.items]}


def shown_change(change: changes.Happened) -> dict[str, Any]:
    """One change."""
    return {
        "revision": change.revision,
        "key": change.key,
        "op": change.op,
        "version": change.version,
        "at": change.at,
    }
