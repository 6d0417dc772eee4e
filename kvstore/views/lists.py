"""`/api/v1/namespaces/{ns}/keys`: what there is, a page at a time."""

import base64
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema

from kvstore import cursors, metadata, schema, values
from kvstore.conf import READ
from kvstore.serializers import ListQuery, checked
from kvstore.store import listing
from kvstore.views.answering import KeyValueView, answer, namespace_of


class Keys(KeyValueView):
    """The keys of a namespace."""

    http_method_names = ["get", "head"]

    @extend_schema(
        operation_id="kv_list",
        parameters=[schema.NAMESPACE, *schema.LIST, schema.REVISION],
        responses=schema.answers(s200=schema.KEYS),
    )
    def get(self, request: HttpRequest, namespace: str) -> HttpResponse:
        """Keys in byte order; with a delimiter those that have it after the prefix as one common prefix each."""
        places = namespace_of(request, READ, namespace)
        asked = checked(ListQuery, request.GET)
        cursor_of = cursors.Listing(namespace, asked["prefix"], asked["delimiter"])
        after = cursors.read_after(cursor_of, asked["cursor"])
        wanted = listing.Wanted(
            namespace, asked["prefix"], asked["delimiter"], after=after, places=places, values=asked["values"]
        )
        page = listing.page(wanted, asked["limit"], timezone.now())
        shown = {
            "items": [shown_item(item) for item in page.items],
            "prefixes": page.prefixes,
            "next": None if page.last is None else cursors.after(cursor_of, page.last),
        }
        return answer(shown, page.revision)


def shown_item(item: listing.Item) -> dict[str, Any]:
    """A key of the list; one without metadata or a value that was not asked for has no such member."""
    shown = {
        "key": item.key,
        "version": item.version,
        "size": item.size_bytes,
        "content_type": item.content_type,
        "updated_at": item.updated_at,
        "expires_at": item.expires_at,
    }
    if item.meta:
        shown["meta"] = metadata.of_text(item.meta)
    if item.value is not None:
        shown |= shown_value(item.value, item.content_type)
    return shown


def shown_value(value: bytes, content_type: str) -> dict[str, Any]:
    """A value inside JSON: JSON byte for byte, anything else in base64."""
    if values.is_json(content_type):
        return {"value": msgspec.Raw(value)}
    return {"value_base64": base64.b64encode(value).decode()}
