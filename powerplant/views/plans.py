"""`/api/v1/plans`: whole reports, kept or not."""

import msgspec
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from powerplant import schema
from powerplant.conf import conf, require
from powerplant.dispatch import dispatch
from powerplant.fields import compressed
from powerplant.models import StoredPlan, TooLarge
from powerplant.problems import Refused, answered
from powerplant.report import report
from powerplant.units import Finding, Fleet, Malformed
from powerplant.views.parsing import Payloads
from powerplant.views.productionplan import fleet_of
from powerplant.views.reading import asked, read
from powerplant.views.searching import clock
from powerplant.views.showing import impossible_shown, show
from powerplant.whatif import Ways

MAX_LIMIT = 1000
LIMIT = rf"[1-9][0-9]{{0,2}}|{MAX_LIMIT}"


class Plans(Payloads, ViewSet):
    """A list and its members."""

    http_method_names = ["get", "head", "post", "delete"]

    @property
    def throttle_scope(self) -> str | None:
        """A plan that is not kept needs no key, and counts for its address."""
        return "open" if self.action == "create" and not keeps(self.request) else None

    @extend_schema(
        operation_id="plans_create",
        parameters=[*schema.CONVENTIONS, schema.STORE],
        request={"application/json": schema.PAYLOAD},
        responses=schema.REPORT_ANSWERS,
    )
    def create(self, request: Request) -> Response:
        """The whole report of the cheapest plan; kept with its request unless `store=false`."""
        if keeps(request):
            require(request)
        with impossible_shown(request), answered():
            fleet, kept = read(request, fleet_and_text if keeps(request) else fleet_alone, "store")
            with clock() as seconds:
                start = seconds()
                plan = dispatch(fleet.plants, fleet.load, budget_s=conf.budget_s, clock=seconds)
                told = report(fleet, plan, seconds() - start)
        show(request, told)
        if kept is None:
            return Response(told)
        try:
            row = StoredPlan.objects.keep(kept, told, getattr(getattr(request, "access", None), "name", None))
        except TooLarge as fault:
            raise Refused(413, f"{fault}; with ?store=false it is answered and not kept") from None
        location = f"{request.path}/{row.pk}"
        return Response({**told, "id": row.pk}, status=status.HTTP_201_CREATED, headers={"Location": location})

    @extend_schema(operation_id="plans_list", parameters=schema.PAGE, responses={200: schema.PLANS})
    def newest(self, request: Request) -> Response:
        """What was kept, the newest first."""
        require(request)
        with answered():
            limit, before = page_of(request)
        rows = list(StoredPlan.objects.before(before)[: limit + 1])
        more = str(rows[limit - 1].pk) if len(rows) > limit else None
        return Response({"items": [row.summary() for row in rows[:limit]], "next": more})

    @extend_schema(operation_id="plans_get", parameters=[schema.PLAN_ID], responses={200: schema.STORED})
    def retrieve(self, request: Request, plan: int) -> Response:
        """The report as it was answered, and the request that led to it."""
        require(request)
        row = StoredPlan.objects.filter(pk=plan).first()
        if row is None:
            raise Http404(f"there is no plan {plan}")
        told = msgspec.json.decode(row.report, type=dict[str, msgspec.Raw])
        kept = {"id": row.pk, "created_at": row.created_at, "created_by": row.created_by, "request": row.request}
        return Response({**told, **kept})

    @extend_schema(operation_id="plans_delete", parameters=[schema.PLAN_ID], responses={204: None})
    def destroy(self, request: Request, plan: int) -> Response:
        """Forget a plan."""
        require(request)
        if not StoredPlan.objects.filter(pk=plan).delete()[0]:
            raise Http404(f"there is no plan {plan}")
        return Response(status=status.HTTP_204_NO_CONTENT)


def page_of(request: Request) -> tuple[int, int | None]:
    """How many rows, and before which one. Raises Malformed."""
    faults = list[Finding]()
    limit = asked(request, "limit", LIMIT, f"a whole number from 1 to {MAX_LIMIT}", "100", faults)
    cursor = asked(request, "cursor", schema.CURSOR, "the next of a page", "", faults)
    if faults:
        raise Malformed(faults)
    return int(limit or 0), int(cursor) if cursor else None


def fleet_alone(payload: object, ways: Ways) -> tuple[Fleet, None]:
    """The fleet, of a plan that is not kept."""
    return fleet_of(payload, ways), None


def fleet_and_text(payload: object, ways: Ways) -> tuple[Fleet, bytes]:
    """The fleet, and the payload compressed, to be kept with the report."""
    return fleet_of(payload, ways), compressed(payload)


def keeps(request: Request) -> bool:
    """Whether the plan is to be kept; any word but `false` needs the key that this needs."""
    return request.query_params.getlist("store") != ["false"]
