"""The plain views: the key compared in constant time, one raw statement, the bytes passed through."""

import msgspec
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse

READ = "SELECT value, version, expires_at FROM kvstore_record WHERE path = %s AND NOT deleted"
WRITE = "UPDATE kvstore_record SET value = %s, version = version + 1 WHERE path = %s"


class Save(msgspec.Struct):
    """What is saved."""

    key: str
    value: msgspec.Raw


decoder = msgspec.json.Decoder(Save)


def allowed(request: HttpRequest) -> bool:
    """Whether the key is one of ours."""
    return settings.PRESHARED.find(request.META.get("HTTP_X_API_KEY", "")) is not None


def get(request: HttpRequest) -> HttpResponse:
    """`GET /plain/get?key=K`."""
    if not allowed(request):
        return HttpResponse(status=401)
    key = request.GET["key"]
    with connection.cursor() as cursor:
        cursor.execute(READ, [f"default/{key}"])
        value, version, expires_at = cursor.fetchone()
    shown = {"key": key, "value": msgspec.Raw(bytes(value)), "version": version, "expires_at": expires_at}
    return HttpResponse(msgspec.json.encode(shown), content_type="application/json")


def save(request: HttpRequest) -> HttpResponse:
    """`POST /plain/save`, of a key that is there: one statement, which is all that is written."""
    if not allowed(request):
        return HttpResponse(status=401)
    asked = decoder.decode(request.body)
    with connection.cursor() as cursor:
        cursor.execute(WRITE, [bytes(asked.value), f"default/{asked.key}"])
        found = cursor.rowcount
    return HttpResponse(
        msgspec.json.encode({"key": asked.key, "saved": found}),
        content_type="application/json",
        status=200 if found else 404,
    )


def hello(_request: HttpRequest) -> HttpResponse:
    """`GET /plain/hello`: what a request costs before a view does anything."""
    return HttpResponse(b'{"message": "hello"}', content_type="application/json")
