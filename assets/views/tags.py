"""`/api/v1/tags/{tag}`: names that move from asset to asset."""

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from assets import schema, serializers, services
from assets.conf import READ, WRITE, require, sender
from assets.downloads import content
from assets.models import Tag
from assets.serializers import checked
from assets.views.answering import AssetView


def tag_for(request: Request, action: str, name: str) -> Tag:
    """The tag, whose asset the sender may touch so. What may not be touched is 403 only to those who may know of it."""
    require(request, action)
    tag = services.find_tag(name)
    require(request, action, tag.asset.name)
    return tag


class TagByName(AssetView):
    """`GET`, `PUT`, `DELETE /api/v1/tags/{tag}`."""

    http_method_names = ["get", "head", "put", "delete"]

    @extend_schema(
        operation_id="tags_get", parameters=[schema.TAG_IN_PATH], responses=schema.answers(404, s200=schema.TAG)
    )
    def get(self, request: Request, tag: str) -> Response:
        """The asset that the tag stands on."""
        return Response(serializers.tag(tag_for(request, READ, tag)))

    @extend_schema(
        operation_id="tags_put",
        parameters=[schema.TAG_IN_PATH],
        request={"application/json": schema.PUT_TAG},
        responses=schema.answers(404, 415, s200=schema.TAG, s201=schema.TAG),
    )
    def put(self, request: Request, tag: str) -> Response:
        """Have the tag stand on an asset: 201 where it is new. Who moves it may write where it stood, too."""
        require(request, WRITE)
        asked = checked(serializers.PutTag, request.data)
        require(request, WRITE, asked["asset"])
        moved, created = services.move_tag(
            tag, asked["asset"], sender(request), lambda stood: require(request, WRITE, stood)
        )
        return Response(serializers.tag(moved), 201 if created else 200)

    @extend_schema(operation_id="tags_delete", parameters=[schema.TAG_IN_PATH], responses=schema.deleted())
    def delete(self, request: Request, tag: str) -> Response:
        """Take the tag away; the asset stays."""
        tag_for(request, WRITE, tag).delete()
        return Response(status=204)


class TagContent(AssetView):
    """`GET /api/v1/tags/{tag}/content`."""

    http_method_names = ["get", "head"]

    @extend_schema(
        operation_id="tags_content",
        parameters=[schema.TAG_IN_PATH, schema.REDIRECT, schema.IF_NONE_MATCH],
        responses=schema.content(),
    )
    def get(self, request: Request, tag: str) -> HttpResponseBase:
        """The bytes of the asset that the tag stands on; one range of them with `Range`."""
        asked = checked(serializers.RedirectQuery, request.query_params)
        return content(request, tag_for(request, READ, tag).asset.name, redirect=asked["redirect"])
