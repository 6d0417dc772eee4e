"""Whether the service lives and can work, and who the caller is: the routes that machines watch."""

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import redis
from django.conf import settings
from django.db import connection
from drf_spectacular.utils import OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets import services as asset_services
from buildserver import access
from buildserver.problems import RETRY_AFTER_S
from kvstore.cache import cache as record_cache

STARTED = time.time()


def shape(name: str, **fields: Any) -> Any:
    """A small answer's shape for the OpenAPI document."""
    return inline_serializer(name, {key: value() if callable(value) else value for key, value in fields.items()})


class Ping(APIView):
    """`GET /ping`."""

    http_method_names = ["get", "head"]

    @extend_schema(operation_id="ping", responses=shape("Pong", message=serializers.CharField))
    def get(self, _request: Request) -> Response:
        """Answers `pong`."""
        return Response({"message": "pong"})


class Status(APIView):
    """`GET /status`."""

    http_method_names = ["get", "head"]

    @extend_schema(
        operation_id="status", responses=shape("Status", pid=serializers.IntegerField, status=serializers.CharField)
    )
    def get(self, _request: Request) -> Response:
        """The worker that answers."""
        return Response({"pid": os.getpid(), "status": "OK"})


AUTHORIZED = shape(
    "Authorized",
    authorized=serializers.BooleanField,
    key=serializers.CharField,
    scopes=serializers.ListField(child=serializers.CharField()),
)


class Authorize(APIView):
    """`GET` and `POST /authorize`."""

    http_method_names = ["get", "head", "post"]

    @extend_schema(
        operation_id="authorize",
        responses=AUTHORIZED,
    )
    def get(self, request: Request) -> Response:
        """Whose key was sent, and what it may do."""
        key = access.of(request).require_key()
        return Response({"authorized": True, "key": key.name, "scopes": [str(scope) for scope in key.scopes]})

    @extend_schema(operation_id="authorize_post", request=None, responses=AUTHORIZED)
    def post(self, request: Request) -> Response:
        """The same, for clients that only POST; the body does not matter."""
        return self.get(request)


class Healthz(APIView):
    """`GET /healthz`."""

    http_method_names = ["get", "head"]

    @extend_schema(operation_id="healthz", responses=shape("Health", status=serializers.CharField))
    def get(self, _request: Request) -> Response:
        """The process answers; nothing else is asked, so that a lost database does not restart it."""
        return Response({"status": "OK"})


class Readyz(APIView):
    """`GET /readyz`."""

    http_method_names = ["get", "head"]

    @extend_schema(
        operation_id="readyz",
        responses={
            200: shape("Readiness", **dict.fromkeys(("status", "database", "store", "cache"), serializers.CharField)),
            503: OpenApiResponse(description="The same, with what is wrong"),
        },
    )
    def get(self, _request: Request) -> Response:
        """The state of database, store and cache; 503 while one of them is away."""
        state = {name: outcome(check) for name, check in CHECKS.items()}
        ready = all(value == "OK" for value in state.values())
        body = {"status": "OK" if ready else "unavailable", **state}
        return Response(body, 200 if ready else 503, headers={} if ready else {"Retry-After": str(RETRY_AFTER_S)})


def outcome(check: Callable[[], None]) -> str:
    """`OK`, or the kind of fault; its text may hold addresses and stays in the log."""
    try:
        check()
    except Exception as fault:  # noqa: BLE001 - whatever it is, the part is not ready
        return f"away ({type(fault).__name__})"
    return "OK"


def check_database() -> None:
    """One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def check_cache() -> None:
    """A write could tell the cache of itself: its file can be mapped, or Redis answers."""
    with record_cache().changing(()):
        pass
    if settings.CACHE_URL.startswith("redis"):
        with redis.Redis.from_url(settings.CACHE_URL, socket_timeout=1, socket_connect_timeout=1) as client:
            client.ping()


CHECKS: Mapping[str, Callable[[], None]] = {
    "database": check_database,
    "store": asset_services.check_store,
    "cache": check_cache,
}
