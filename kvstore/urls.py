"""The routes, to be included at the root of a project."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from kvstore import views


class KeyConverter(StringConverter):
    """Any text, empty or with line ends too: what is wrong with a key is a 400 that says it, not a 404."""

    regex = r"[\s\S]*"


register_converter(KeyConverter, "kvstore_key")

urlpatterns = [
    path("save", views.Save.as_view()),
    path("get", views.Get.as_view()),
    path("get/<kvstore_key:key>", views.GetByPath.as_view()),
    path("delete", views.Delete.as_view()),
    path("delete/<kvstore_key:key>", views.DeleteByPath.as_view()),
]
