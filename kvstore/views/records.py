"""`/api/v1/namespaces/{ns}/keys/{key}`: values as bytes of any type, with their version as ETag."""

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError

from kvstore import conditions, metadata, schema, shown, store, values
from kvstore.conf import READ, WRITE, conf, sender_of
from kvstore.serializers import TouchQuery, WriteQuery, checked
from kvstore.store.records import Written
from kvstore.views.answering import answer, bare, body_of, path_of
from kvstore.views.once import OnceView


class RecordView(OnceView):
    """One key."""

    http_method_names = ["get", "head", "put", "delete", "post"]

    @extend_schema(
        operation_id="kv_read",
        parameters=[*schema.KEY_OF, schema.IF_MATCH, schema.IF_NONE_MATCH, schema.REVISION, *schema.OF_VALUE],
        responses=schema.value(304, 404, 412, 414),
    )
    def get(self, request: HttpRequest, namespace: str, key: str) -> HttpResponse:
        """The value's bytes, as they were sent."""
        path = path_of(request, READ, namespace, key)
        row = store.get(path, timezone.now())
        if not conditions.read_if_match(request.META.get("HTTP_IF_MATCH")).holds(row.version):
            raise store.VersionConflict("one of If-Match", row.version, row.revision)
        headers = shown.record_headers(row.version, row.revision, row.updated_at, row.expires_at)
        if conditions.not_modified(request.META.get("HTTP_IF_NONE_MATCH"), row.version):
            return bare(304, headers)
        headers |= shown.value_headers(row.meta)
        return HttpResponse(row.value, content_type=row.content_type, headers=headers)

    @extend_schema(
        operation_id="kv_write",
        parameters=[*schema.KEY_OF, schema.TTL, schema.IF_MATCH, schema.IF_NONE_MATCH, schema.META, *schema.WRITTEN],
        request={values.BYTES: schema.BYTES},
        responses=schema.answers(412, 413, 414, 431, 507, s200=schema.SAVED, s201=schema.SAVED),
    )
    def put(self, request: HttpRequest, namespace: str, key: str) -> HttpResponse:
        """Keep the body under the key, with its type: 201 where the key was absent, 200 where it had a value."""
        path = path_of(request, WRITE, namespace, key)
        ttl_s = checked(WriteQuery, request.GET)["ttl"]
        value = store.Value(
            body_of(request, conf.max_value_bytes),
            content_type_of(request),
            metadata.text_of(metadata.read(request.META)),
        )
        values.check_size(value.data, conf.max_value_bytes)
        if values.is_json(value.content_type):
            values.check_json(value.data)
        written = store.put(
            path, value, ttl_s=ttl_s, condition=condition_of(request), now=timezone.now, author=sender_of(request)
        )
        response = answer({"key": key, "version": written.version}, written.revision, 201 if written.created else 200)
        response.headers["ETag"] = conditions.etag_of(written.version)
        return response

    @extend_schema(
        operation_id="kv_remove",
        parameters=[*schema.KEY_OF, schema.IF_MATCH, schema.REVISION],
        responses=schema.gone(404, 412, 414, 507),
    )
    def delete(self, request: HttpRequest, namespace: str, key: str) -> HttpResponse:
        """Delete the key; its versions go on when it is written again."""
        path = path_of(request, WRITE, namespace, key)
        revision = store.delete(path, condition=condition_of(request), now=timezone.now, author=sender_of(request))
        return bare(204, shown.revision_headers(revision))

    @extend_schema(
        operation_id="kv_touch",
        parameters=[*schema.KEY_OF, schema.TOUCH, schema.TTL, schema.IF_MATCH, schema.IDEMPOTENCY, *schema.WRITTEN],
        request=None,
        responses=schema.answers(404, 412, 414, 422, 507, s200=schema.TOUCHED),
    )
    def post(self, request: HttpRequest, namespace: str, key: str) -> HttpResponseBase:
        """Set when the key expires, or with no `ttl` that it does not; the version stays."""
        path = path_of(request, WRITE, namespace, key)
        ttl_s = checked(TouchQuery, request.GET)["ttl"]
        if body_of(request, conf.max_value_bytes):
            raise ValidationError("?touch takes no body; PUT writes a value")
        condition = condition_of(request)

        def act(once: store.Once | None) -> Written:
            return store.touch(path, ttl_s, condition=condition, now=timezone.now, author=sender_of(request), once=once)

        def render(written: Written) -> tuple[int, bytes]:
            touched = {"key": key, "version": written.version, "expires_at": written.expires_at}
            return 200, msgspec.json.encode(touched)

        return self.once(request, b"", act, render)


def content_type_of(request: HttpRequest) -> str:
    """The Content-Type as it is kept; raises ValidationError (400) where it could not be given out again."""
    sent = (request.META.get("CONTENT_TYPE") or values.BYTES).strip()
    if fault := values.content_type_fault(sent):
        raise ValidationError({"Content-Type": fault})
    return sent


def condition_of(request: HttpRequest) -> conditions.Condition | None:
    """What the current version must be by both headers, None: whatever it is; raises BadETag."""
    if_match = conditions.read_if_match(request.META.get("HTTP_IF_MATCH"))
    condition = if_match & conditions.read_if_none_match(request.META.get("HTTP_IF_NONE_MATCH"))
    return None if condition == conditions.ALWAYS else condition
