"""The routes of the app."""

from django.urls import path

from assets import views

urlpatterns = [
    path("buildserver/list-assets", views.ListAssets.as_view()),
    path("buildserver/get-asset", views.GetAsset.as_view()),
    path("buildserver/put-asset", views.PutAsset.as_view()),
    path("api/v1/assets", views.Assets.as_view()),
    path("api/v1/assets/<path:name>", views.AssetByName.as_view()),
]
