"""The routes of the app."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from assets import views


class NameConverter(StringConverter):
    """Any text, line ends too: what is wrong with a name is a 400 that says it, not a 404."""

    regex = r"[\s\S]+"


register_converter(NameConverter, "asset_name")

urlpatterns = [
    path("buildserver/list-assets", views.ListAssets.as_view()),
    path("buildserver/get-asset", views.GetAsset.as_view()),
    path("buildserver/put-asset", views.PutAsset.as_view()),
    path("api/v1/assets", views.Assets.as_view()),
    path("api/v1/assets/<asset_name:name>", views.AssetByName.as_view()),
]
