"""What arrives: the body itself, a text in JSON, or the file of a form, on its way to the services."""

import io
import re
from typing import Any

from django.core.exceptions import PermissionDenied
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request

from assets import digests, labels, serializers, services
from assets.conf import READ, WRITE, conf, places, require, sender
from assets.intake import TooLarge
from assets.problems import Problem
from assets.serializers import checked

FORM = "multipart/form-data"
TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+( *;[ -~]*)?")
# curl's type for bytes of which it knows none.
UNTYPED = "application/x-www-form-urlencoded"
# What stands around the file in a form.
ENVELOPE_BYTES = 64 * 2**10
MAX_TYPE_LENGTH = 255
MAX_DIGITS = 19


def media_type(request: Request) -> str:
    """The type of the body, without its parameters."""
    return str(request.META.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()


def kept_type(sent: str) -> str:
    """The type to keep for bytes that came with this one."""
    sent = sent.strip()
    fit = len(sent) <= MAX_TYPE_LENGTH and TYPE.fullmatch(sent) and not sent.lower().startswith(UNTYPED)
    return sent if fit else services.OCTETS


def declared_bytes(request: Request) -> int | None:
    """How long the body says it is; None for a chunked one. Raises Problem."""
    if getattr(request, "chunked", False):
        return None
    length = request.META.get("CONTENT_LENGTH") or ""
    if length:
        if not length.isdecimal() or len(length) > MAX_DIGITS:
            raise Problem(400, "Content-Length is not a number of bytes")
        return int(length)
    if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        raise Problem(411, "chunked bodies are not read here: send Content-Length")
    return 0


def may_read(request: Request) -> list[str] | None:
    """The prefixes of the assets that the sender may read, none where it may read nothing; None: all."""
    try:
        require(request, READ)
    except (PermissionDenied, APIException):
        return []
    return places(request, READ)


def about(request: Request, content_type: str) -> services.About:
    """What the headers and the key say; raises BadLabel."""
    return services.About(content_type, sender(request), labels.of_headers(request.META), may_read(request))


def put_raw(request: Request, name: str, *, replace: bool) -> services.Put:
    """The body, read as it comes."""
    return services.put(
        name,
        request,
        size_bytes=declared_bytes(request),
        said=digests.claims(request.headers),
        replace=replace,
        about=about(request, kept_type(request.META.get("CONTENT_TYPE", ""))),
    )


def put_json(request: Request) -> services.Put:
    """The text `image`, in UTF-8."""
    asked = checked(serializers.PutJSON, request.data)
    require(request, WRITE, asked["build"])
    text = asked["image"].encode()
    return services.put(
        asked["build"],
        io.BytesIO(text),
        size_bytes=len(text),
        said=digests.claims(request.headers),
        replace=asked["replace"],
        about=about(request, services.TEXT),
    )


def form_of(request: Request) -> Any:
    """The fields. Django forgets the temporary file of one that it was still reading when the body broke off."""
    try:
        return request.data
    except Exception:
        for handler in request.upload_handlers:
            handler.upload_interrupted()
        raise


def put_form(request: Request) -> services.Put:
    """The field `file`; Django keeps a large one in a temporary file until all fields came."""
    if (declared_bytes(request) or 0) > conf.max_bytes + ENVELOPE_BYTES:
        raise TooLarge(f"the form is larger than the {conf.max_bytes} bytes that are taken")
    data = form_of(request)
    if (build := request.query_params.get("build")) is not None and data.setdefault("build", build) != build:
        raise ValidationError({"build": "the query and the form name different assets"})
    if "\ufffd" in str(data.get("build", "")):  # Django puts it in the place of what is not UTF-8
        raise ValidationError({"build": "the name is not UTF-8 text"})
    asked = checked(serializers.PutForm, data)
    require(request, WRITE, asked["build"])
    file = asked["file"]
    return services.put(
        asked["build"],
        file,
        size_bytes=file.size,
        said=digests.claims(request.headers),
        replace=asked["replace"],
        about=about(request, kept_type(file.content_type or "")),
    )
