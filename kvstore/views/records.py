"""`/api/v1/namespaces/{ns}/keys/{key}`: values as bytes of any type, with their version as ETag."""

from datetime import UTC, datetime

import msgspec
from django.http import HttpResponse
from django.utils import timezone
from django.utils.http import http_date
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from kvstore import conditions, metadata, schema, store, values
from kvstore.conf import READ, WRITE, conf, sender_of
from kvstore.problems import revision_headers
from kvstore.serializers import TouchQuery, WriteQuery, checked
from kvstore.store.records import Written
from kvstore.views.answering import BytesBody, answer, bare, body_of, path_of
from kvstore.views.once import OnceView

# What is stored is nobody's page of this host, and is not to be taken for another type than it was sent as.
STORED = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox",
    "Content-Disposition": "attachment",
}


class RecordView(OnceView):
    """One key."""

    http_method_names = ["get", "head", "put", "delete", "post"]
    parser_classes = [BytesBody]

    @extend_schema(
        operation_id="kv_read",
        parameters=[*schema.KEY_OF, schema.IF_MATCH, schema.IF_NONE_MATCH, schema.REVISION, *schema.OF_VALUE],
        responses=schema.value(304, 404, 412, 414),
    )
    def get(self, request: Request, namespace: str, key: str) -> HttpResponse:
        """The value's bytes, as they were sent."""
        path = path_of(request, READ, namespace, key)
        row = store.get(path, timezone.now())
        if not conditions.read_if_match(request.headers.get("If-Match")).holds(row.version):
            raise store.VersionConflict("one of If-Match", row.version, row.revision)
        headers = headers_of(row.version, row.revision, row.updated_at, row.expires_at)
        if conditions.not_modified(request.headers.get("If-None-Match"), row.version):
            return bare(304, headers)
        headers |= value_headers(row.meta)
        return HttpResponse(row.value, content_type=row.content_type, headers=headers)

    @extend_schema(
        operation_id="kv_write",
        parameters=[*schema.KEY_OF, schema.TTL, schema.IF_MATCH, schema.IF_NONE_MATCH, schema.META, *schema.WRITTEN],
        request={values.BYTES: schema.BYTES},
        responses=schema.answers(412, 413, 414, 431, 507, s200=schema.SAVED, s201=schema.SAVED),
    )
    def put(self, request: Request, namespace: str, key: str) -> HttpResponse:
        """Keep the body under the key, with its type: 201 where the key was absent, 200 where it had a value."""
        path = path_of(request, WRITE, namespace, key)
        ttl_s = checked(WriteQuery, request.query_params)["ttl"]
        value = store.Value(body_of(request), content_type_of(request), metadata.text_of(metadata.read(request.META)))
        values.check_size(value.data, conf.max_value_bytes)
        if values.is_json(value.content_type):
            values.check_json(value.data)
        written = store.put(
            path, value, ttl_s=ttl_s, condition=condition_of(request), now=timezone.now(), author=sender_of(request)
        )
        response = answer({"key": key, "version": written.version}, written.revision, 201 if written.created else 200)
        response.headers["ETag"] = conditions.etag_of(written.version)
        return response

    @extend_schema(
        operation_id="kv_remove",
        parameters=[*schema.KEY_OF, schema.IF_MATCH, schema.REVISION],
        responses=schema.gone(404, 412, 414),
    )
    def delete(self, request: Request, namespace: str, key: str) -> HttpResponse:
        """Delete the key; its versions go on when it is written again."""
        path = path_of(request, WRITE, namespace, key)
        revision = store.delete(path, condition=condition_of(request), now=timezone.now(), author=sender_of(request))
        return bare(204, revision_headers(revision))

    @extend_schema(
        operation_id="kv_touch",
        parameters=[*schema.KEY_OF, schema.TOUCH, schema.TTL, schema.IF_MATCH, schema.IDEMPOTENCY, *schema.WRITTEN],
        request=None,
        responses=schema.answers(404, 412, 414, 422, s200=schema.TOUCHED),
    )
    def post(self, request: Request, namespace: str, key: str) -> HttpResponse:
        """Set when the key expires, or with no `ttl` that it does not; the version stays."""
        path = path_of(request, WRITE, namespace, key)
        ttl_s = checked(TouchQuery, request.query_params)["ttl"]
        if body_of(request):
            raise ValidationError("?touch takes no body; PUT writes a value")
        condition = condition_of(request)

        def act(once: store.Once | None) -> Written:
            return store.touch(
                path, ttl_s, condition=condition, now=timezone.now(), author=sender_of(request), once=once
            )

        def render(written: Written) -> tuple[int, bytes]:
            shown = {"key": key, "version": written.version, "expires_at": written.expires_at}
            return 200, msgspec.json.encode(shown)

        return self.once(request, b"", act, render)


def value_headers(meta: str) -> dict[str, str]:
    """What goes with the bytes of a value beside its type."""
    return STORED | metadata.headers_of(meta)


def content_type_of(request: Request) -> str:
    """The Content-Type as it is kept; raises ValidationError (400) where it could not be given out again."""
    sent = (request.META.get("CONTENT_TYPE") or values.BYTES).strip()
    if fault := values.content_type_fault(sent):
        raise ValidationError({"Content-Type": fault})
    return sent


def condition_of(request: Request) -> conditions.Condition | None:
    """What the current version must be by both headers, None: whatever it is; raises BadETag."""
    headers = request.headers
    condition = conditions.read_if_match(headers.get("If-Match")) & conditions.read_if_none_match(
        headers.get("If-None-Match")
    )
    return None if condition == conditions.ALWAYS else condition


def headers_of(version: int, revision: int, updated_at: datetime, expires_at: datetime | None) -> dict[str, str]:
    """What goes with a value, and with the news that it has not changed. A copy is to be checked before each use."""
    headers = {
        **revision_headers(revision),
        "Cache-Control": "no-cache",
        "ETag": conditions.etag_of(version),
        "Last-Modified": http_date(updated_at.astimezone(UTC).timestamp()),
    }
    if expires_at is not None:
        headers["Expires"] = http_date(expires_at.timestamp())
    return headers
