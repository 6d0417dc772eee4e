"""`/save`, `/get` and `/delete` on the namespace `default`."""

from collections.abc import Mapping
from typing import IO, Any

import msgspec
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kvstore import envelopes, keys, schema, store, values
from kvstore.conf import READ, WRITE, conf, require_access
from kvstore.problems import Problem, answer_of, bad_key, revision_headers

NAMESPACE = "default"
VALUE_ROUTE = "/api/v1/namespaces/default/keys/{key}"


class WholeBody(BaseParser):
    """The bytes of a JSON body; what they mean is read by `values`, which keeps those of the value."""

    media_type = values.JSON

    def parse(self, stream: IO[bytes], _type: str | None = None, context: Mapping[str, Any] | None = None) -> Any:
        """All of it as bytes, or Problem 413."""
        declared = int((context or {})["request"].META.get("CONTENT_LENGTH") or 0)
        if declared > conf.max_body_bytes:
            raise Problem(413, f"the body has {declared} bytes; at most {conf.max_body_bytes} are allowed")
        return stream.read()


class KeyValueView(APIView):
    """Answers the faults of the store."""

    def handle_exception(self, fault: Exception) -> Response:
        """Those that are ours, then the project's."""
        return super().handle_exception(answer_of(fault))


class Save(KeyValueView):
    """`POST /save`."""

    http_method_names = ["post"]
    parser_classes = [WholeBody]

    @extend_schema(
        operation_id="kv_save",
        parameters=[schema.REVISION],
        request={values.JSON: schema.SAVE},
        responses=schema.answers(412, 413, 415, s200=schema.SAVED, s201=schema.SAVED),
    )
    def post(self, request: Request) -> HttpResponse:
        """Save a value: 201 where the key was absent, 200 where it had one."""
        require_access(request, WRITE)
        asked = envelopes.read_save(body_of(request))
        path = keys.path_of(NAMESPACE, asked.key)
        require_access(request, WRITE, path)
        values.check_size(asked.value, conf.max_value_bytes)
        written = store.put(
            path, asked.value, values.JSON, ttl_s=asked.ttl_s, version=asked.version, now=timezone.now()
        )
        shown = {"key": asked.key, "version": written.version}
        return answer(shown, written.revision, 201 if written.created else 200)


class Reading(KeyValueView):
    """What both spellings of `get` do."""

    http_method_names = ["get", "head"]

    def get(self, request: Request, key: str | None = None) -> HttpResponse:
        """The value of a key, with its bytes as they were saved."""
        path = path_in_url(request, READ, key)
        row = store.get(path, timezone.now())
        if not values.is_json(row.content_type):
            detail = f"the value is {row.content_type}, not JSON; {VALUE_ROUTE} gives it as it is"
            raise Problem(406, detail, revision=row.revision)
        shown = {"key": keys.split(path)[1], "value": msgspec.Raw(row.value), "version": row.version}
        return answer({**shown, "expires_at": row.expires_at}, row.revision)


@extend_schema_view(
    get=extend_schema(
        operation_id="kv_get",
        parameters=[schema.KEY_IN_QUERY, schema.REVISION],
        responses=schema.answers(404, 406, 414, s200=schema.GOT),
    )
)
class Get(Reading):
    """`GET /get?key=K`."""


@extend_schema_view(
    get=extend_schema(
        operation_id="kv_get_by_path",
        parameters=[schema.KEY_IN_PATH, schema.REVISION],
        responses=schema.answers(404, 406, 414, s200=schema.GOT),
    )
)
class GetByPath(Reading):
    """`GET /get/K`, slashes in the key as they are or as %2F."""


class Deleting(KeyValueView):
    """What both spellings of `delete` do."""

    http_method_names = ["delete"]

    def delete(self, request: Request, key: str | None = None) -> HttpResponse:
        """Delete a key; its versions go on when it is saved again."""
        path = path_in_url(request, WRITE, key)
        revision = store.delete(path, timezone.now())
        return answer({"key": keys.split(path)[1], "deleted": True}, revision)


@extend_schema_view(
    delete=extend_schema(
        operation_id="kv_delete",
        parameters=[schema.KEY_IN_QUERY, schema.REVISION],
        responses=schema.answers(404, 414, s200=schema.DELETED),
    )
)
class Delete(Deleting):
    """`DELETE /delete?key=K`."""


@extend_schema_view(
    delete=extend_schema(
        operation_id="kv_delete_by_path",
        parameters=[schema.KEY_IN_PATH, schema.REVISION],
        responses=schema.answers(404, 414, s200=schema.DELETED),
    )
)
class DeleteByPath(Deleting):
    """`DELETE /delete/K`, slashes in the key as they are or as %2F."""


def body_of(request: Request) -> bytes:
    """The body; of a request without one nothing, or UnsupportedMediaType where it declares another type."""
    data = request.data
    if isinstance(data, bytes):
        return data
    # Without a body DRF asks no parser.
    declared = request.content_type or ""
    if declared and not values.is_json(declared):
        raise UnsupportedMediaType(declared)
    return b""


def path_in_url(request: Request, action: str, key: str | None) -> keys.Path:
    """The key at the end of the URL's path or, where that is None, in its query, as a path that `action` may touch.

    raises  what access raises; ValidationError (400); Problem 414
    """
    require_access(request, action)
    if key is None:
        sent = request.query_params.getlist("key")
        if len(sent) != 1:
            raise bad_key(f"the key is given {len(sent)} times; give it once, as ?key=K or as the path's end")
        key = sent[0]
    try:
        path = keys.path_of(NAMESPACE, key)
    except keys.KeyTooLong as fault:
        raise Problem(414, str(fault)) from None
    require_access(request, action, path)
    return path


def answer(shown: Mapping[str, object], revision: int, status: int = 200) -> HttpResponse:
    """JSON; a `msgspec.Raw` in it goes out byte for byte."""
    body = msgspec.json.encode(shown)
    return HttpResponse(body, status=status, content_type=values.JSON, headers=revision_headers(revision))
