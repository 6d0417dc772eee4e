"""Browsers that are logged in; without a transaction around a test, since the store's own are the outermost."""

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import Settings

Login = Callable[..., Client]


@pytest.fixture(autouse=True)
def plain_files(transactional_db: None, settings: Settings) -> None:
    """Static files are named as they are, since none were collected."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}


@pytest.fixture
def login(transactional_db: None) -> Login:
    """Logs somebody in who has these permissions, such as `view_record`."""

    from django.contrib.auth.models import Permission, User  # noqa: PLC0415 - pytest may read this file too early

    def login(*names: str, csrf: bool = False) -> Client:
        user = User.objects.create_user("staff", is_staff=True)
        for name in names:
            user.user_permissions.add(Permission.objects.get(codename=name))
        client = Client(enforce_csrf_checks=csrf)
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        return client

    return login
