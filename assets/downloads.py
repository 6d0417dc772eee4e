"""An asset's bytes as an answer: whole, a range of them, unchanged, or from where the store gives them itself."""

from django.http import HttpResponse, HttpResponseBase, HttpResponseNotModified, StreamingHttpResponse
from django.utils.http import content_disposition_header, parse_etags
from rest_framework.request import Request

from assets import digests, ranges, services, stores
from assets.models import Asset, Stored

# What keeps a browser from running what it gets.
NOT_RUN = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}


def content(request: Request, name: str, *, redirect: bool = False, sha256: str = "") -> HttpResponseBase:
    """The answer to a GET or HEAD of the asset, or of its version `sha256`."""
    asset = services.find_version(name, sha256)
    if is_known(request, asset):
        return HttpResponseNotModified(headers=headers_of(asset))
    if redirect and stores.current().presigns:
        fetched(request, asset)
        return HttpResponse(status=302, headers={**headers_of(asset), "Location": presigned(asset)})
    if request.method == "HEAD":
        return HttpResponse(headers={**safe_headers(asset), "Content-Length": str(asset.size)})
    return streamed(request, asset)


def streamed(request: Request, asset: Stored) -> HttpResponseBase:
    """200 with all bytes, or 206 with those of Range; raises Unsatisfiable. A row that changes now is read anew."""
    asset, pieces = services.read(asset, lambda row: range_of(request, row) or (0, row.size))
    part = range_of(request, asset)
    start, stop = part or (0, asset.size)
    if not start:
        fetched(request, asset)
    headers = {**safe_headers(asset), "Content-Length": str(stop - start)}
    if part:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{asset.size}"
    return StreamingHttpResponse(pieces, status=206 if part else 200, headers=headers)


def fetched(request: Request, asset: Stored) -> None:
    """Count a download from its start; one that goes on is none."""
    if request.method == "GET" and isinstance(asset, Asset):
        services.count(asset)


def range_of(request: Request, asset: Stored) -> tuple[int, int] | None:
    """First and past-last byte that are asked for; None: all. With If-Range only of the version it names."""
    if request.headers.get("If-Range", etag_of(asset)) != etag_of(asset):
        return None
    return ranges.read(request.headers.get("Range", ""), asset.size)


def etag_of(asset: Stored) -> str:
    """The SHA-256 in quotes."""
    return f'"{asset.sha256}"'


def is_known(request: Request, asset: Stored) -> bool:
    """Whether If-None-Match names this version, or any."""
    known = [etag.removeprefix("W/") for etag in parse_etags(request.headers.get("If-None-Match", ""))]
    return "*" in known or etag_of(asset) in known


def headers_of(asset: Stored) -> dict[str, str]:
    """What tells versions apart. A name can get other bytes, so nobody may show these without asking."""
    return {"ETag": etag_of(asset), "Cache-Control": "private, no-cache"}


def safe_headers(asset: Stored) -> dict[str, str]:
    """What goes with the bytes; no browser runs them."""
    return {
        **headers_of(asset),
        "Content-Type": asset.content_type,
        "Accept-Ranges": "bytes",
        "Repr-Digest": digests.repr_digest(asset.sha256),
        **NOT_RUN,
        "Content-Disposition": disposition(asset),
    }


def disposition(asset: Stored) -> str:
    """To be saved as a file with the last segment of the name."""
    return content_disposition_header(as_attachment=True, filename=asset.name.rpartition("/")[2]) or "attachment"


def presigned(asset: Stored) -> str:
    """A URL of the store's own, for a few minutes."""
    asked = {"ResponseContentDisposition": disposition(asset), "ResponseContentType": asset.content_type}
    return stores.current().url(asset.place, parameters=asked)
