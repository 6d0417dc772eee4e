"""`/api/v1/namespaces/{ns}/history/{key}`: what a key held before."""

from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema

from kvstore import cursors, envelopes, schema, store, values
from kvstore.conf import READ, WRITE, conf, require_access, sender_of
from kvstore.serializers import HistoryQuery, checked
from kvstore.shown import record_headers, value_headers
from kvstore.store import Written, history
from kvstore.views.answering import answer, body_of, path_of
from kvstore.views.once import OnceView


class History(OnceView):
    """The versions of one key, the newest first."""

    http_method_names = ["get", "head", "post"]

    @extend_schema(
        operation_id="kv_history",
        parameters=[*schema.KEY_OF, *schema.HISTORY, schema.REVISION],
        responses=schema.history(),
    )
    def get(self, request: HttpRequest, namespace: str, key: str) -> HttpResponse:
        """What is kept of the key's changes; with `version` the bytes that it had."""
        path = path_of(request, READ, namespace, key)
        asked = checked(HistoryQuery, request.GET)
        if asked["version"] is not None:
            kept = history.value_at(path, asked["version"])
            headers = record_headers(kept.version, kept.revision, kept.at, None) | value_headers(kept.value.meta)
            return HttpResponse(kept.value.data, content_type=kept.value.content_type, headers=headers)
        found = history.entries(path, asked["limit"], cursors.read_before(path, asked["cursor"]))
        shown = {
            "items": [shown_entry(entry) for entry in found.items],
            "next": None if found.last is None else cursors.before(path, found.last),
        }
        return answer(shown, found.revision)

    @extend_schema(
        operation_id="kv_restore",
        parameters=[*schema.KEY_OF, schema.IDEMPOTENCY, schema.REVISION],
        request={values.JSON: schema.RESTORE},
        responses=schema.answers(404, 413, 414, 415, 422, 507, s200=schema.SAVED),
    )
    def post(self, request: HttpRequest, namespace: str, key: str) -> HttpResponseBase:
        """Save the value of a version again, as a new version; undeletes."""
        require_access(request, WRITE, f"{namespace}/{key}")
        body = body_of(request, conf.max_body_bytes, values.JSON)
        path = path_of(request, WRITE, namespace, key)
        version = envelopes.read_restore(body)

        def act(once: store.Once | None) -> Written:
            return history.restore(path, version, now=timezone.now, author=sender_of(request), once=once)

        def render(written: Written) -> tuple[int, bytes]:
            return 200, msgspec.json.encode({"key": key, "version": written.version})

        return self.once(request, body, act, render)


def shown_entry(entry: history.Entry) -> dict[str, Any]:
    """One change of the key; `author` is the name of the access key, where one is known."""
    return {
        "version": entry.version,
        "revision": entry.revision,
        "op": entry.op,
        "at": entry.at,
        "size": entry.size_bytes,
        "content_type": entry.content_type,
        "author": entry.author,
    }
