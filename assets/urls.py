"""The routes of the app."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from assets.views import assets, builds, provenance, tags, uploads


class NameConverter(StringConverter):
    """Any text, line ends too: what is wrong with a name is a 400 that says it, not a 404."""

    regex = r"[\s\S]+"


register_converter(NameConverter, "asset_name")

urlpatterns = [
    path("buildserver/list-assets", builds.ListAssets.as_view()),
    path("buildserver/get-asset", builds.GetAsset.as_view()),
    path("buildserver/put-asset", builds.PutAsset.as_view()),
    path("api/v1/assets", assets.Assets.as_view()),
    path("api/v1/assets/have", assets.Have.as_view(), {"name": "have"}),
    path("api/v1/assets/<asset_name:name>", assets.AssetByName.as_view()),
    path("api/v1/provenance/<asset_name:name>", provenance.Provenance.as_view()),
    path("api/v1/uploads", uploads.Uploads.as_view()),
    path("api/v1/uploads/<str:key>", uploads.UploadByKey.as_view()),
    path("api/v1/uploads/<str:key>/complete", uploads.Complete.as_view()),
    path("api/v1/uploads/<str:key>/parts/<int:number>", uploads.Part.as_view(), name="assets_part"),
    path("api/v1/tags/<str:tag>", tags.TagByName.as_view()),
    path("api/v1/tags/<str:tag>/content", tags.TagContent.as_view()),
]
