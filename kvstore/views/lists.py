"""`/api/v1/namespaces/{ns}/keys` and `/api/v1/namespaces`: what there is, a page at a time."""

import base64
from typing import Any

import msgspec
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from kvstore import cursors, metadata, schema, values
from kvstore.conf import READ, WRITE, sender_of
from kvstore.problems import revision_headers
from kvstore.serializers import ListQuery, PageQuery, checked
from kvstore.store import listing, namespaces
from kvstore.views.answering import KeyValueView, answer, namespace_of


class Keys(KeyValueView):
    """The keys of a namespace."""

    http_method_names = ["get", "head"]

    @extend_schema(
        operation_id="kv_list",
        parameters=[schema.NAMESPACE, *schema.LIST, schema.REVISION],
        responses=schema.answers(s200=schema.KEYS),
    )
    def get(self, request: Request, namespace: str) -> HttpResponse:
        """Keys in byte order; with a delimiter those that have it after the prefix as one common prefix each."""
        places = namespace_of(request, READ, namespace)
        asked = checked(ListQuery, request.query_params)
        ...
