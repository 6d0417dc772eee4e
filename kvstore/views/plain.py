"""`/save`, `/get` and `/delete` on the namespace `default`."""

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view

from kvstore import envelopes, keys, schema, shown, store, values
from kvstore.conditions import of_version
from kvstore.conf import READ, WRITE, conf, require_access, sender_of
from kvstore.problems import Problem, bad_part
from kvstore.store import Written
from kvstore.views.answering import KeyValueView, answer, body_of, path_of
from kvstore.views.once import OnceView

NAMESPACE = "default"
VALUE_ROUTE = "/api/v1/namespaces/default/keys/{key}"


class Save(OnceView):
    """`POST /save`."""

    http_method_names = ["post"]

    @extend_schema(
        operation_id="kv_save",
        parameters=[schema.IDEMPOTENCY, schema.REVISION],
        request={values.JSON: schema.SAVE},
        responses=schema.answers(412, 413, 415, 422, 507, s200=schema.SAVED, s201=schema.SAVED),
    )
    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Save a value: 201 where the key was absent, 200 where it had one."""
        require_access(request, WRITE)
        body = body_of(request, conf.max_body_bytes, values.JSON)
        asked = envelopes.read_save(body)
        path = keys.path_of(NAMESPACE, asked.key)
        require_access(request, WRITE, path)
        value = store.Value(asked.value, values.JSON)
        values.check_size(asked.value, conf.max_value_bytes)
        condition = None if asked.version is None else of_version(asked.version)

        def act(once: store.Once | None) -> Written:
            return store.put(
                path, value, ttl_s=asked.ttl_s, condition=condition, now=timezone.now, author=sender_of(request),
                once=once,
            )  # fmt: skip

        def render(written: Written) -> tuple[int, bytes]:
            return 201 if written.created else 200, msgspec.json.encode({"key": asked.key, "version": written.version})

        return self.once(request, body, act, render)


class Reading(KeyValueView):
    """What both spellings of `get` do."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, key: str | None = None) -> HttpResponse:
        """The value of a key, with its bytes as they were saved."""
        path = path_in_url(request, READ, key)
        row = store.get(path, timezone.now())
        if not values.is_json(row.content_type):
            detail = f"the value is {row.content_type}, not JSON; {VALUE_ROUTE} gives it as it is"
            raise Problem(406, detail, revision=row.revision)
        body = shown.enveloped(keys.split(path)[1], row)
        return HttpResponse(body, content_type=values.JSON, headers=shown.revision_headers(row.revision))


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

    def delete(self, request: HttpRequest, key: str | None = None) -> HttpResponse:
        """Delete a key; its versions go on when it is saved again."""
        path = path_in_url(request, WRITE, key)
        revision = store.delete(path, now=timezone.now, author=sender_of(request))
        return answer({"key": keys.split(path)[1], "deleted": True}, revision)


@extend_schema_view(
    delete=extend_schema(
        operation_id="kv_delete",
        parameters=[schema.KEY_IN_QUERY, schema.REVISION],
        responses=schema.answers(404, 414, 507, s200=schema.DELETED),
    )
)
class Delete(Deleting):
    """`DELETE /delete?key=K`."""


@extend_schema_view(
    delete=extend_schema(
        operation_id="kv_delete_by_path",
        parameters=[schema.KEY_IN_PATH, schema.REVISION],
        responses=schema.answers(404, 414, 507, s200=schema.DELETED),
    )
)
class DeleteByPath(Deleting):
    """`DELETE /delete/K`, slashes in the key as they are or as %2F."""


def path_in_url(request: HttpRequest, action: str, key: str | None) -> keys.Path:
    """The key at the end of the URL's path or, where that is None, in its query, as a path that `action` may touch.

    raises  what access raises; ValidationError (400); Problem 414
    """
    if key is None:
        require_access(request, action)
        sent = request.GET.getlist("key")
        if len(sent) != 1:
            raise bad_part("key", f"the key is given {len(sent)} times; give it once, as ?key=K or as the path's end")
        key = sent[0]
    return path_of(request, action, NAMESPACE, key)
