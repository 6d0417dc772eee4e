"""The shapes of bodies, parameters and answers for the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from assets import cursors, labels, names, statements
from assets.serializers import MAX_LIMIT

PROBLEM = "application/problem+json"
NAME = {
    "type": "string",
    "minLength": 1,
    "maxLength": names.MAX_NAME_BYTES,
    "pattern": names.PATTERN,
    "description": "segments of 1 to 200 bytes of UTF-8 between single slashes, 1,024 bytes at most",
}
BYTES = {"type": "string", "format": "binary"}
SHA256 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
SIZE = {"type": "integer", "format": "int64", "minimum": 0}
NEXT = {"type": ["string", "null"], "pattern": cursors.PATTERN, "description": "the cursor of the next page"}


def record(**properties: Any) -> dict[str, Any]:
    """An object with all of these members."""
    return {"type": "object", "required": list(properties), "properties": properties}


def one_of(required: list[str], **properties: Any) -> dict[str, Any]:
    """A body with these members and no other."""
    return {"type": "object", "required": required, "additionalProperties": False, "properties": properties}


REPLACE_FLAG = {"type": "boolean", "default": False, "description": "other bytes of this name give way"}
PUT_JSON = one_of(["build", "image"], build=NAME, image={"type": "string"}, replace=REPLACE_FLAG)
PUT_FORM = one_of(["build", "file"], build=NAME, file=BYTES, replace=REPLACE_FLAG)
STORED = record(build=NAME, sha256=SHA256, size=SIZE)
BUILD = record(build=NAME, image={"type": ["string", "null"]}, size=SIZE, sha256=SHA256)
BUILDS = record(assets={"type": "array", "items": BUILD}, next=NEXT)
ITEM = record(
    name=NAME,
    size=SIZE,
    sha256=SHA256,
    content_type={"type": "string"},
    labels={"type": "object", "additionalProperties": {"type": "string"}},
    tags={"type": "array", "items": {"type": "string"}},
    created_at={"type": "string", "format": "date-time"},
    created_by={"type": "string"},
    downloads=SIZE,
)
ITEMS = record(items={"type": "array", "items": ITEM}, next=NEXT)


HAVE = one_of(
    ["assets"],
    assets={"type": "array", "maxItems": MAX_LIMIT, "items": one_of(["name", "sha256"], name=NAME, sha256=SHA256)},
)
FOUND = record(**{kind: {"type": "array", "items": NAME} for kind in ("missing", "present", "conflict")})
LABEL_PATTERN = rf"^{labels.KEY_PATTERN}(=[^\x00-\x1f\x7f-\x9f]{{1,80}})?$"
BEGIN = one_of(
    ["name", "size", "sha256"],
    name=NAME,
    size={**SIZE, "maximum": 5 * 2**30, "description": "at most ASSETS_MAX_BYTES"},
    sha256=SHA256,
    content_type={"type": "string"},
    labels={
        "type": "object",
        "maxProperties": labels.MAX_LABELS,
        "propertyNames": {"pattern": f"^{labels.KEY_PATTERN}$"},
        "additionalProperties": {"type": "string", "pattern": r"^[^\x00-\x1f\x7f-\x9f]{1,63}$"},
    },
    replace=REPLACE_FLAG,
)
PART = record(number={"type": "integer", "minimum": 1}, url={"type": "string", "format": "uri"})
PARTS = {"type": "array", "items": PART}
WHEN = {"type": "string", "format": "date-time"}
KEY = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
BEGUN = record(upload=KEY, part_size=SIZE, parts=PARTS, expires_at=WHEN)
PRESENT = {**ITEM, "required": [*ITEM["required"], "present"]}
PRESENT["properties"] = {**ITEM["properties"], "present": {"const": True}}
UPLOAD = record(
    upload=KEY,
    name=NAME,
    size=SIZE,
    sha256=SHA256,
    state={"enum": ["open", "verifying", "done", "failed"]},
    detail={"type": "string"},
    part_size=SIZE,
    missing=PARTS,
    expires_at=WHEN,
)
STATEMENT = {
    "type": "object",
    "description": "an in-toto statement (or a DSSE envelope around one)",
    "required": ["_type", "subject", "predicateType"],
    "properties": {
        "_type": {"const": statements.TYPE},
        "predicateType": {"type": "string"},
        "subject": {
            "type": "array",
            "minItems": 1,
            "maxItems": statements.MAX_SUBJECTS,
            "items": {
                "type": "object",
                "required": ["digest"],
                "properties": {"digest": {"type": "object", "required": ["sha256"], "properties": {"sha256": SHA256}}},
            },
        },
    },
}
STATED = record(name=NAME, sha256=SHA256)
TAG_NAME = {"type": "string", "pattern": f"^{labels.TAG_PATTERN}$"}
PUT_TAG = one_of(["asset"], asset=NAME)
TAG = record(
    tag=TAG_NAME,
    asset=NAME,
    sha256=SHA256,
    size=SIZE,
    moved_at={"type": "string", "format": "date-time"},
    moved_by={"type": "string"},
)


def query(name: str, shape: Any, description: str, *, required: bool = False) -> OpenApiParameter:
    """A parameter of the query."""
    return OpenApiParameter(name, shape, OpenApiParameter.QUERY, required=required, description=description)


def header(name: str, shape: Any, description: str) -> OpenApiParameter:
    """A header of the request."""
    return OpenApiParameter(name, {"type": "string", **shape}, OpenApiParameter.HEADER, description=description)


BUILD_IN_QUERY = query("build", NAME, "the asset's name", required=True)
UPLOAD_IN_PATH = OpenApiParameter("key", KEY, OpenApiParameter.PATH, required=True)
PART_IN_PATH = OpenApiParameter("number", {"type": "integer", "minimum": 1}, OpenApiParameter.PATH, required=True)
SIGNATURE = query("signature", {"type": "string"}, "as it was given with the address", required=True)
TAG_IN_PATH = OpenApiParameter("tag", TAG_NAME, OpenApiParameter.PATH, required=True)
NAME_IN_PATH = OpenApiParameter("name", NAME, OpenApiParameter.PATH, required=True)
NO_NAME_IN_PATH = OpenApiParameter("name", location=OpenApiParameter.PATH, exclude=True)
LABEL = OpenApiParameter(
    "label",
    {"type": "array", "items": {"type": "string", "pattern": LABEL_PATTERN}},
    OpenApiParameter.QUERY,
    explode=True,
    description="`key=value`, or `key` for any value; several: all of them",
)
REPLACE = query("replace", {"type": "boolean", "default": False}, "other bytes of this name give way")
REDIRECT = query("redirect", {"type": "boolean", "default": False}, "302 to a presigned URL where the store has them")
VERSION = query("sha256", {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"}, "the version with this SHA-256")
LIST = [
    query("prefix", {"type": "string", "pattern": r"^[^\x00]*$"}, "only names that begin with it"),
    query("limit", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 100}, "rows of a page"),
    query("cursor", {"type": "string", "pattern": cursors.PATTERN}, "`next` of the page before"),
]
# Repr-Digest and Content-MD5 are told in words: schemathesis makes up text without punctuation for a header's pattern.
DIGEST = header(
    "X-Checksum-Sha256",
    {"pattern": "^[0-9a-fA-F]{64}$"},
    "the SHA-256 of the asset's bytes, in hex; Repr-Digest (RFC 9530) and Content-MD5 are verified too",
)
IF_NONE_MATCH = header("If-None-Match", {}, "ETags that are known")

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
FAULTS = {
    400: "A parameter, the body or a digest is malformed, or the body is not as long as declared",
    401: "No valid key was sent",
    403: "The key that was sent lacks the scope, for this name or at all",
    404: "There is no such asset",
    409: "Other bytes are there, or another asset's name is a parent of this name, or a child",
    413: "The body is too large",
    415: "The media type is not taken",
    416: "The range lies outside the bytes",
    422: "The bytes do not have the digest that was sent",
    503: "The store or the database is away",
    507: "The store is full",
}
NOTHING = {204: "Deleted", 302: "Location is a presigned URL", 304: "It is what the client has"}
PUT_FAULTS = (409, 413, 415, 422, 507)


def answers(*faults: int, **shapes: dict[str, Any]) -> dict[Any, OpenApiResponse]:
    """What a route answers: `s200={…}` a shape by its status, NOTHING for those without a body, problem+json else."""
    good = {int(name[1:]): OpenApiResponse(shape) for name, shape in shapes.items()}
    return {
        **good,
        **{(status, PROBLEM): OpenApiResponse(FAULT, FAULTS[status]) for status in (400, 401, 403, *faults, 503)},
    }


def deleted(*faults: int) -> dict[Any, OpenApiResponse]:
    """What a route answers that deletes."""
    return {204: OpenApiResponse(description=NOTHING[204]), **answers(404, *faults)}


def emptied(*faults: int) -> dict[Any, OpenApiResponse]:
    """What a route answers that takes bytes and says nothing."""
    return {204: OpenApiResponse(description="It is kept"), **answers(*faults)}


def content() -> dict[Any, OpenApiResponse]:
    """What a route answers that gives an asset's bytes, with the type they were stored with."""
    whole = {(200, "*/*"): OpenApiResponse(BYTES, "All bytes"), (206, "*/*"): OpenApiResponse(BYTES, "Those of Range")}
    empty = {status: OpenApiResponse(description=NOTHING[status]) for status in (302, 304)}
    return {**whole, **empty, **answers(404, 416)}
