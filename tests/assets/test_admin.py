"""Assets in the admin, on the directory and on S3."""

import io
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from assets import services
from assets.admin import AssetAdmin
from assets.models import Asset
from assets.stores.base import AssetStore

LIST = "/admin/assets/asset/"
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def assets(db: None, store: AssetStore) -> list[Asset]:
    """Three, of which two begin alike, and one of another store."""
    put = [services.put(name, io.BytesIO(data)).asset for name, data in (("a/1", b"1"), ("a/2", b"22"), ("b", b"333"))]
    Asset.objects.create(
        store="elsewhere", name="a/9", sha256="0" * 64, size=1, stamp="", content_type="", created_at=timezone.now()
    )
    return put


@pytest.fixture
def admin_client(client: Client) -> Client:
    """Of somebody who may do all there; a password would take longer than the tests."""
    client.force_login(User.objects.create(username="admin", is_staff=True, is_superuser=True), BACKEND)
    return client


def names_in(page: bytes) -> list[str]:
    return [name for name in ("a/1", "a/2", "a/9", "b") if f">{name}<".encode() in page]


def test_lists_the_assets_of_the_store_in_force(assets: list[Asset], admin_client: Client) -> None:
    page = admin_client.get(LIST).content
    assert names_in(page) == ["a/1", "a/2", "b"]
    assert assets[0].sha256[:16].encode() in page
    assert b"3\xc2\xa0bytes" in page


@pytest.mark.parametrize(
    ("term", "found"),
    [("a/", ["a/1", "a/2"]), ("b", ["b"]), ("1", ["a/1"]), ("3", ["b"]), ("", ["a/1", "a/2", "b"]), ("z", [])],
)
def test_is_searched_by_the_start_of_a_name_and_by_size(
    assets: list[Asset], admin_client: Client, term: str, found: list[str]
) -> None:
    assert names_in(admin_client.get(LIST, {"q": term}).content) == found


def test_is_searched_by_the_start_of_a_digest(assets: list[Asset], admin_client: Client) -> None:
    for length in (8, 64):
        assert names_in(admin_client.get(LIST, {"q": assets[1].sha256[:length].upper()}).content) == ["a/2"]
    assert names_in(admin_client.get(LIST, {"q": assets[1].sha256[:7]}).content) == []


def test_an_asset_can_be_looked_at_but_not_made_or_changed(assets: list[Asset], admin_client: Client) -> None:
    page = admin_client.get(f"{LIST}{assets[0].pk}/change/")
    assert page.status_code == 200
    assert assets[0].sha256.encode() in page.content
    assert b'name="_save"' not in page.content
    assert admin_client.get(f"{LIST}add/").status_code == 403
    assert admin_client.post(f"{LIST}{assets[0].pk}/change/", {"name": "x"}).status_code == 403


def test_deleting_one_deletes_its_object_too(assets: list[Asset], admin_client: Client, store: AssetStore) -> None:
    admin_client.post(f"{LIST}{assets[0].pk}/delete/", {"post": "yes"})
    assert sorted(store.all_names()) == ["a/2", "b"]
    chosen = [str(asset.pk) for asset in assets[1:]]
    admin_client.post(LIST, {"action": "delete_selected", "_selected_action": chosen, "post": "yes"})
    assert list(store.all_names()) == []
    assert [asset.name for asset in Asset.objects.all()] == ["a/9"]


def test_has_no_field_that_could_be_edited() -> None:
    shown: Any = AssetAdmin(Asset, admin.site)
    assert set(shown.readonly_fields) == set(shown.fields)
