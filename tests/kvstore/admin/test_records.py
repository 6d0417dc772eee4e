"""Records in the admin."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from kvstore import exports, store
from kvstore.admin import forms, lists, records
from kvstore.cache import CacheAway
from kvstore.exports import Record as Exported
from kvstore.keys import Path, path_of
from kvstore.models import Record
from kvstore.store import history, namespaces
from tests.kvstore.admin.asking import JSON, PNG, RECORDS, TEXT, author, page_of, row, said, save, text_of
from tests.kvstore.admin.conftest import Login

UNTIL = {"until_0": "", "until_1": ""}


def listed(page: Any) -> list[str]:
    """The paths on a page of the list."""
    assert page.status_code == 200
    return [record.path for record in page.context["cl"].result_list]


def seen_on(page: Any) -> str:
    """The version that the page is over."""
    (seen,) = re.findall(r'name="seen" value="(\d+)" id="id_seen"', text_of(page))
    return str(seen)


def change(client: Client, path: Path, seen: int, text: str | None = None, **more: Any) -> Any:
    """Send the page of a record back."""
    sent = {"seen": seen, "kind": JSON, **UNTIL, **({} if text is None else {"text": text}), **more}
    return client.post(page_of(path), sent)


# --- lists ----------------------------------------------------------------------------------------------------------


def test_lists_records_by_path_with_size_and_state(admin_client: Client) -> None:
    save("b", b'"12345"')
    save("a")
    save("gone")
    store.delete(path_of("default", "gone"), now=timezone.now())
    save("over", ttl_s=1e-9)
    page = admin_client.get(RECORDS)
    assert listed(page) == ["default/a", "default/b", "default/gone", "default/over"]
    assert [records.RecordAdmin.state_now(page, record) for record in page.context["cl"].result_list] == [
        "live", "live", "deleted", "expired",
    ]  # fmt: skip
    assert ">7<" in "".join(text_of(page).split())


def test_a_search_finds_by_the_start_of_the_path(admin_client: Client) -> None:
    for namespace, key in [("default", "ci/a"), ("default", "ci/b"), ("default", "x/ci/"), ("ci", "a")]:
        save(key, namespace=namespace)
    assert listed(admin_client.get(RECORDS, {"q": "default/ci/"})) == ["default/ci/a", "default/ci/b"]
    assert listed(admin_client.get(RECORDS, {"q": "ci"})) == ["ci/a"]


def test_leads_from_namespaces_to_what_keys_begin_with(admin_client: Client) -> None:
    for namespace, key in [("ci", "main/1/log"), ("ci", "main/2"), ("ci", "dev/1"), ("ci", "top"), ("team", "a")]:
        save(key, namespace=namespace)
    save("x", namespace="gone")
    namespaces.delete("gone", now=timezone.now())

    def places(start: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        context = admin_client.get(RECORDS, {"q": start}).context
        return context["steps"], context["places"]

    assert places("") == ([], [("ci/", "q=ci%2F"), ("team/", "q=team%2F")])
    assert places("te") == ([], [("team/", "q=team%2F")])
    assert places("ci/") == ([("ci", "q=ci%2F")], [("dev/", "q=ci%2Fdev%2F"), ("main/", "q=ci%2Fmain%2F")])
    assert places("ci/ma") == ([("ci", "q=ci%2F")], [("main/", "q=ci%2Fmain%2F")])
    assert places("ci/main/") == (
        [("ci", "q=ci%2F"), ("main", "q=ci%2Fmain%2F")], [("1/", "q=ci%2Fmain%2F1%2F")],
    )  # fmt: skip


def test_no_page_counts_the_table_or_reads_a_value(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "LISTED_ROWS", 3)
    monkeypatch.setattr(records.RecordAdmin, "list_per_page", 2)
    monkeypatch.setattr(records.RecordAdmin, "list_max_show_all", 2)
    for number in range(5):
        save(str(number))
    with CaptureQueriesContext(connection) as queries:
        page = admin_client.get(RECORDS)
        asked = [query["sql"] for query in queries if "kvstore_record" in query["sql"]]
    assert (page.context["cl"].result_count, listed(page)) == (3, ["default/0", "default/1"])
    assert listed(admin_client.get(RECORDS, {"p": 2})) == ["default/2"]
    assert asked
    assert not any("COUNT(" in sql for sql in asked)
    assert all("LIMIT" in sql for sql in asked)
    assert not any('"value",' in sql or '"value" FROM' in sql for sql in asked)


def test_is_not_sorted_by_what_no_index_has(admin_client: Client) -> None:
    for key in ("b", "a"):
        save(key)
    assert listed(admin_client.get(RECORDS, {"o": "-4"})) == ["default/a", "default/b"]


# --- looking --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        (b'{"a":{"b":"<i>"}}', JSON, "{\n  &quot;a&quot;: {\n    &quot;b&quot;: &quot;&lt;i&gt;&quot;\n  }\n}"),
        ("<b> & é".encode(), TEXT, "&lt;b&gt; &amp; é"),
        (b"\xff\0", PNG, "00000000  ff 00 "),
    ],
)
def test_shows_a_value_as_a_person_reads_it(admin_client: Client, value: bytes, kind: str, shown: str) -> None:
    path = save("a/<b>", value, kind=kind, meta='{"owner":"<me>"}')
    text = text_of(admin_client.get(page_of(path)))
    assert shown in text
    assert "owner: &lt;me&gt;" in text


def test_of_a_large_value_the_start_is_read_and_nothing_more(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kvstore.admin.rows.TEXT_BYTES", 2000)
    path = save("a b", b'"' + b"x" * 1022 + b"END" + b"x" * 1000 + b'"')
    with CaptureQueriesContext(connection) as queries:
        text = text_of(admin_client.get(page_of(path)))
    assert "x" * 1000 + "E" in text
    assert "EN" not in text.replace("ENT", "").replace("END ", "")
    assert '"/api/v1/namespaces/default/keys/a%20b"' in text
    assert 'name="text"' not in text
    values = [query["sql"] for query in queries if '"value"' in query["sql"]]
    assert len(values) == 1
    assert "SUBSTR" in values[0]


def test_the_history_is_below_with_what_a_version_was(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save("a", b'"one"', author="laptop")
    for number in range(2, 5):
        save("a", b"%d" % number)
    page = admin_client.get(page_of(path), {"version": "1"})
    assert [entry.version for entry in page.context["entries"]] == [4, 3, 2, 1]
    assert "&quot;one&quot;" in text_of(page)
    assert "laptop" in text_of(page)
    assert "version 9 of the key a in the namespace default is not kept" in text_of(
        admin_client.get(page_of(path), {"version": "9"})
    )
    for wrong in ("0", "x", "-1", "9" * 19, "9" * 5000, "٣"):
        assert "old" not in admin_client.get(page_of(path), {"version": wrong}).context
    monkeypatch.setattr(records, "ENTRIES", 2)
    assert len(admin_client.get(page_of(path)).context["entries"]) == 2


def test_a_record_that_never_was_is_told(admin_client: Client) -> None:
    for page in (admin_client.get(page_of("default/none")), admin_client.get(page_of("default/none", "delete"))):
        assert "Perhaps it was deleted?" in said(page)


# --- adding ---------------------------------------------------------------------------------------------------------


def add(client: Client, **sent: Any) -> Any:
    return client.post(f"{RECORDS}add/", {"namespace": "ci", "key": "a/b", "text": "1", "kind": JSON, **UNTIL, **sent})


def test_adds_a_record_through_the_store(admin_client: Client) -> None:
    assert "was added successfully" in said(add(admin_client, text='{"n":\r\n1}'))
    path = path_of("ci", "a/b")
    assert (row(path).value, row(path).content_type, row(path).version) == (b'{"n":\n1}', JSON, 1)
    assert author(path) == "admin:admin"
    (entry,) = LogEntry.objects.all()
    assert (entry.object_id, entry.change_message) == ("ci/a/b", "Version 1.")


def test_adds_the_bytes_of_a_file_until_a_time(admin_client: Client) -> None:
    until = timezone.now().replace(microsecond=0) + timedelta(hours=2)
    file = SimpleUploadedFile("logo", b"\r\n\0\xff")
    add(admin_client, text="", upload=file, kind=PNG, until_0=f"{until:%Y-%m-%d}", until_1=f"{until:%H:%M:%S}")
    found = row(path_of("ci", "a/b"))
    assert (found.value, found.content_type) == (b"\r\n\0\xff", PNG)
    assert found.expires_at is not None
    assert abs(found.expires_at - until) < timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"key": "there"}, "this key is there already, in version 1"),
        ({"namespace": "CI"}, "&#x27;CI&#x27; is no namespace"),
        ({"key": "k" * 513}, "the key has 513 bytes of UTF-8"),
        ({"key": ""}, "This field is required"),
        ({"text": "{"}, "the value is not JSON"),
        ({"kind": "none"}, "&#x27;none&#x27; is no content type"),
        ({"text": '"' + "x" * 99 + '"'}, "the value has 101 bytes; at most 100 are allowed"),
        ({"upload": SimpleUploadedFile("f", b"1" * 101)}, "the file has 101 bytes; at most 100 are allowed"),
        ({"until_0": "2020-01-01", "until_1": "00:00"}, "this is not in the future"),
        ({"until_0": "2099-01-01", "until_1": "00:00"}, "or more than ten years from now"),
        ({"namespace": "full"}, "the namespace full would have 1 keys; its quota is 0"),
    ],
)
def test_says_why_nothing_is_added(admin_client: Client, sent: Any, message: str, settings: Settings) -> None:
    settings.KVSTORE_MAX_VALUE_BYTES = 100
    save("there", b"2", namespace="ci")
    namespaces.set_quota("full", 0, None, now=timezone.now())
    assert message in text_of(add(admin_client, **sent))
    assert [record.path for record in Record.objects.all()] == ["ci/there"]


def test_a_key_that_was_deleted_can_be_added_again(admin_client: Client) -> None:
    path = save("a/b", namespace="ci")
    store.delete(path, now=timezone.now())
    said(add(admin_client, text="2"))
    assert row(path).version == 2


# --- changing -------------------------------------------------------------------------------------------------------


def test_changes_the_version_that_was_seen_and_keeps_the_metadata(admin_client: Client) -> None:
    path = save("a", b'{"n":\n1}', meta='{"owner":"me"}')
    assert seen_on(admin_client.get(page_of(path))) == "1"
    assert "was changed successfully" in said(change(admin_client, path, 1, '{"n":\r\n2}', kind=f"{JSON}; x=y"))
    found = row(path)
    assert (found.value, found.version, found.content_type) == (b'{"n":\n2}', 2, f"{JSON}; x=y")
    assert (found.meta, author(path)) == ('{"owner":"me"}', "admin:admin")
    assert LogEntry.objects.get().change_message == "Version 2."


def test_nobody_s_change_is_lost(admin_client: Client) -> None:
    path = save("a", b'"first"')
    save("a", b'"theirs"', author="laptop")
    page = change(admin_client, path, 1, '"mine"')
    text = text_of(page)
    assert "Somebody was quicker: version 2 is there now. Nothing was saved." in text
    assert re.search(r'id="there".*version 2.*&quot;theirs&quot;', text, re.DOTALL)
    assert "&quot;mine&quot;</textarea>" in text
    assert seen_on(page) == "2"
    assert row(path).value == b'"theirs"'
    said(change(admin_client, path, 2, '"mine"'))
    assert (row(path).value, row(path).version) == (b'"mine"', 3)


def test_who_writes_between_the_look_and_the_write_is_not_lost_either(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save("a", b'"first"')
    put = store.put

    def slower(*arguments: Any, **options: Any) -> store.Written:
        put(path, store.Value(b'"theirs"', JSON), now=timezone.now())
        return put(*arguments, **options)

    monkeypatch.setattr(forms.store, "put", slower)
    page = change(admin_client, path, 1, '"mine"')
    assert "version 2 is there now" in text_of(page)
    assert page.context["adminform"].form.instance.version == 2
    assert row(path).value == b'"theirs"'


def test_nor_who_writes_before_another_expiry_is_set(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save("a", ttl_s=3600)
    touch = store.touch

    def slower(*arguments: Any, **options: Any) -> store.Written:
        save("a", b"2")
        return touch(*arguments, **options)

    monkeypatch.setattr(forms.store, "touch", slower)
    assert "version 2 is there now" in text_of(change(admin_client, path, 1, "1"))


def test_another_version_is_told_although_what_was_typed_is_the_same(admin_client: Client) -> None:
    path = save("a", b"1")
    save("a", b"2")
    assert "version 2 is there now" in text_of(change(admin_client, path, 1, "2"))


def test_what_has_expired_comes_back_when_it_is_saved_as_it_was(admin_client: Client) -> None:
    path = save("a", ttl_s=1e-9)
    said(change(admin_client, path, 0, "1"))
    assert (row(path).value, row(path).version, row(path).expires_at) == (b"1", 2, None)


@pytest.mark.parametrize("gone", ["deleted", "expired", "dropped"])
def test_a_key_that_went_meanwhile_is_told(admin_client: Client, gone: str) -> None:
    path = save("a")
    if gone == "expired":
        save("a", ttl_s=1e-9)
    else:
        store.delete(path, now=timezone.now())
    if gone == "dropped":
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM kvstore_record")
        assert "Perhaps it was deleted?" in said(change(admin_client, path, 1, "2"))
        return
    page = change(admin_client, path, 1, "2")
    assert "the key is absent now" in text_of(page)
    assert seen_on(page) == "0"
    said(change(admin_client, path, 0, "2"))
    assert row(path).value == b"2"


def test_what_is_sent_back_as_it_was_changes_nothing(admin_client: Client) -> None:
    path = save("a", b"1\r2\n3", kind=TEXT, ttl_s=3600.123456)
    until = row(path).expires_at
    assert until is not None
    sent = {"until_0": f"{until:%Y-%m-%d}", "until_1": f"{until:%H:%M:%S}", "kind": TEXT}
    said(change(admin_client, path, 1, "1\r\n2\r\n3", **sent))
    assert (row(path).value, row(path).version, row(path).revision) == (b"1\r2\n3", 1, 1)
    said(change(admin_client, path, 1, "4", **sent))
    assert (row(path).value, row(path).expires_at) == (b"4", until)


def test_another_expiry_alone_gives_no_new_version(admin_client: Client) -> None:
    path = save("a", ttl_s=3600)
    said(change(admin_client, path, 1, "1"))
    assert (row(path).version, row(path).revision, row(path).expires_at) == (1, 2, None)
    later = timezone.now() + timedelta(days=1)
    said(change(admin_client, path, 1, "1", until_0=f"{later:%Y-%m-%d}", until_1=f"{later:%H:%M:%S}"))
    assert (row(path).version, row(path).revision, row(path).expires_at) == (1, 3, later.replace(microsecond=0))


def test_a_value_that_is_no_text_is_changed_by_a_file(admin_client: Client) -> None:
    path = save("a", b"\xff\0", kind=PNG)
    assert 'name="text"' not in text_of(admin_client.get(page_of(path)))
    said(change(admin_client, path, 1, kind="image/webp"))
    assert (row(path).value, row(path).content_type) == (b"\xff\0", "image/webp")
    said(change(admin_client, path, 2, kind=PNG, upload=SimpleUploadedFile("f", b"\0")))
    assert (row(path).value, row(path).content_type) == (b"\0", PNG)


def test_what_was_typed_stays_when_the_value_turned_into_no_text(admin_client: Client) -> None:
    path = save("a", b"1")
    save("a", b"\xff\0", kind=PNG)
    assert "mine</textarea>" in text_of(change(admin_client, path, 1, "mine"))


def test_a_deleted_key_can_be_written_anew(admin_client: Client) -> None:
    path = save("a")
    store.delete(path, now=timezone.now())
    assert seen_on(admin_client.get(page_of(path))) == "0"
    said(change(admin_client, path, 0, "2"))
    assert (row(path).value, row(path).version) == (b"2", 2)


@pytest.mark.parametrize("what", ["put", "touch"])
def test_says_why_nothing_is_changed(admin_client: Client, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise CacheAway("the cache is away")

    path = save("a", ttl_s=3600)
    monkeypatch.setattr(forms.store, what, away)
    assert "the cache is away" in text_of(change(admin_client, path, 1, "1" if what == "touch" else "2"))
    assert row(path).version == 1


def test_a_value_is_checked_by_its_type(admin_client: Client) -> None:
    path = save("a")
    assert "the value is not JSON" in text_of(change(admin_client, path, 1, "{"))
    assert row(path).version == 1


# --- deleting and restoring -----------------------------------------------------------------------------------------


def delete(client: Client, *pairs: tuple[str, str]) -> Any:
    sent = {
        "action": "delete_selected",
        "post": "yes",
        "_selected_action": [path for path, _ in pairs],
        "path": [path for path, _ in pairs],
        "seen": [seen for _, seen in pairs],
    }
    return client.post(RECORDS, sent)


def test_deletes_after_asking_and_only_what_was_seen(admin_client: Client) -> None:
    paths = [save(key) for key in ("a", "b", "c")]
    page = text_of(admin_client.get(page_of(paths[0], "delete")))
    assert 'name="path" value="default/a"' in page
    assert "default/b" not in page
    page = text_of(admin_client.post(RECORDS, {"action": "delete_selected", "_selected_action": paths[:2]}))
    assert re.findall(r'name="(path|seen)" value="(\S+)"', page) == [
        ("path", "default/a"), ("seen", "1"), ("path", "default/b"), ("seen", "1"),
    ]  # fmt: skip
    assert row(paths[0]).version == 1
    gone = save("gone")
    store.delete(gone, now=timezone.now())
    page = text_of(admin_client.post(RECORDS, {"action": "delete_selected", "_selected_action": [gone]}))
    assert "They are absent already." in page
    assert gone not in page
    save("b", b"2")
    told = said(delete(admin_client, ("default/a", "1"), ("default/b", "1")))
    assert "1 records deleted" in told
    assert "default/b is not deleted: the current version is 2, not 1" in told
    assert [record.path for record in Record.objects.filter(deleted=False)] == ["default/b", "default/c"]
    assert author(paths[0]) == "admin:admin"
    assert [entry.object_id for entry in LogEntry.objects.all()] == ["default/a"]


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        (("default/none", "1"), "there is no key none"),
        (("default/a", "0"), "is not deleted: the current version is 1, not 0"),
        (("default/a", "x"), "is not deleted: the current version is 1, not 0"),
        (("Default/a", "1"), "is no namespace"),
        (("default", "1"), "the key is empty"),
    ],
)
def test_a_deletion_that_cannot_be_is_told(admin_client: Client, pair: tuple[str, str], message: str) -> None:
    path = save("a")
    assert message in said(delete(admin_client, pair))
    assert row(path).version == 1
    assert not LogEntry.objects.exists()


def restore(client: Client, path: str, **sent: Any) -> str:
    return said(client.post(page_of(path, "restore"), sent))


def test_restores_a_version_over_the_one_that_was_seen(admin_client: Client) -> None:
    path = save("a", b'"one"', meta='{"n":"1"}')
    save("a", b'"two"')
    assert "Nothing was restored: the current version is 2, not 1" in restore(admin_client, path, version=1, seen=1)
    assert "Version 1 is there again, as version 3." in restore(admin_client, path, version=1, seen=2)
    assert (row(path).value, row(path).meta, author(path)) == (b'"one"', '{"n":"1"}', "admin:admin")
    store.delete(path, now=timezone.now())
    assert "as version 4" in restore(admin_client, path, version=2, seen=0)
    assert row(path).value == b'"two"'
    assert "version 9 of the key a in the namespace default is not kept" in restore(
        admin_client, path, version=9, seen=4
    )
    assert "is not kept" in restore(admin_client, path)
    assert "the key is empty" in restore(admin_client, "default", version=1, seen=0)
    assert admin_client.get(page_of(path, "restore")).status_code == 403
    assert [entry.change_message for entry in LogEntry.objects.order_by("id")] == [
        "Version 1 restored as 3.", "Version 2 restored as 4.",
    ]  # fmt: skip


# --- exporting ------------------------------------------------------------------------------------------------------


def test_exports_the_selected_records(admin_client: Client) -> None:
    for namespace in ("ci", "team"):
        for key in ("a", "b"):
            save(key, b'{"k": 1}', namespace=namespace)
    sent = {"action": "export_selected", "_selected_action": ["ci/b", "team/a"]}
    page = admin_client.post(RECORDS, sent)
    assert page["Content-Disposition"] == 'attachment; filename="records.ndjson"'
    data = b"".join(page.streaming_content)
    items = [item for _, item in exports.read(Lines(data), 99)]
    assert [item.key for item in items if isinstance(item, Exported)] == ["b", "a"]


class Lines:
    """A file, as an export is read from."""

    def __init__(self, data: bytes) -> None:
        self._lines = iter(data.splitlines(keepends=True))

    def readline(self, _size: int = -1) -> bytes:
        return next(self._lines, b"")


# --- permissions ----------------------------------------------------------------------------------------------------


def test_who_may_only_look_changes_nothing(login: Login) -> None:
    path = save("a", b'{"n":1}')
    save("a", b'{"n":2}')
    client = login("view_record")
    page = client.get(page_of(path), {"version": 1})
    text = text_of(page)
    assert "expires_at" in str(page.context["adminform"].fieldsets)
    assert "&quot;n&quot;: 2" in text
    assert "&quot;n&quot;: 1" in text
    assert not {'name="text"', 'name="kind"', ">restore<", 'name="_save"'} & set(re.findall(r'name="\w+"|>\w+<', text))
    assert client.get(f"{RECORDS}add/").status_code == 403
    assert change(client, path, 2, "3").status_code == 403
    assert client.get(page_of(path, "delete")).status_code == 403
    assert client.post(page_of(path, "restore"), {"version": 1, "seen": 2}).status_code == 403
    assert add(client).status_code == 403
    delete(client, (path, "2"))
    assert [choice for choice, _ in client.get(RECORDS).context["action_form"].fields["action"].choices] == [
        "", "export_selected",
    ]  # fmt: skip
    assert (row(path).version, history.entries(path, 9).items[0].version) == (2, 2)
    assert client.post(RECORDS, {"action": "export_selected", "_selected_action": [path]}).streaming


def test_who_may_change_may_not_add_or_delete(login: Login) -> None:
    path = save("a")
    client = login("change_record")
    said(change(client, path, 1, "2"))
    assert (row(path).version, author(path)) == (2, "admin:staff")
    assert add(client).status_code == 403
    assert client.get(page_of(path, "delete")).status_code == 403


def test_a_form_from_elsewhere_is_refused(login: Login) -> None:
    path = save("a")
    client = login("view_record", "change_record", "delete_record", "add_record", csrf=True)
    assert change(client, path, 1, "2").status_code == 403
    assert delete(client, (path, "1")).status_code == 403
    assert client.post(page_of(path, "restore"), {"version": 1, "seen": 1}).status_code == 403
    assert client.post(page_of(path, "delete")).status_code == 403
    assert add(client).status_code == 403
    assert row(path).version == 1


def test_a_long_name_of_a_user_fits_into_the_log(login: Login) -> None:
    client = login("change_record")
    User.objects.update(username="u" * 150)
    path = save("a")
    said(change(client, path, 1, "2"))
    assert author(path) == "admin:" + "u" * 58
