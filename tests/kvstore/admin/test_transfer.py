"""Import by upload."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from kvstore import exports, store
from kvstore.admin import transfer
from kvstore.cache import CacheAway
from kvstore.keys import path_of
from kvstore.models import Record
from kvstore.store import exporting, history, merging, namespaces
from tests.kvstore.admin.asking import NAMESPACES, RECORDS, author, row, said, save, text_of
from tests.kvstore.admin.conftest import Login

WHERE = (f"{RECORDS}import/", f"{NAMESPACES}import/")


def exported(*, with_history: bool = False) -> bytes:
    return b"".join(map(exports.encode, exporting.export(history=with_history, now=timezone.now())))


def upload(client: Client, data: bytes, where: str = WHERE[0], on_conflict: str = "skip", **more: Any) -> Any:
    return client.post(where, {"file": SimpleUploadedFile("f.ndjson", data), "on_conflict": on_conflict, **more})


@pytest.mark.parametrize("where", WHERE)
def test_imports_a_file_and_says_what_became_of_it(admin_client: Client, where: str) -> None:
    path = save("a", b'"one"')
    save("b")
    data = exported()
    save("a", b'"two"')
    store.delete(path_of("default", "b"), now=timezone.now())
    assert 'type="file"' in text_of(admin_client.get(where))
    assert "Imported: 1 created, 0 replaced, 0 unchanged, 1 skipped, 0 expired." in said(
        upload(admin_client, data, where)
    )
    assert row(path).value == b'"two"'
    assert "0 created, 1 replaced, 1 unchanged" in said(upload(admin_client, data, where, "replace"))
    assert (row(path).value, author(path)) == (b'"one"', "admin:admin")


def test_a_namespace_can_go_under_another_name_with_its_history(admin_client: Client) -> None:
    save("a", b'"one"', namespace="ci")
    save("a", b'"two"', namespace="ci")
    save("a", namespace="team")
    data = exported(with_history=True)
    assert "2 of 2 lines of history" in said(upload(admin_client, data, namespace="ci", other="new", history="on"))
    assert [record.path for record in Record.objects.all()] == ["ci/a", "new/a", "team/a"]
    assert [entry.version for entry in history.entries(path_of("new", "a"), 9).items] == [2, 1]
    assert "1 unchanged" in said(upload(admin_client, data, namespace="team"))


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"data": b"x"}, "line 1: the line is not JSON"),
        ({"data": b""}, "The submitted file is empty"),
        ({"namespace": "none"}, "the file has no namespace none"),
        ({"namespace": "None"}, "is no namespace"),
        ({"namespace": "default", "other": "Ö"}, "is no namespace"),
        ({"on_conflict": "fail"}, "line 2: default/a is there with another value"),
        ({"on_conflict": "whatever"}, "Select a valid choice"),
        ({"namespace": "default", "other": "full"}, "stopped before line 2: the namespace full would have 1 keys"),
    ],
)
def test_says_why_nothing_is_imported(admin_client: Client, sent: dict[str, Any], message: str) -> None:
    path = save("a", b'"one"')
    sent = {"data": exported()} | sent
    save("a", b'"two"')
    namespaces.set_quota("full", 0, None, now=timezone.now())
    assert message in text_of(upload(admin_client, sent.pop("data"), **sent))
    assert [record.path for record in Record.objects.all()] == [path]
    assert row(path).value == b'"two"'


def test_the_limit_of_values_holds(admin_client: Client, settings: Settings) -> None:
    save("a", b'"12345"')
    data = exported()
    settings.KVSTORE_MAX_VALUE_BYTES = 6
    assert "line 2: the value has 7 bytes; at most 6 are allowed" in text_of(upload(admin_client, data))


def test_says_that_the_cache_is_away(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> None:
        raise CacheAway("the cache is away")

    save("a")
    data = exported()
    monkeypatch.setattr(merging, "place", away)
    text = text_of(upload(admin_client, data, namespace="default", other="new"))
    assert "stopped before line 2: the cache is away; until there: 0 created" in text


def test_a_large_file_is_refused_before_it_is_read(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    save("a")
    data = exported()
    client = login("view_record", "add_record", "change_record", csrf=True)
    token = client.get(WHERE[0]).context["csrf_token"]
    monkeypatch.setattr(transfer, "MAX_UPLOAD_BYTES", len(data) - 1)
    assert transfer.TOO_LARGE in text_of(upload(client, data, csrfmiddlewaretoken=token))
    monkeypatch.setattr(transfer, "AROUND_BYTES", 0)
    monkeypatch.setattr(transfer, "ImportForm", None)
    page = upload(client, data)
    assert page["Location"] == WHERE[0]
    assert transfer.TOO_LARGE in said(page)
    assert page.wsgi_request._read_started is False


@pytest.mark.parametrize("permissions", [[], ["view_record", "add_record"], ["view_record", "change_record"]])
@pytest.mark.parametrize("where", WHERE)
def test_who_may_not_add_and_change_records_imports_nothing(login: Login, permissions: list[str], where: str) -> None:
    client = login("view_namespace", *permissions)
    assert client.get(where).status_code == 403
    assert upload(client, exported() or b"x", where).status_code == 403


def test_who_may_add_and_change_records_may_import(login: Login) -> None:
    save("a")
    assert "1 unchanged" in said(upload(login("view_record", "add_record", "change_record"), exported()))


def test_a_form_from_elsewhere_is_refused(login: Login) -> None:
    save("a")
    data = exported()
    client = login("view_record", "add_record", "change_record", csrf=True)
    assert upload(client, data, on_conflict="replace").status_code == 403
    page = client.get(WHERE[0])
    token = page.context["csrf_token"]
    assert "1 unchanged" in said(upload(client, data, csrfmiddlewaretoken=token))


def test_a_download_that_is_closed_gives_its_snapshot_back() -> None:
    save("a")
    items = exporting.export(now=timezone.now())
    lines = transfer.Lines(items)
    assert next(iter(lines)).startswith(b'{"kvstore":1')
    lines.close()
    assert items.gi_frame is None
