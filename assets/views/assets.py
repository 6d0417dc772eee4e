"""`/api/v1/assets`: assets by name, with all that is known of them."""

from typing import Any

from django.db.models import prefetch_related_objects
from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from assets import schema, serializers, services
from assets.bodies import put_raw
from assets.conf import READ, WRITE, places, require
from assets.downloads import content
from assets.serializers import checked
from assets.views.answering import AssetView, page_for


class Assets(AssetView):
    """`GET /api/v1/assets`."""

    http_method_names = ["get", "head"]

    @extend_schema(
        operation_id="assets_list", parameters=[*schema.LIST, schema.LABEL], responses=schema.answers(s200=schema.ITEMS)
    )
    def get(self, request: Request) -> Response:
        """Assets by name, in byte order."""
        page = page_for(request, request.query_params.getlist("label"))
        prefetch_related_objects(page.items, "labels", "tags")
        return Response({"items": [serializers.item(asset) for asset in page.items], "next": page.next})


class AssetByName(AssetView):
    """`GET`, `HEAD`, `PUT`, `DELETE /api/v1/assets/{name}`."""

    http_method_names = ["get", "head", "put", "delete"]

    @extend_schema(
        operation_id="assets_get",
        parameters=[schema.NAME_IN_PATH, schema.REDIRECT, schema.VERSION, schema.IF_NONE_MATCH],
        responses=schema.content(),
    )
    def get(self, request: Request, name: str) -> HttpResponseBase:
        """The bytes of an asset; one range of them with `Range`."""
        require(request, READ, name)
        asked = checked(serializers.RedirectQuery, request.query_params)
        return content(request, name, redirect=asked["redirect"], sha256=asked["sha256"].lower())

    @extend_schema(
        operation_id="assets_put",
        parameters=[schema.NAME_IN_PATH, schema.REPLACE, schema.DIGEST],
        request={services.OCTETS: schema.BYTES},
        responses=schema.answers(*schema.PUT_FAULTS, s200=schema.ITEM, s201=schema.ITEM),
    )
    def put(self, request: Request, name: str) -> Response:
        """Store the body, of whatever type: 201, or 200 when these bytes are there."""
        require(request, WRITE, name)
        asked = checked(serializers.ReplaceQuery, request.query_params)
        done = put_raw(request, name, replace=asked["replace"])
        return Response(serializers.item(done.asset), 201 if done.created else 200)

    @extend_schema(operation_id="assets_delete", parameters=[schema.NAME_IN_PATH], responses=schema.deleted())
    def delete(self, request: Request, name: str) -> Response:
        """Remove the asset."""
        require(request, WRITE, name)
        services.delete(name)
        return Response(status=204)


def of_have(method: str) -> Any:
    """The operation on the asset of that name, whose route has no name in it."""
    return extend_schema(operation_id=f"assets_have_{method}", parameters=[schema.NO_NAME_IN_PATH])


@extend_schema_view(**{method: of_have(method) for method in ("get", "put", "delete")})
class Have(AssetByName):
    """`POST /api/v1/assets/have`, beside the asset of that name."""

    http_method_names = [*AssetByName.http_method_names, "post"]

    @extend_schema(
        operation_id="assets_have",
        request={"application/json": schema.HAVE},
        responses=schema.answers(415, s200=schema.FOUND),
    )
    def post(self, request: Request, name: str) -> Response:  # noqa: ARG002 - of the asset
        """Which of these bytes are there under these names, so that nobody sends them again."""
        require(request, READ)
        asked = serializers.wanted(request.data)
        return Response(services.have(asked, places(request, READ)))
