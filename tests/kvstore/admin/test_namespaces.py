"""Namespaces in the admin."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from kvstore import exports
from kvstore.admin import namespaces as pages
from kvstore.cache import CacheAway
from kvstore.models import Change, Namespace, Record
from kvstore.store import namespaces
from tests.kvstore.admin.asking import NAMESPACES, said, save, text_of
from tests.kvstore.admin.conftest import Login


def listed(page: Any) -> list[str]:
    assert page.status_code == 200
    return [namespace.name for namespace in page.context["cl"].result_list]


def quota(client: Client, name: str, keys: str, size_bytes: str) -> Any:
    return client.post(f"{NAMESPACES}{name}/change/", {"max_keys_wanted": keys, "max_bytes_wanted": size_bytes})


def bounds(name: str) -> tuple[int | None, int | None]:
    found = Namespace.objects.get(name=name)
    return found.max_keys, found.max_bytes


def test_lists_namespaces_with_sizes_and_quotas_and_leads_to_their_records(admin_client: Client) -> None:
    for name in ("ci", "team", "gone"):
        save("a", b"12345", namespace=name)
    namespaces.set_quota("ci", 678, 9012, now=timezone.now())
    namespaces.delete("gone", now=timezone.now())
    page = admin_client.get(NAMESPACES)
    assert listed(page) == ["ci", "team"]
    cells = "".join(text_of(page).split())
    assert all(f">{number}<" in cells for number in (1, 5, 678, 9012))
    assert "/admin/kvstore/record/?q=ci%2F" in text_of(page)
    assert listed(admin_client.get(NAMESPACES, {"q": "te"})) == ["team"]


def test_sets_and_lifts_a_quota_through_the_store(admin_client: Client) -> None:
    save("a", namespace="ci")
    assert "was changed successfully" in said(quota(admin_client, "ci", "5", ""))
    assert bounds("ci") == (5, None)
    assert 'value="5"' in text_of(admin_client.get(f"{NAMESPACES}ci/change/"))
    said(quota(admin_client, "ci", "", "7"))
    assert bounds("ci") == (None, 7)
    assert [entry.change_message for entry in LogEntry.objects.order_by("id")] == [
        "At most 5 keys and None bytes.", "At most None keys and 7 bytes.",
    ]  # fmt: skip


@pytest.mark.parametrize("wrong", ["-1", "x", str(2**63)])
def test_refuses_a_bound_that_is_none(admin_client: Client, wrong: str) -> None:
    save("a", namespace="ci")
    text_of(quota(admin_client, "ci", wrong, ""))
    assert bounds("ci") == (None, None)


def test_says_that_the_cache_is_away(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise CacheAway("the cache is away")

    save("a", namespace="ci")
    monkeypatch.setattr(pages.namespaces, "set_quota", away)
    assert "the cache is away" in text_of(quota(admin_client, "ci", "5", ""))
    monkeypatch.setattr(pages.namespaces, "delete", away)
    assert "ci is not deleted: the cache is away" in said(admin_client.post(f"{NAMESPACES}ci/delete/", {"name": "ci"}))


def test_makes_a_namespace_for_its_quota(admin_client: Client) -> None:
    def add(name: str) -> Any:
        return admin_client.post(f"{NAMESPACES}add/", {"name_wanted": name, "max_keys_wanted": "5"})

    assert "was added successfully" in said(add("ci"))
    assert bounds("ci") == (5, None)
    assert "this namespace is there already" in text_of(add("ci"))
    assert "is no namespace" in text_of(add("CI"))
    save("a", namespace="gone")
    namespaces.delete("gone", now=timezone.now())
    said(add("gone"))
    assert listed(admin_client.get(NAMESPACES)) == ["ci", "gone"]


def test_deletes_a_namespace_when_its_name_was_typed(admin_client: Client) -> None:
    save("a", namespace="ci")
    save("a", namespace="team")
    page = text_of(admin_client.get(f"{NAMESPACES}ci/delete/"))
    assert "Delete all 1 keys" in page
    assert "That is not its name" not in page
    for wrong in ({}, {"name": "team"}):
        text = text_of(admin_client.post(f"{NAMESPACES}ci/delete/", wrong))
        assert ("That is not its name" in text) is bool(wrong)
    assert Record.objects.count() == 2
    assert "ci is deleted, with all that was in it." in said(
        admin_client.post(f"{NAMESPACES}ci/delete/", {"name": "ci"})
    )
    assert [record.path for record in Record.objects.all()] == ["team/a"]
    assert Change.objects.get(op="delete").author == "admin:admin"
    assert [entry.object_id for entry in LogEntry.objects.all()] == ["ci"]
    assert "Perhaps it was deleted?" in said(admin_client.post(f"{NAMESPACES}ci/delete/", {"name": "ci"}))


@pytest.mark.parametrize(("action", "changes"), [("export_namespace", 0), ("export_with_history", 2)])
def test_exports_a_namespace(admin_client: Client, action: str, changes: int) -> None:
    save("a", namespace="ci")
    save("a", b"2", namespace="ci")
    save("a", namespace="team")
    page = admin_client.get(f"{NAMESPACES}ci/{action}/")
    assert page["Content-Disposition"] == 'attachment; filename="ci.ndjson"'
    lines = b"".join(page.streaming_content).splitlines(keepends=True)
    assert len(lines) == 3 + changes
    assert lines[-1] == exports.encode(exports.End("ci", 1, changes, more=False))
    assert "Perhaps it was deleted?" in said(admin_client.get(f"{NAMESPACES}none/{action}/"))


def test_an_export_that_is_not_read_to_its_end_holds_on_to_nothing(admin_client: Client) -> None:
    save("a", namespace="ci")
    page = admin_client.get(f"{NAMESPACES}ci/export_namespace/")
    next(iter(page.streaming_content))
    page.close()
    save("a", b"2", namespace="ci")


def test_permissions_are_respected(login: Login) -> None:
    save("a", namespace="ci")
    client = login("view_namespace")
    assert 'name="max_keys_wanted"' not in text_of(client.get(f"{NAMESPACES}ci/change/"))
    assert quota(client, "ci", "5", "").status_code == 403
    for path in ("add/", "ci/delete/", "ci/export_namespace/", "ci/export_with_history/", "import/"):
        assert client.get(f"{NAMESPACES}{path}").status_code == 403
    assert client.post(f"{NAMESPACES}ci/delete/", {"name": "ci"}).status_code == 403


def test_deleting_a_namespace_asks_for_the_permission_to_delete_records_too(login: Login) -> None:
    save("a", namespace="ci")
    client = login("view_namespace", "delete_namespace")
    assert client.post(f"{NAMESPACES}ci/delete/", {"name": "ci"}).status_code == 403


def test_a_form_from_elsewhere_is_refused(login: Login) -> None:
    save("a", namespace="ci")
    names = ["view_namespace", "change_namespace", "add_namespace", "delete_namespace", "delete_record"]
    client = login(*names, csrf=True)
    assert quota(client, "ci", "5", "").status_code == 403
    assert client.post(f"{NAMESPACES}ci/delete/", {"name": "ci"}).status_code == 403
    assert client.post(f"{NAMESPACES}add/", {"name_wanted": "x"}).status_code == 403
    assert Record.objects.count() == 1
