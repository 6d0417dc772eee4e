"""`/api/v1/namespaces`: which there are, how large, their quotas and their end."""

from collections.abc import Collection
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema

from kvstore import cursors, envelopes, keys, schema, values
from kvstore.conf import ADMIN, READ, WRITE, conf, places_of, require_access, sender_of
from kvstore.serializers import PageQuery, checked
from kvstore.shown import revision_headers
from kvstore.store import namespaces
from kvstore.views.answering import KeyValueView, answer, bare, body_of


class Namespaces(KeyValueView):
    """All namespaces that the sender may see something of."""

    http_method_names = ["get", "head"]

    @extend_schema(
        operation_id="kv_namespaces", parameters=[*schema.PAGE], responses=schema.answers(s200=schema.NAMESPACES)
    )
    def get(self, request: HttpRequest) -> HttpResponse:
        """By name; sizes are told to those who may see all of it."""
        require_access(request, READ)
        asked = checked(PageQuery, request.GET)
        places = places_of(request, READ)
        names = None if places is None else {keys.split(place)[0] for place in places}
        after = cursors.read_namespace(asked["cursor"]) or ""
        found, more = namespaces.sizes(asked["limit"], after, names)
        shown = {
            "items": [shown_size(size, places) for size in found],
            "next": cursors.after_namespace(found[-1].name) if more else None,
        }
        return answer(shown, None)


class Namespace(KeyValueView):
    """One namespace."""

    http_method_names = ["delete"]

    @extend_schema(
        operation_id="kv_delete_namespace",
        parameters=[schema.NAMESPACE, schema.REVISION],
        responses=schema.gone(404, 507),
    )
    def delete(self, request: HttpRequest, namespace: str) -> HttpResponse:
        """Delete all of its keys with their history. Versions and revisions go on where they were."""
        require_access(request, WRITE, f"{namespace}/")
        keys.check_namespace(namespace)
        revision = namespaces.delete(namespace, now=timezone.now, author=sender_of(request))
        return bare(204, revision_headers(revision))


class Quota(KeyValueView):
    """How many keys and bytes a namespace may have."""

    http_method_names = ["get", "head", "put"]

    @extend_schema(
        operation_id="kv_quota",
        parameters=[schema.NAMESPACE, schema.REVISION],
        responses=schema.answers(404, s200=schema.QUOTA),
    )
    def get(self, request: HttpRequest, namespace: str) -> HttpResponse:
        """The quota, null where there is no bound, and what there is."""
        require_access(request, ADMIN)
        keys.check_namespace(namespace)
        head = namespaces.head_of(namespace)
        shown = {
            "max_keys": head.max_keys,
            "max_bytes": head.max_bytes,
            "keys": head.key_count,
            "bytes": head.byte_count,
        }
        return answer(shown, head.revision)

    @extend_schema(
        operation_id="kv_set_quota",
        parameters=[schema.NAMESPACE, schema.REVISION],
        request={values.JSON: schema.SET_QUOTA},
        responses=schema.answers(413, 415, 507, s200=schema.QUOTA),
    )
    def put(self, request: HttpRequest, namespace: str) -> HttpResponse:
        """Bound a namespace, which need not be there yet. What is above the bound stays; more is refused (507)."""
        require_access(request, ADMIN)
        body = body_of(request, conf.max_body_bytes, values.JSON)
        keys.check_namespace(namespace)
        quota = envelopes.read_quota(body)
        namespaces.set_quota(namespace, quota.max_keys, quota.max_bytes, now=timezone.now)
        return self.get(request, namespace)


def shown_size(size: namespaces.Size, places: Collection[str] | None) -> dict[str, Any]:
    """A namespace of the list."""
    whole = places is None or size.name in places or f"{size.name}/" in places
    return {
        "namespace": size.name,
        "revision": size.revision,
        "keys": size.keys if whole else None,
        "bytes": size.size_bytes if whole else None,
        "max_keys": size.max_keys,
        "max_bytes": size.max_bytes,
        "created_at": size.created_at,
    }
