"""The project's routes, and one of the benchmark's own: it reads the payload's JSON and answers the right list.

Parser, renderer, throttle, access and middleware are those of /productionplan, beside which it stands.
"""

from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response

from buildserver import urls
from buildserver.urls import handler400, handler403, handler404, handler500
from powerplant import urls as planner
from powerplant.dispatch import dispatch
from powerplant.report import challenge_answer
from powerplant.units import read_fleet
from powerplant.views import ProductionPlan
from tests.benchmarks.planner.official import PAYLOADS

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

FLEETS = [read_fleet(payload) for payload in PAYLOADS]
ANSWERS = {
    (payload["load"], payload["fuels"]["wind(%)"]): challenge_answer(fleet, dispatch(fleet.plants, fleet.load))
    for payload, fleet in zip(PAYLOADS, FLEETS, strict=True)
}


class ParseAndAnswer(ProductionPlan):
    """`POST /parse-and-answer`: nothing is computed."""

    schema = None

    def post(self, request: Request) -> Response:
        """The list that /productionplan answers."""
        payload = request.data
        return Response(ANSWERS[payload["load"], payload["fuels"]["wind(%)"]])


beside = [getattr(pattern, "urlconf_module", None) for pattern in urls.urlpatterns].index(planner)
urlpatterns = [*urls.urlpatterns]
urlpatterns.insert(beside, path("parse-and-answer", ParseAndAnswer.as_view()))
