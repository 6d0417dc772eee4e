"""`GET /api/v1/limits`: every limit in force, so that nobody has to find one by running into it."""

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets.conf import conf as assets
from assets.names import MAX_NAME_BYTES
from buildserver import access, bodies, content, gate
from kvstore import conditions, envelopes, keys, metadata, transactions, values
from kvstore.admin.transfer import MAX_UPLOAD_BYTES
from kvstore.conf import conf as records
from kvstore.serializers import MAX_LIMIT, MAX_WAIT_S
from kvstore.store import answers, listing, writing
from kvstore.store.transactions import MAX_ANSWER_BYTES
from powerplant.conf import conf as plans

SHAPE = {
    "type": "object",
    "description": "by part of the service; the unit is in the name, null is none",
    "additionalProperties": {"type": "object", "additionalProperties": {"type": ["number", "null"]}},
}


class Limits(APIView):
    """The limits of all parts."""

    http_method_names = ["get", "head"]

    @extend_schema(operation_id="limits", responses={(200, "application/json"): SHAPE})
    def get(self, request: Request) -> Response:
        """By part of the service; scope `admin`."""
        access.of(request).require("admin")
        return Response({"http": of_http(), "kvstore": of_records(), "assets": of_assets(), "powerplant": of_plans()})


def of_http() -> dict[str, float | None]:
    """Of every request."""
    rate = settings.OPEN_RATE
    return {
        "url_bytes": gate.MAX_URL_BYTES,
        "header_bytes": gate.MAX_HEADER_BYTES,
        "json_depth": content.MAX_DEPTH,
        "chunked_body_bytes": bodies.CHUNKED_BYTES,
        "open_requests": rate[0] if rate else None,
        "open_requests_period_s": rate[1] if rate else None,
        "watchers_per_worker": settings.MAX_WATCHERS,
    }


def of_records() -> dict[str, float | None]:
    """Of records."""
    return {
        "key_bytes": keys.MAX_KEY_BYTES,
        "namespace_bytes": keys.MAX_NAMESPACE_BYTES,
        "value_bytes": records.max_value_bytes,
        "save_body_bytes": records.max_body_bytes,
        "content_type_characters": values.MAX_TYPE_CHARACTERS,
        "metadata_bytes": metadata.MAX_BYTES,
        "metadata_name_characters": metadata.MAX_NAME_CHARACTERS,
        "ttl_s": envelopes.MAX_TTL_S,
        "version": conditions.MAX_VERSION,
        "json_depth": values.MAX_DEPTH,
        "json_integer_characters": values.MAX_INTEGER_CHARACTERS,
        "faults_told": envelopes.MAX_FAULTS,
        "list_items": MAX_LIMIT,
        "list_value_bytes": listing.MAX_PAGE_BYTES,
        "txn_operations": transactions.MAX_OPS,
        "txn_body_bytes": records.max_txn_bytes,
        "txn_answer_bytes": MAX_ANSWER_BYTES,
        "changes_wait_s": MAX_WAIT_S,
        "history_changes_of_a_key": records.history_count,
        "history_days": records.history_days,
        "idempotency_key_hours": answers.KEPT_FOR.total_seconds() / 3600,
        "idempotency_key_characters": answers.MAX_KEY_CHARACTERS,
        "idempotency_answer_bytes": answers.MAX_KEPT_BYTES,
        "write_s": writing.MAX_WRITE_S,
        "admin_import_bytes": MAX_UPLOAD_BYTES,
    }


def of_assets() -> dict[str, float | None]:
    """Of assets."""
    return {"name_bytes": MAX_NAME_BYTES, "asset_bytes": assets.max_bytes, "min_free_bytes": assets.min_free_bytes}


def of_plans() -> dict[str, float | None]:
    """Of plans."""
    return {"plants": plans.max_plants, "budget_s": plans.budget_s, "hard_searches_per_worker": plans.hard_searches}
