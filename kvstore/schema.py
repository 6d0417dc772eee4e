"""The shapes of bodies, parameters and answers for the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from kvstore.conditions import MAX_VERSION
from kvstore.envelopes import MAX_TTL_S
from kvstore.keys import MAX_KEY_BYTES

PROBLEM = "application/problem+json"
KEY = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_KEY_BYTES,
    "pattern": r"^[^\u0000-\u001F\u007F-\u009F]+$",
    "description": f"1 to {MAX_KEY_BYTES} bytes of UTF-8 without control characters; slashes are allowed",
}
VALUE = {"description": "any JSON of at most 100 levels, kept byte for byte"}
VERSION = {"type": "integer", "format": "int64", "minimum": 1}
SAVE = {
    "type": "object",
    "required": ["key", "value"],
    "additionalProperties": False,
    "properties": {
        "key": KEY,
        "value": VALUE,
        "ttl": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": MAX_TTL_S,
            "description": "seconds until the key is absent; left out: it stays",
        },
        "version": {
            "type": "integer",
            "minimum": 0,
            "maximum": MAX_VERSION,
            "description": "the version that must be current, 0: the key must be absent; left out: whatever is there",
        },
    },
}
SAVED = {"type": "object", "required": ["key", "version"], "properties": {"key": KEY, "version": VERSION}}
GOT = {
    "type": "object",
    "required": ["key", "value", "version", "expires_at"],
    "properties": {
        "key": KEY,
        "value": VALUE,
        "version": VERSION,
        "expires_at": {"type": ["string", "null"], "format": "date-time"},
    },
}
DELETED = {
    "type": "object",
    "required": ["key", "deleted"],
    "properties": {"key": KEY, "deleted": {"type": "boolean", "const": True}},
}
KEY_IN_QUERY = OpenApiParameter("key", KEY, OpenApiParameter.QUERY, required=True)
KEY_IN_PATH = OpenApiParameter("key", KEY, OpenApiParameter.PATH, required=True)
REVISION = OpenApiParameter(
    "X-KV-Revision",
    {"type": "integer", "format": "int64", "minimum": 0},
    OpenApiParameter.HEADER,
    required=True,
    description="the revision of the write, or of the version shown; of an absent key that of its last change, or 0",
    response=[200, 201, 404, 406, 412],
)
FAULT = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}
CURRENT = FAULT | {"properties": {**FAULT["properties"], "current_version": {"type": "integer", "minimum": 0}}}  # type: ignore[dict-item]
FAULTS = {
    400: "The body or the key is malformed",
    401: "No valid key was sent",
    403: "The key that was sent lacks the scope, here or at all",
    404: "There is no such key: never saved, deleted or expired",
    406: "The value is not JSON; the detail names the route that gives it",
    412: "Another version is the current one",
    413: "The body or the value is too large",
    414: "The key in the URL is too long",
    415: "The body is not application/json",
    503: "The database is away",
}


def answers(*faults: int, **shapes: dict[str, Any]) -> dict[Any, OpenApiResponse]:
    """What a route answers: `s200={…}` a shape by its status, and problem+json for each of the `faults`."""
    good = {int(name[1:]): OpenApiResponse(shape) for name, shape in shapes.items()}
    bad = {
        (status, PROBLEM): OpenApiResponse(CURRENT if status == 412 else FAULT, FAULTS[status])  # noqa: PLR2004
        for status in (400, 401, 403, *faults, 503)
    }
    return {**good, **bad}
