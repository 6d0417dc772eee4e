"""`/api/v1/provenance/{name}`: what somebody states about an asset."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from assets import schema, serializers, services, statements
from assets.bodies import declared_bytes, kept_type
from assets.conf import READ, WRITE, require, sender
from assets.downloads import NOT_RUN
from assets.problems import Problem
from assets.serializers import checked
from assets.views.answering import AssetView


class Provenance(AssetView):
    """`PUT`, `GET /api/v1/provenance/{name}`, of the version `?sha256=`, or the one that is there."""

    http_method_names = ["get", "head", "put"]

    @extend_schema(
        operation_id="provenance_get",
        parameters=[schema.NAME_IN_PATH, schema.VERSION],
        responses={(200, "*/*"): schema.STATEMENT, **schema.answers(404)},
    )
    def get(self, request: Request, name: str) -> HttpResponse:
        """The statement, byte for byte."""
        require(request, READ, name)
        found = services.stated(name, checked(serializers.VersionQuery, request.query_params)["sha256"].lower())
        headers = {**NOT_RUN, "Content-Disposition": "attachment"}
        return HttpResponse(bytes(found.statement), content_type=found.content_type, headers=headers)

    @extend_schema(
        operation_id="provenance_put",
        parameters=[schema.NAME_IN_PATH, schema.VERSION],
        request={"application/json": schema.STATEMENT},
        responses=schema.answers(404, 413, 422, s200=schema.STATED, s201=schema.STATED),
    )
    def put(self, request: Request, name: str) -> Response:
        """Keep an in-toto statement, or a DSSE envelope around one, whose subject is the asset: 201 for the first."""
        require(request, WRITE, name)
        sha256 = checked(serializers.VersionQuery, request.query_params)["sha256"].lower()
        kind = kept_type(request.META.get("CONTENT_TYPE", ""))
        created = services.state(name, sha256, statement_of(request), kind, sender(request))
        found = services.find_version(name, sha256)
        return Response({"name": name, "sha256": found.sha256}, 201 if created else 200)


def statement_of(request: Request) -> bytes:
    """The body; raises Problem (413)."""
    declared = declared_bytes(request)
    if declared is not None and declared > statements.MAX_BYTES:
        raise Problem(413, f"the statement has {declared} bytes; at most {statements.MAX_BYTES} are kept")
    body: bytes = request.read(statements.MAX_BYTES + 1)
    if len(body) > statements.MAX_BYTES:
        raise Problem(413, f"the statement has more than {statements.MAX_BYTES} bytes, which are kept at most")
    return body
