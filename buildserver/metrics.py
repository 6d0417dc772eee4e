"""Counters for Prometheus, summed over the workers, and the route that gives them."""

import os

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from rest_framework.request import Request
from rest_framework.views import APIView

from buildserver import access
from buildserver.content import PlainText

REQUESTS = Counter("buildserver_requests", "Answered requests", ["method", "route", "status"])
SECONDS = Histogram(
    "buildserver_request_seconds",
    "Time from a request's first byte to its answer's",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
KEPT_SERIES = 4096
SERIES: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}


def count(request: HttpRequest, response: HttpResponseBase, elapsed_s: float) -> None:
    """Count an answer by method, route and status, and its time by route.

    The route is its pattern, so that names and keys do not multiply the series.
    """
    route = request.resolver_match.route if request.resolver_match else ""
    method = request.method if request.method in METHODS else "other"
    requests, seconds = SERIES.get((method, route, response.status_code)) or series(method, route, response.status_code)
    requests.inc()
    seconds.observe(elapsed_s)


def series(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """The two series of such answers, kept for the next one."""
    found = REQUESTS.labels(method, route, status), SECONDS.labels(route)
    if len(SERIES) < KEPT_SERIES:
        SERIES[method, route, status] = found
    return found


class MetricsView(APIView):
    """`GET /metrics`, scope `admin`."""

    http_method_names = ["get", "head"]
    renderer_classes = [PlainText]

    @extend_schema(
        operation_id="metrics",
        responses={(200, "text/plain"): OpenApiResponse(OpenApiTypes.STR, "Prometheus's text format")},
    )
    def get(self, request: Request) -> HttpResponse:
        """Counters and histograms of all workers in Prometheus's text format."""
        access.of(request).require("admin")
        return HttpResponse(generate_latest(registry()), content_type=CONTENT_TYPE_LATEST)


def registry() -> CollectorRegistry:
    """All workers' figures where they share a directory, else this process's."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    shared = CollectorRegistry()
    MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
    return shared
