"""`POST /api/v1/plans/curve` and `/api/v1/plans/compare`."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from powerplant import schema
from powerplant.conf import conf
from powerplant.problems import answered
from powerplant.views.parsing import Payloads
from powerplant.views.reading import read
from powerplant.views.searching import clock
from powerplant.whatif import compare, curve, read_loads, read_variants


class Question(Payloads, APIView):
    """Computes, and keeps nothing."""

    http_method_names = ["post"]
    throttle_scope = "open"


class Curve(Question):
    """`POST /api/v1/plans/curve`."""

    @extend_schema(
        operation_id="plans_curve",
        parameters=schema.CONVENTIONS,
        request={"application/json": schema.CURVE_QUESTION},
        responses={200: schema.CURVE},
    )
    def post(self, request: Request) -> Response:
        """The least cost of each load between two, for a chart."""
        with answered():
            asked = read(request, read_loads)
            with clock() as seconds:
                return Response({"points": list(curve(asked, conf.budget_s, seconds))})


class Compare(Question):
    """`POST /api/v1/plans/compare`."""

    @extend_schema(
        operation_id="plans_compare",
        parameters=schema.CONVENTIONS,
        request={"application/json": schema.COMPARE_QUESTION},
        responses={200: schema.COMPARISON},
    )
    def post(self, request: Request) -> Response:
        """The payload as each variant changes it; without variants under the four conventions."""
        with answered():
            fleets = read(request, read_variants)
            with clock() as seconds:
                return Response({"variants": list(compare(fleets, conf.budget_s, seconds))})
