"""`POST /productionplan`: the challenge's request and answer."""

import logging

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from powerplant import schema
from powerplant.conf import conf
from powerplant.dispatch import Plan, dispatch
from powerplant.problems import answered
from powerplant.report import challenge_answer
from powerplant.units import Fleet, read_fleet
from powerplant.views.parsing import Payloads
from powerplant.views.reading import read
from powerplant.views.searching import clock
from powerplant.views.showing import impossible_shown, show
from powerplant.whatif import Ways

logger = logging.getLogger(__name__)


class ProductionPlan(Payloads, APIView):
    """`POST /productionplan?wind=onoff|curtail&co2=true|false`."""

    http_method_names = ["post"]
    throttle_scope = "open"

    @extend_schema(
        operation_id="productionplan",
        parameters=[*schema.CONVENTIONS, *schema.HEADERS],
        request={"application/json": schema.PAYLOAD},
        responses=schema.ANSWERS,
    )
    def post(self, request: Request) -> Response:
        """The cheapest output of each plant that together meets the load."""
        with impossible_shown(request), answered():
            fleet = read(request, fleet_of)
            with clock() as seconds:
                plan = dispatch(fleet.plants, fleet.load, budget_s=conf.budget_s, clock=seconds)
        told = challenge_answer(fleet, plan)
        show(request, told)
        return Response(told, headers=headers(fleet, plan))


def fleet_of(payload: object, ways: Ways) -> Fleet:
    """The challenge's payload under these conventions."""
    return read_fleet(payload, wind=ways.wind, co2=ways.co2, max_plants=ways.max_plants)


def headers(fleet: Fleet, plan: Plan) -> dict[str, str]:
    """What the challenge's answer has no room for; a plan without proof is logged too."""
    if not plan.optimal:
        logger.warning("plan without proof", extra={"plants": len(fleet.plants), "gap_eur": plan.gap_eur})
    return {
        "X-Plan-Status": "optimal" if plan.optimal else "feasible",
        "X-Plan-Gap-Eur": f"{plan.gap_eur:.6f}",
        "X-Plan-Cost-Eur": f"{plan.cost_eur:.6f}",
        "X-Plan-Co2-Ton": f"{fleet.co2_ton(plan.outputs):.6f}",
        "X-Plan-Wind": fleet.wind,
        "X-Plan-Co2": "true" if fleet.co2 else "false",
    }
