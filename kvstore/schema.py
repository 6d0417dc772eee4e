"""The shapes of bodies, parameters and answers for the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from kvstore.conditions import MAX_VERSION
from kvstore.envelopes import MAX_TTL_S
from kvstore.keys import MAX_KEY_BYTES, NAMESPACE_PATTERN
from kvstore.metadata import MAX_BYTES
from kvstore.serializers import DEFAULT_LIMIT, MAX_LIMIT, MAX_WAIT_S
from kvstore.store.answers import MAX_KEY_CHARACTERS
from kvstore.transactions import MAX_OPS
from kvstore.values import MAX_TYPE_CHARACTERS, TYPE_PATTERN

PROBLEM = "application/problem+json"
KEY = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_KEY_BYTES,
    "pattern": r"^[^\u0000-\u001F\u007F-\u009F]+$",
    "description": f"1 to {MAX_KEY_BYTES} bytes of UTF-8 without control characters; slashes are allowed",
}
CONTENT_TYPE = {"type": "string", "maxLength": MAX_TYPE_CHARACTERS, "pattern": f"^{TYPE_PATTERN}$"}
START_OF_KEY = {"type": "string", "maxLength": MAX_KEY_BYTES, "pattern": r"^[^\u0000-\u001F\u007F-\u009F]*$"}
ETAGS = r'^(\*|(W/)?"[!#-~]*"(, *(W/)?"[!#-~]*")*)$'
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
NAMESPACE_NAME = {"type": "string", "pattern": f"^{NAMESPACE_PATTERN}$"}
LIMIT_NUMBER = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
REVISION_NUMBER = {"type": "integer", "format": "int64", "minimum": 0}
TIME = {"type": "string", "format": "date-time"}
TIME_OR_NULL = {"type": ["string", "null"], "format": "date-time"}
CURSOR = {"type": ["string", "null"], "description": "where the list goes on; null: nowhere"}
BASE64 = {
    "type": "string",
    "contentEncoding": "base64",
    "pattern": "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
}
BYTES = {"type": "string", "format": "binary"}
TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
COUNT = {"type": "integer", "format": "int64", "minimum": 0}
COUNT_OR_NULL = {"type": ["integer", "null"], "format": "int64", "minimum": 0}


def shape(required: str, **properties: dict[str, Any]) -> dict[str, Any]:
    """An object; `required` names its members that are always there."""
    return {"type": "object", "required": required.split(), "properties": properties}


def page_of(item: dict[str, Any], **more: dict[str, Any]) -> dict[str, Any]:
    """A list and where it goes on."""
    return shape(f"items {' '.join(more)} next", items={"type": "array", "items": item}, **more, next=CURSOR)


TOUCHED = shape("key version expires_at", key=KEY, version=VERSION, expires_at=TIME_OR_NULL)
RESTORE = {**shape("restore", restore={**VERSION, "maximum": MAX_VERSION}), "additionalProperties": False}
ITEM = shape(
    "key version size content_type updated_at expires_at",
    key=KEY, version=VERSION, size=COUNT, content_type={"type": "string"}, updated_at=TIME, expires_at=TIME_OR_NULL,
    meta=TEXTS, value=VALUE, value_base64=BASE64,
)  # fmt: skip
KEYS = page_of(ITEM, prefixes={"type": "array", "items": {"type": "string"}})
ENTRY = shape(
    "version revision op at size content_type author",
    version=VERSION, revision=REVISION_NUMBER, op={"enum": ["put", "delete", "expire"]}, at=TIME, size=COUNT,
    content_type={"type": "string"}, author={"type": "string"},
)  # fmt: skip
ENTRIES = page_of(ENTRY)
CHANGE = shape(
    "revision key op version at",
    revision=REVISION_NUMBER, key=KEY, op={"enum": ["put", "delete", "expire"]}, version=VERSION, at=TIME,
)  # fmt: skip
CHANGES = shape("revision changes", revision=REVISION_NUMBER, changes={"type": "array", "items": CHANGE})
SIZE = shape(
    "namespace revision keys bytes max_keys max_bytes created_at",
    namespace=NAMESPACE_NAME, revision=REVISION_NUMBER, keys=COUNT_OR_NULL, bytes=COUNT_OR_NULL,
    max_keys=COUNT_OR_NULL, max_bytes=COUNT_OR_NULL, created_at=TIME,
)  # fmt: skip
NAMESPACES = page_of(SIZE)
QUOTA = shape("max_keys max_bytes keys bytes", max_keys=COUNT_OR_NULL, max_bytes=COUNT_OR_NULL, keys=COUNT, bytes=COUNT)
SET_QUOTA = {
    **shape(
        "", max_keys={**COUNT_OR_NULL, "maximum": MAX_VERSION}, max_bytes={**COUNT_OR_NULL, "maximum": MAX_VERSION}
    ),
    "additionalProperties": False,
}
TTL_NUMBER = SAVE["properties"]["ttl"]  # type: ignore[index]
WHATEVER = SAVE["properties"]["version"]  # type: ignore[index]


def closed(required: str, **properties: dict[str, Any]) -> dict[str, Any]:
    """An object with no other members."""
    return {**shape(required, **properties), "additionalProperties": False}


PUT_OP = {
    "oneOf": [
        closed("key value", key=KEY, value=VALUE, ttl=TTL_NUMBER),
        closed("key value_base64", key=KEY, value_base64=BASE64, content_type=CONTENT_TYPE, ttl=TTL_NUMBER),
    ]
}
OP = {
    "oneOf": [
        closed("put", put=PUT_OP),
        closed("get", get=closed("key", key=KEY)),
        closed("delete", delete=closed("key", key=KEY)),
    ]
}
OPS = {"type": "array", "items": OP, "maxItems": MAX_OPS}
TXN = closed(
    "",
    compare={"type": "array", "items": closed("key version", key=KEY, version=WHATEVER), "maxItems": MAX_OPS},
    success=OPS,
    failure=OPS,
)
GOT_OP = shape(
    "key version", key=KEY, value=VALUE, value_base64=BASE64, content_type={"type": "string"}, version=VERSION
)
RESULT = {
    "oneOf": [
        shape("put", put=SAVED),
        shape("get", get={"oneOf": [GOT_OP, {"type": "null"}]}),
        shape("delete", delete=shape("key deleted", key=KEY, deleted={"type": "boolean"})),
    ]
}
OUTCOME = shape(
    "succeeded revision results",
    succeeded={"type": "boolean"}, revision=REVISION_NUMBER, results={"type": "array", "items": RESULT},
)  # fmt: skip


def in_query(name: str, kind: dict[str, Any], description: str = "", *, required: bool = False) -> OpenApiParameter:
    """A parameter behind the `?`."""
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, required=required, description=description)


def in_header(name: str, pattern: str, description: str) -> OpenApiParameter:
    """A request's header."""
    kind = {"type": "string", **({"pattern": pattern} if pattern else {})}
    return OpenApiParameter(name, kind, OpenApiParameter.HEADER, description=description)


KEY_IN_QUERY = in_query("key", KEY, required=True)
KEY_IN_PATH = OpenApiParameter("key", KEY, OpenApiParameter.PATH, required=True)
NAMESPACE = OpenApiParameter("namespace", NAMESPACE_NAME, OpenApiParameter.PATH, required=True)
KEY_OF = (NAMESPACE, KEY_IN_PATH)
TTL = in_query("ttl", TTL_NUMBER, "seconds until the key is absent; left out: it stays")
TOUCH = in_query("touch", {"type": "string"}, "what this POST does", required=True)
IF_MATCH = in_header("If-Match", ETAGS, 'the ETags of which one must be current, such as "7"; *: the key must be there')
IF_NONE_MATCH = in_header("If-None-Match", ETAGS, "the ETags of which none may be current; *: the key must be absent")
IDEMPOTENCY = in_header(
    "Idempotency-Key",
    f"^[!-~]{{1,{MAX_KEY_CHARACTERS}}}$",
    f"1 to {MAX_KEY_CHARACTERS} printable ASCII characters: sent again, it is done once",
)
META = in_header(
    "X-Meta-Name",
    f"^[ -~]{{0,{MAX_BYTES}}}$",
    "metadata under any name, UTF-8 up to 1 KiB together, which comes back with the value",
)
PREFIX = in_query("prefix", START_OF_KEY, "what keys begin with")
LIMIT = in_query("limit", LIMIT_NUMBER)
PAGE = (LIMIT, in_query("cursor", {"type": "string", "pattern": "^[A-Za-z0-9_-]*$"}, "`next` of the page before"))
LIST = (
    PREFIX,
    in_query("delimiter", START_OF_KEY, "keys that have it after the prefix are told as one common prefix each"),
    *PAGE,
    in_query("values", {"type": "boolean", "default": False}, "with values; such a page ends at 8 MiB of them"),
)
HISTORY = (in_query("version", {**VERSION, "maximum": MAX_VERSION}, "the bytes of this version, not the list"), *PAGE)
CHANGES_SINCE = (
    in_query("since", {**REVISION_NUMBER, "maximum": MAX_VERSION, "default": 0}, "the revision to resume from"),
    in_query(
        "wait", {"type": "number", "minimum": 0, "maximum": MAX_WAIT_S, "default": 0}, "seconds, where there is none"
    ),
    PREFIX,
    LIMIT,
    in_header("Last-Event-ID", "", "of a stream: the revision to resume from, before `since`"),
)
REVISION = OpenApiParameter(
    "X-KV-Revision",
    REVISION_NUMBER,
    OpenApiParameter.HEADER,
    required=True,
    description="the revision of the write, or of the version shown; of an absent key that of its last change, or 0; "
    "of a list that of the snapshot",
    response=[200, 201, 204, 304, 404, 406, 410, 412],
)
ETAG = OpenApiParameter(
    "ETag", {"type": "string"}, OpenApiParameter.HEADER, description="the version in quotes", response=[200, 201, 304]
)
WRITTEN = (REVISION, ETAG)
OF_VALUE = (
    ETAG,
    OpenApiParameter("Last-Modified", {"type": "string"}, OpenApiParameter.HEADER, response=[200, 304]),
    OpenApiParameter("Expires", {"type": "string"}, OpenApiParameter.HEADER, response=[200, 304]),
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
    304: "The sender has this version",
    400: "The body, the key or another part of the request is malformed",
    401: "No valid key was sent",
    403: "The key that was sent lacks the scope, here or at all",
    404: "There is no such key, version or namespace: never written, deleted or expired",
    406: "The value is not JSON; the detail names the route that gives it",
    410: "Changes after this revision are not all kept any more: read the list, and resume from its revision",
    412: "Another version is the current one",
    413: "The body or the value is too large",
    414: "The key in the URL is too long",
    415: "The body is not application/json",
    422: "The Idempotency-Key was used for another body",
    431: "The metadata is larger than 1 KiB",
    503: "The database or the cache is away, or no place is free for a request that waits",
    507: "The quota of the namespace is reached, or the database is full",
}


def answers(*faults: int, **shapes: dict[str, Any]) -> dict[Any, OpenApiResponse]:
    """What a route answers: `s200={…}` a shape by its status, and problem+json for each of the `faults`."""
    good = {int(name[1:]): OpenApiResponse(shape) for name, shape in shapes.items()}
    bad = {
        (status, PROBLEM): OpenApiResponse(CURRENT if status == 412 else FAULT, FAULTS[status])  # noqa: PLR2004
        for status in (400, 401, 403, *faults, 503)
    }
    return {**good, **bad}


def value(*faults: int) -> dict[Any, OpenApiResponse]:
    """A value's bytes, of the type that they were sent with."""
    same = {304: OpenApiResponse(None, FAULTS[304])} if 304 in faults else {}  # noqa: PLR2004
    whole = {(200, "*/*"): OpenApiResponse(BYTES, "the bytes, as they were sent")}
    return {**whole, **same, **answers(*(fault for fault in faults if fault != 304))}  # noqa: PLR2004


def gone(*faults: int) -> dict[Any, OpenApiResponse]:
    """Nothing is left to be shown."""
    return {204: OpenApiResponse(None, "deleted"), **answers(*faults)}


def history() -> dict[Any, OpenApiResponse]:
    """The list, or with `version` the bytes, which may be JSON too."""
    shown = OpenApiResponse({"anyOf": [ENTRIES, VALUE]})
    return {(200, "application/json"): shown, **value(404, 414)}


def changes() -> dict[Any, OpenApiResponse]:
    """The list, or the stream."""
    stream = OpenApiResponse({"type": "string"}, "server-sent events `change`, each an item of `changes`; id: revision")
    return {(200, "application/json"): OpenApiResponse(CHANGES), (200, "text/event-stream"): stream, **answers(410)}
