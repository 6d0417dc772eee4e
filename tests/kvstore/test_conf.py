"""The app's settings, and its access where the project has none."""

import pytest
from pytest_django import Settings
from rest_framework.exceptions import PermissionDenied
from rest_framework.test import APIRequestFactory

from kvstore.conf import conf, require_access
from kvstore.views.plain import Get, Save


def test_a_project_that_sets_nothing_has_the_defaults(settings: Settings) -> None:
    del settings.KVSTORE_MAX_VALUE_BYTES
    assert (conf.max_value_bytes, conf.max_body_bytes, conf.allow) == (2**20, 2**20 + 8192, ())


def test_settings_are_read_when_they_are_used(settings: Settings) -> None:
    settings.KVSTORE_MAX_VALUE_BYTES = 10
    settings.KVSTORE_ALLOW = ["kv:read"]
    assert (conf.max_value_bytes, conf.max_body_bytes, conf.allow) == (10, 8202, ("kv:read",))


@pytest.mark.parametrize("action", ["kv:read", "kv:write"])
def test_without_access_control_nobody_may_do_anything(action: str) -> None:
    told = f"^{action} is allowed to nobody: set request.access in a middleware, or KVSTORE_ALLOW$"
    with pytest.raises(PermissionDenied, match=told):
        require_access(APIRequestFactory().get("/get"), action)


def test_without_access_control_the_setting_decides(settings: Settings) -> None:
    settings.KVSTORE_ALLOW = ["kv:read"]
    assert Get.as_view()(APIRequestFactory().get("/get")).status_code == 400
    assert Save.as_view()(APIRequestFactory().post("/save")).status_code == 403


def test_a_project_that_sets_nothing_has_no_cache_and_one_process(settings: Settings) -> None:
    for name in ("KVSTORE_CACHE_URL", "KVSTORE_CACHE_FILE", "KVSTORE_CACHE_BYTES", "KVSTORE_PROCESSES"):
        if hasattr(settings, name):
            delattr(settings, name)
    assert (conf.cache_url, conf.cache_bytes, conf.processes) == ("none://", 64 * 2**20, 1)


def test_settings_of_the_cache_are_read_when_they_are_used(settings: Settings) -> None:
    settings.KVSTORE_CACHE_URL, settings.KVSTORE_CACHE_BYTES, settings.KVSTORE_PROCESSES = "shm://", 10, 4
    assert (conf.cache_url, conf.cache_bytes, conf.processes) == ("shm://", 10, 4)


def test_sqlite_is_within_the_process() -> None:
    assert not conf.database_is_apart
