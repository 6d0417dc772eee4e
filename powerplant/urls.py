"""The app's routes."""

from django.urls import path, register_converter

from powerplant import views
from powerplant.live.views import PlanStream


class Number:
    """The number of a row; one beyond 64 bits is no route."""

    regex = "[1-9][0-9]{0,17}"
    to_python = staticmethod(int)
    to_url = staticmethod(str)


register_converter(Number, "plan_number")

MANY = views.Plans.as_view({"get": "newest", "post": "create"})
ONE = views.Plans.as_view({"get": "retrieve", "delete": "destroy"})

urlpatterns = [
    path("productionplan", views.ProductionPlan.as_view()),
    path("api/v1/plans", MANY),
    path("api/v1/plans/curve", views.Curve.as_view()),
    path("api/v1/plans/compare", views.Compare.as_view()),
    path("api/v1/plans/stream", PlanStream.as_view()),
    path("api/v1/plans/<plan_number:plan>", ONE),
]
