"""`GET /api/v1/plans/stream`: plans as they are computed."""

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from powerplant.conf import conf, require
from powerplant.live.hub import HUB, Away
from powerplant.live.refusals import Unavailable
from powerplant.live.stream import Stream

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
DESCRIPTION = """Server-sent events `plan`, each one line of JSON: `{"request", "answer"}` of a plan of any worker. \
The answer is the plan, or the members of the problem where no plan meets the load. Of an exchange above 1 MiB both \
are null and `too_large_bytes` says its size. A comment comes at once and then every 15 s; who falls more than 4 MiB \
behind is cut off."""


class PlanStream(APIView):
    """`GET /api/v1/plans/stream`."""

    http_method_names = ["get"]

    @extend_schema(
        operation_id="plans_stream",
        responses={(200, "text/event-stream"): OpenApiResponse(OpenApiTypes.STR, DESCRIPTION)},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """Every plan that is asked for from here on, by anyone."""
        require(request)
        place = conf.take_place(request)
        try:
            watcher = HUB.watch()
        except Away as fault:
            place.close()
            raise Unavailable(str(fault)) from None
        stream = Stream(watcher, place, HUB.leave)
        return StreamingHttpResponse(stream, content_type="text/event-stream", headers=HEADERS)
