"""`/buildserver/…`: builds and their images, as the first clients know them."""

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import MethodNotAllowed, UnsupportedMediaType
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets import schema, serializers, services
from assets.bodies import FORM, media_type, put_form, put_json, put_raw
from assets.conf import READ, WRITE, require
from assets.downloads import content
from assets.serializers import checked
from assets.views.answering import AssetView, page_for

HOW_TO_PUT = (
    "an asset is stored with PUT or POST /buildserver/put-asset?build=NAME and its bytes as the body, "
    'or with POST /buildserver/put-asset and JSON like {"build": "ci-1", "image": "text"}, '
    "or a form with the fields build and file"
)


class ListAssets(AssetView):
    """`GET /buildserver/list-assets`."""

    http_method_names = ["get", "head"]

    @extend_schema(operation_id="list_assets", parameters=schema.LIST, responses=schema.answers(s200=schema.BUILDS))
    def get(self, request: Request) -> Response:
        """Assets by name, in byte order, with the text of small ones."""
        page = page_for(request)
        return Response({"assets": [serializers.build(asset) for asset in page.items], "next": page.next})


class GetAsset(AssetView):
    """`GET /buildserver/get-asset?build=B`."""

    http_method_names = ["get", "head"]

    @extend_schema(
        operation_id="get_asset",
        parameters=[schema.BUILD_IN_QUERY, schema.REDIRECT, schema.IF_NONE_MATCH],
        responses=schema.content(),
    )
    def get(self, request: Request) -> HttpResponseBase:
        """The bytes of an asset; one range of them with `Range`."""
        require(request, READ, request.query_params.get("build"))
        asked = checked(serializers.GetQuery, request.query_params)
        return content(request, asked["build"], redirect=asked["redirect"])


class PutAsset(AssetView):
    """`PUT`, `POST /buildserver/put-asset`."""

    http_method_names = ["put", "post"]
    parser_classes = [*APIView.parser_classes, MultiPartParser]
    max_body_bytes = 16 * 2**20  # of JSON, which is held in memory

    def handle_exception(self, fault: Exception) -> Response:
        """A browser's GET is told how to do it."""
        if isinstance(fault, MethodNotAllowed):
            fault = MethodNotAllowed(str(self.request.method), detail=HOW_TO_PUT)
        return super().handle_exception(fault)

    @extend_schema(
        operation_id="put_asset",
        parameters=[schema.BUILD_IN_QUERY, schema.REPLACE, schema.DIGEST],
        request={services.OCTETS: schema.BYTES},
        responses=schema.answers(*schema.PUT_FAULTS, s200=schema.STORED, s201=schema.STORED),
    )
    def put(self, request: Request) -> Response:
        """Store the body, of whatever type: 201, or 200 when these bytes are there. POST with ?build= does the same."""
        require(request, WRITE, request.query_params.get("build"))
        if media_type(request) == FORM:
            raise UnsupportedMediaType(FORM, "a form is taken with POST; PUT takes the bytes themselves")
        asked = checked(serializers.PutQuery, request.query_params)
        return stored(put_raw(request, asked["build"], replace=asked["replace"]))

    @extend_schema(
        operation_id="put_asset_form",
        parameters=[schema.DIGEST],
        request={"application/json": schema.PUT_JSON, FORM: schema.PUT_FORM},
        responses=schema.answers(*schema.PUT_FAULTS, s200=schema.STORED, s201=schema.STORED),
    )
    def post(self, request: Request) -> Response:
        """Store a text that comes as JSON, or the file of a form."""
        if is_raw(request):
            return self.put(request)
        require(request, WRITE)
        return stored(put_form(request) if media_type(request) == FORM else put_json(request))


def is_raw(request: Request) -> bool:
    """Whether put-asset takes the body itself for the bytes."""
    return request.method == "PUT" or ("build" in request.GET and media_type(request) != FORM)


def stored(done: services.Put) -> Response:
    """What put-asset answers."""
    asset = done.asset
    body = {"build": asset.name, "sha256": asset.sha256, "size": asset.size}
    return Response(body, 201 if done.created else 200)
