"""Records in the admin."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from kvstore import admin, store
from kvstore.keys import path_of
from kvstore.models import Record

RECORDS = "/admin/kvstore/record/"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def staff(admin_client: Client, settings: Settings) -> Client:
    """A browser that is logged in; static files are named as they are, since none were collected."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}
    return admin_client


def save(key: str, value: bytes = b"1", namespace: str = "default", **more: Any) -> str:
    path = path_of(namespace, key)
    store.put(path, store.Value(value, "application/json"), now=timezone.now(), **more)
    return path


def listed(page: Any) -> list[str]:
    """The paths on a page of the list."""
    assert page.status_code == 200
    return [record.path for record in page.context["cl"].result_list]


def test_lists_records_by_path_with_size_and_state(staff: Client) -> None:
    save("b", b'"12345"')
    save("a")
    save("gone")
    store.delete(path_of("default", "gone"), now=timezone.now())
    save("over", ttl_s=1e-9)
    page = staff.get(RECORDS)
    assert listed(page) == ["default/a", "default/b", "default/gone", "default/over"]
    text = page.content.decode()
    assert all(f">{word}<" in "".join(text.split()) for word in ("7", "live", "deleted", "expired"))


def test_a_search_finds_by_the_start_of_the_path(staff: Client) -> None:
    for namespace, key in [("default", "ci/a"), ("default", "ci/b"), ("default", "x/ci/"), ("ci", "a")]:
        save(key, namespace=namespace)
    assert listed(staff.get(RECORDS, {"q": "default/ci/"})) == ["default/ci/a", "default/ci/b"]
    assert listed(staff.get(RECORDS, {"q": "ci"})) == ["ci/a"]


def test_a_namespace_can_be_chosen(staff: Client) -> None:
    save("a", namespace="team")
    save("a", namespace="team-a")
    page = staff.get(RECORDS, {"namespace": "team"})
    assert listed(page) == ["team/a"]
    assert ">team-a<" in "".join(page.content.decode().split())


def test_no_page_counts_the_table_or_reads_a_value(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "LISTED_ROWS", 3)
    monkeypatch.setattr(admin.RecordAdmin, "list_per_page", 2)
    monkeypatch.setattr(admin.RecordAdmin, "list_max_show_all", 2)
    for number in range(5):
        save(str(number))
    with CaptureQueriesContext(connection) as queries:
        page = staff.get(RECORDS)
        asked = [query["sql"] for query in queries if "kvstore_record" in query["sql"]]
    assert (page.context["cl"].result_count, listed(page)) == (3, ["default/0", "default/1"])
    assert listed(staff.get(RECORDS, {"p": 2})) == ["default/2"]
    assert asked
    assert not any("COUNT(" in sql for sql in asked)
    assert all("LIMIT" in sql for sql in asked)
    assert not any('"value",' in sql or '"value" FROM' in sql for sql in asked)


def test_shows_a_record_with_the_start_of_its_value(staff: Client) -> None:
    path = save("a/<b>", b'"<script>' + b"x" * 5000 + b'TAIL"')
    page = staff.get(f"{RECORDS}{quote(path)}/change/")
    assert page.status_code == 200
    text = page.content.decode()
    assert "&lt;script&gt;xxx" in text
    assert "<script>xxx" not in text
    assert "TAIL" not in text


def test_shows_a_value_that_is_no_text(staff: Client) -> None:
    path = save("a", b"\xff\x00\xfe")
    assert staff.get(f"{RECORDS}{quote(path)}/change/").status_code == 200


@pytest.mark.parametrize("action", ["add/", "default_2Fa/delete/"])
def test_nobody_changes_records_past_the_store(staff: Client, action: str) -> None:
    save("a")
    assert staff.get(f"{RECORDS}{action}").status_code == 403
    assert staff.post(f"{RECORDS}{action}", {"post": "yes"}).status_code == 403
    assert staff.post(f"{RECORDS}default_2Fa/change/", {"version": 9}).status_code == 403
    staff.post(RECORDS, {"action": "delete_selected", "_selected_action": "default/a", "post": "yes"})
    assert Record.objects.get(path="default/a").version == 1


def test_lists_namespaces_with_their_revisions(staff: Client) -> None:
    save("a", namespace="team-a")
    save("a", namespace="team-a")
    page = staff.get("/admin/kvstore/namespace/")
    assert [(one.name, one.revision) for one in page.context["cl"].result_list] == [("team-a", 2)]
    assert staff.get("/admin/kvstore/namespace/team-a/change/").status_code == 200


def test_expiry_in_the_list_is_that_of_the_store(staff: Client) -> None:
    save("a", ttl_s=3600)
    (record,) = staff.get(RECORDS).context["cl"].result_list
    assert timedelta(minutes=59) < record.expires_at - timezone.now() <= timedelta(hours=1)
