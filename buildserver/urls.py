"""Every route; what has none is answered by `problems.not_found` last of all."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from buildserver import health, limits, metrics, problems, views

READ = ["get", "head"]
handler400 = problems.bad_request
handler403 = problems.forbidden
handler404 = problems.not_found
handler500 = problems.server_error

urlpatterns = [
    path("", include("kvstore.urls")),  # first, since routes are tried in turn, and these are asked most
    path("", views.Home.as_view()),
    path("favicon.ico", views.Icon.as_view()),
    path("ping", health.Ping.as_view()),
    path("status", health.Status.as_view()),
    path("authorize", health.Authorize.as_view()),
    path("healthz", health.Healthz.as_view()),
    path("readyz", health.Readyz.as_view()),
    path("metrics", metrics.MetricsView.as_view()),
    path("process", views.Process.as_view()),
    path("api/v1/limits", limits.Limits.as_view()),
    path("", include("assets.urls")),
    path("", include("powerplant.urls")),
    path("api/schema/", SpectacularJSONAPIView.as_view(http_method_names=READ), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema", http_method_names=READ), name="docs"),
    path("admin/", admin.site.urls),
    re_path(r"^(?P<page>admin|api/docs|api/schema)$", RedirectView.as_view(url="/%(page)s/")),
    re_path("", problems.not_found),
]
