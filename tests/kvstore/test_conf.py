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
