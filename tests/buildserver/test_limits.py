"""Every limit in force, told in one place."""

from typing import Any

from django.conf import settings
from pytest_django import Settings
from rest_framework.test import APIClient

OF_SETTINGS = [
    ("kvstore", "value_bytes", "KVSTORE_MAX_VALUE_BYTES"),
    ("kvstore", "history_changes_of_a_key", "KVSTORE_HISTORY_COUNT"),
    ("kvstore", "history_days", "KVSTORE_HISTORY_DAYS"),
    ("assets", "asset_bytes", "ASSETS_MAX_BYTES"),
    ("assets", "min_free_bytes", "ASSETS_MIN_FREE_BYTES"),
    ("powerplant", "plants", "POWERPLANT_MAX_PLANTS"),
    ("powerplant", "budget_s", "POWERPLANT_BUDGET_S"),
    ("http", "watchers_per_worker", "MAX_WATCHERS"),
]


def told(api: APIClient) -> dict[str, dict[str, Any]]:
    answer = api.get("/api/v1/limits")
    assert answer.status_code == 200
    found: dict[str, dict[str, Any]] = answer.json()
    return found


def test_tells_the_limits_of_each_part(api: APIClient) -> None:
    limits = told(api)
    for part, name, setting in OF_SETTINGS:
        assert limits[part][name] == getattr(settings, setting)
    assert (limits["kvstore"]["key_bytes"], limits["kvstore"]["txn_operations"]) == (512, 1000)


def test_tells_those_in_force(api: APIClient, settings: Settings) -> None:
    settings.KVSTORE_MAX_VALUE_BYTES = 7
    settings.OPEN_RATE = (5, 60)
    limits = told(api)
    assert limits["kvstore"]["value_bytes"] == 7
    assert (limits["http"]["open_requests"], limits["http"]["open_requests_period_s"]) == (5, 60)
    settings.OPEN_RATE = None
    assert told(api)["http"]["open_requests"] is None


def test_a_limit_that_is_told_holds(api: APIClient) -> None:
    limit = told(api)["http"]["url_bytes"]
    at = "/ping?" + "a" * (limit - len("/pinga") + 1 - len("?") + 1)
    answers = [api.get(at[:-1]).status_code, api.get(at + "a").status_code]
    assert answers == [200, 414]


def test_is_for_admins(reader: APIClient, anonymous: APIClient) -> None:
    assert reader.get("/api/v1/limits").status_code == 403
    assert anonymous.get("/api/v1/limits").status_code == 401
    assert anonymous.post("/api/v1/limits").status_code == 405
