"""`POST /productionplan`: the challenge's request and answer."""

import logging

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from powerplant import live, schema
from powerplant.conf import MAX_BODY_BYTES, conf
from powerplant.dispatch import NoPlan, Plan, dispatch
from powerplant.units import WIND_MODES, Finding, Fleet, Malformed, TooManyPlants, read_fleet

logger = logging.getLogger(__name__)


class Refused(APIException):
    """An answer of any status; `members` are for a project that renders problem+json."""

    def __init__(self, status: int, detail: str, **members: object) -> None:
        """`members`: what the answer says beside its detail."""
        super().__init__(detail)
        self.status_code = status
        self.members = members


class ProductionPlan(APIView):
    """`POST /productionplan?wind=onoff|curtail&co2=true|false`."""

    http_method_names = ["post"]
    throttle_scope = "open"
    closed_scope = "plan"
    max_body_bytes = MAX_BODY_BYTES

    @extend_schema(
        operation_id="productionplan",
        parameters=[*schema.CONVENTIONS, *schema.HEADERS],
        request={"application/json": schema.PAYLOAD},
        responses=schema.ANSWERS,
    )
    def post(self, request: Request) -> Response:
        """The cheapest output of each plant that together meets the load."""
        fleet = read(request)
        try:
            plan = plan_of(fleet)
        except Refused as refused:
            show(request, {"status": refused.status_code, "detail": str(refused.detail), **refused.members})
            raise
        rows = [{"name": plant.name, "p": p / 10} for plant, p in zip(fleet.plants, plan.outputs, strict=True)]
        show(request, rows)
        return Response(rows, headers=headers(fleet, plan))


def read(request: Request) -> Fleet:
    """The request's fleet under its conventions; raises Refused with every fault of the query and of the body."""
    payload, faults = request.data, []
    options = {"wind": (WIND_MODES, conf.wind), "co2": (("true", "false"), "true" if conf.co2 else "false")}
    asked = {name: request.query_params.get(name, default) for name, (_, default) in options.items()}
    for name, (allowed, default) in options.items():
        if asked[name] not in allowed:
            faults.append(Finding(f"?{name}", "choice", f"{name} must be {' or '.join(allowed)}"))
            asked[name] = default
    try:
        fleet = read_fleet(payload, wind=asked["wind"], co2=asked["co2"] == "true", max_plants=conf.max_plants)
    except Malformed as fault:
        faults.extend(fault.faults)
    except TooManyPlants as fault:
        raise Refused(413, str(fault)) from None
    if faults:
        raise Refused(400, str(Malformed(faults)), errors=[finding._asdict() for finding in faults])
    return fleet


def plan_of(fleet: Fleet) -> Plan:
    """The plan; raises Refused with the reason and the nearest loads."""
    try:
        return dispatch(fleet.plants, fleet.load, budget_s=conf.budget_s)
    except NoPlan as fault:
        raise Refused(
            422, str(fault), reason=fault.reason, nearest_below_mw=mw(fault.below), nearest_above_mw=mw(fault.above)
        ) from None


def show(request: Request, answer: object) -> None:
    """Show the request and its answer to those who watch; the length of a chunked body only the project knows."""
    incoming = getattr(request, "incoming", None)
    size_bytes = int(request.META.get("CONTENT_LENGTH") or 0) if incoming is None else incoming.taken
    live.publish(request.data, answer, size_bytes)


def mw(tenths: int | None) -> float | None:
    """MW of tenths."""
    return None if tenths is None else tenths / 10


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
