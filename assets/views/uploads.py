"""`/api/v1/uploads`: bytes in parts, straight into the store where it takes them, else to an address of ours."""

from typing import Any

from django.core import signing
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from assets import digests, schema, serializers, services
from assets.bodies import declared_bytes, kept_type, may_read
from assets.conf import WRITE, require, sender
from assets.models import Upload
from assets.problems import Problem
from assets.serializers import checked
from assets.views.answering import AssetView

SALT = "assets.uploads"
ASK_AGAIN_S = 1


def part(request: Request, upload: Upload, number: int) -> dict[str, Any]:
    """A part and where it is PUT, by whoever has the address."""
    url = services.part_url(upload, number)
    if url is None:
        path = reverse("assets_part", args=[upload.pk, number])
        url = request.build_absolute_uri(f"{path}?signature={signature_of(upload.pk, number)}")
    return {"number": number, "url": url}


def signature_of(key: str, number: int) -> str:
    """What makes the address of a part one that we gave."""
    return signing.Signer(salt=SALT).signature(f"{key}/{number}")


def upload_for(request: Request, key: str) -> Upload:
    """The upload, of an asset that the sender may write."""
    require(request, WRITE)
    upload = services.find_upload(key)
    require(request, WRITE, upload.name)
    return upload


class Uploads(AssetView):
    """`POST /api/v1/uploads`."""

    http_method_names = ["post"]

    @extend_schema(
        operation_id="uploads_begin",
        request={"application/json": schema.BEGIN},
        responses=schema.answers(409, 413, 415, 507, s200=schema.PRESENT, s201=schema.BEGUN),
    )
    def post(self, request: Request) -> Response:
        """Where to PUT the parts of an asset. 200 where the store has these bytes: then they are the asset at once."""
        require(request, WRITE)
        asked = checked(serializers.Begin, request.data)
        require(request, WRITE, asked["name"])
        kind = kept_type(asked["content_type"])
        about = services.About(kind, sender(request), asked["labels"], may_read(request))
        begun = services.begin(asked["name"], asked["size"], asked["sha256"], replace=asked["replace"], about=about)
        if isinstance(begun, services.Put):
            return Response({"present": True, **serializers.item(begun.asset)})
        parts = [part(request, begun, number) for number in range(1, begun.part_count + 1)]
        body = {"upload": begun.pk, "part_size": begun.part_size, "parts": parts, "expires_at": begun.expires_at}
        return Response(body, 201)


class UploadByKey(AssetView):
    """`GET`, `DELETE /api/v1/uploads/{id}`."""

    http_method_names = ["get", "head", "delete"]

    @extend_schema(
        operation_id="uploads_get",
        parameters=[schema.UPLOAD_IN_PATH],
        responses=schema.answers(404, s200=schema.UPLOAD),
    )
    def get(self, request: Request, key: str) -> Response:
        """What is missing, with fresh addresses; while it is being verified this goes on where it stopped."""
        upload = upload_for(request, key)
        if upload.state == Upload.VERIFYING:
            upload = services.complete(upload)
        return Response(shown(request, upload))

    @extend_schema(operation_id="uploads_abort", parameters=[schema.UPLOAD_IN_PATH], responses=schema.deleted(409))
    def delete(self, request: Request, key: str) -> Response:
        """Forget the upload and its parts."""
        services.abort(upload_for(request, key))
        return Response(status=204)


class Complete(AssetView):
    """`POST /api/v1/uploads/{id}/complete`."""

    http_method_names = ["post"]

    @extend_schema(
        operation_id="uploads_complete",
        parameters=[schema.UPLOAD_IN_PATH],
        request=None,
        responses=schema.answers(404, 409, 422, 507, s200=schema.ITEM, s201=schema.ITEM, s202=schema.UPLOAD),
    )
    def post(self, request: Request, key: str) -> Response:
        """Verify the whole: 201 once it is an asset, 202 while that takes long, 200 where it was one before."""
        upload = upload_for(request, key)
        was_done = upload.state == Upload.DONE
        upload = services.complete(upload)
        services.raise_failed(upload)
        if upload.state == Upload.DONE:
            return Response(serializers.item(services.find(upload.name)), 200 if was_done else 201)
        return Response(shown(request, upload), 202, headers={"Retry-After": str(ASK_AGAIN_S)})


class Part(AssetView):
    """`PUT /api/v1/uploads/{id}/parts/{number}`, for whoever was given its address."""

    http_method_names = ["put"]

    @extend_schema(
        operation_id="uploads_part",
        auth=[],
        parameters=[schema.UPLOAD_IN_PATH, schema.PART_IN_PATH, schema.SIGNATURE, schema.DIGEST],
        request={services.OCTETS: schema.BYTES},
        responses=schema.emptied(404, 409, 413, 422, 507),
    )
    def put(self, request: Request, key: str, number: int) -> Response:
        """Keep the part; one that is sent again takes its place."""
        sent = request.query_params.get("signature", "")
        if not constant_time_compare(sent, signature_of(key, number)):
            raise PermissionDenied("this is no address that was given for a part")
        upload = services.find_upload(key)
        declared = declared_bytes(request)
        if declared is not None and declared != (wanted := services.part_bytes(upload, number)):
            raise Problem(400, f"the part has {wanted} bytes; {declared} are announced")
        services.take_part(upload, number, request, digests.claims(request.headers))
        return Response(status=204)


def shown(request: Request, upload: Upload) -> dict[str, Any]:
    """What is known of an upload."""
    return {
        "upload": upload.pk,
        "name": upload.name,
        "size": upload.size,
        "sha256": upload.sha256,
        "state": upload.state,
        "detail": upload.fault,
        "part_size": upload.part_size,
        "missing": [part(request, upload, number) for number in services.missing(upload)],
        "expires_at": upload.expires_at,
    }
