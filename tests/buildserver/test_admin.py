import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from rest_framework.test import APIClient
from unfold.admin import ModelAdmin

from kvstore.models import Identity

PASSWORD = "a-password-of-the-tests"  # pragma: allowlist secret
OURS = ("assets", "kvstore", "powerplant", "auth", "axes")
NOT_LOOKED_AT = (Permission, Identity)


@pytest.fixture
def person() -> Client:
    get_user_model().objects.create_superuser("someone", password=PASSWORD)
    client = Client()
    client.force_login(get_user_model().objects.get(), backend="django.contrib.auth.backends.ModelBackend")
    return client


def login(client: Client, password: str) -> int:
    page = client.get("/admin/login/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    form = {"username": "someone", "password": password, "csrfmiddlewaretoken": token[1] if token else ""}
    return int(client.post("/admin/login/?next=/admin/", form).status_code)


@pytest.mark.django_db
def test_a_person_logs_in_with_a_password_and_a_token() -> None:
    get_user_model().objects.create_superuser("someone", password=PASSWORD)
    client = Client(enforce_csrf_checks=True)
    assert login(client, "wrong") == 200
    assert login(client, PASSWORD) == 302
    assert client.get("/admin/").status_code == 200
    assert client.post("/admin/login/", {"username": "someone", "password": PASSWORD}).status_code == 403


@pytest.mark.django_db
def test_the_sixth_wrong_password_is_not_even_looked_at() -> None:
    get_user_model().objects.create_superuser("someone", password=PASSWORD)
    client = Client()
    assert [login(client, f"wrong{number}") for number in range(5)] == [200, 200, 200, 200, 429]
    assert login(client, PASSWORD) == 429
    locked = client.post("/admin/login/", {"username": "someone", "password": PASSWORD})
    assert locked.headers["Retry-After"] == "900"
    assert "too many failed logins" in locked.content.decode()


@pytest.mark.django_db
def test_a_session_does_not_open_the_api_and_a_key_not_the_admin(person: Client, api: APIClient) -> None:
    assert person.get("/admin/").status_code == 200
    assert person.get("/authorize").status_code == 401
    assert api.get("/admin/").status_code == 302


@pytest.mark.django_db
def test_every_model_of_ours_has_a_list_that_can_be_opened_and_searched(person: Client) -> None:
    models = [model for app in OURS for model in apps.get_app_config(app).get_models() if model not in NOT_LOOKED_AT]
    assert models
    for model in models:
        assert isinstance(admin.site.get_model_admin(model), ModelAdmin), model
        address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        assert person.get(address).status_code == 200, address
        assert person.get(address, {"q": "a/b c"}).status_code == 200, address


@pytest.mark.django_db
def test_the_admin_is_not_framed_and_not_cached(person: Client) -> None:
    answer = person.get("/admin/")
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "no-store" in answer.headers["Cache-Control"]
