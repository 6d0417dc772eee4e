"""The project's routes, and beside those of the store the plain views, as deep in a list of their own."""

from django.urls import include, path

from buildserver import urls
from buildserver.urls import handler400, handler403, handler404, handler500
from kvstore import urls as ours
from tests.benchmarks.kv.beside import views

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

plain = [
    path("plain/save", views.save),
    path("plain/get", views.get),
    path("plain/hello", views.hello),
]
place = [getattr(pattern, "urlconf_module", None) for pattern in urls.urlpatterns].index(ours)
urlpatterns = [*urls.urlpatterns]
urlpatterns.insert(place, path("", include(plain)))
