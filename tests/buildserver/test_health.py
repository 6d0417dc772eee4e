import os

import pytest
from django.db import connection
from django.test.utils import override_settings
from rest_framework.test import APIClient


def test_ping_status_and_healthz_need_no_database(anonymous: APIClient) -> None:
    assert anonymous.get("/ping").json() == {"message": "pong"}
    assert anonymous.get("/status").json() == {"pid": os.getpid(), "status": "OK"}
    assert anonymous.get("/healthz").json() == {"status": "OK"}


@pytest.mark.django_db
def test_readyz_tells_the_state_of_each_part(anonymous: APIClient) -> None:
    answer = anonymous.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200, {"status": "OK", "database": "OK", "store": "OK", "cache": "OK"},
    )  # fmt: skip


@pytest.mark.django_db
@override_settings(CACHE_URL="redis://127.0.0.1:1/0")
def test_readyz_is_503_while_redis_is_away(anonymous: APIClient) -> None:
    answer = anonymous.get("/readyz")
    assert (answer.status_code, answer.json()["cache"], answer.headers["Retry-After"]) == (
        503,
        "away (ConnectionError)",
        "5",
    )


@pytest.mark.django_db
def test_readyz_is_200_with_redis_there(anonymous: APIClient, redis_url: str) -> None:
    with override_settings(CACHE_URL=redis_url):
        assert anonymous.get("/readyz").json()["cache"] == "OK"


@pytest.mark.django_db
def test_readyz_is_503_while_the_database_is_away(anonymous: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "cursor", lambda *_: 1 // 0)
    answer = anonymous.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "away (ZeroDivisionError)")
