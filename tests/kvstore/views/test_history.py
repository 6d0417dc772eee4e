"""`…/history/{key}` as clients see it, the same on each database."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings
from rest_framework.test import APIClient

from kvstore.store import sweeping
from tests.kvstore.conftest import Clock
from tests.kvstore.views.asking import (
    JSON,
    ROOT,
    at,
    delete,
    get,
    good,
    pointers,
    post,
    problem,
    put,
    touch,
    version_and_revision,
)

pytestmark = pytest.mark.usefixtures("records")
URL = f"{ROOT}/ns/history/a"


def told(answer: Any) -> list[tuple[int, int, str]]:
    """Version, revision and op of each item."""
    return [(item["version"], item["revision"], item["op"]) for item in good(answer)["items"]]


def restore(client: APIClient, version: object, key: str = "a", **headers: str) -> Any:
    return post(client, f"{ROOT}/ns/history/{key}", {"restore": version}, **headers)


def test_tells_each_change_the_newest_first(api: APIClient, clock: Clock) -> None:
    put(api, "a", b"123", "text/plain")
    put(api, "other")
    clock.move(1)
    touch(api, "a", "?touch&ttl=60")
    put(api, "a", b"[]", JSON)
    delete(api, at("a"))
    answer = get(api, URL)
    assert good(answer)["items"][-1] == {
        "version": 1,
        "revision": 1,
        "op": "put",
        "at": "2026-11-20T12:00:00Z",
        "size": 3,
        "content_type": "text/plain",
        "author": "tests",
    }
    assert told(answer) == [(2, 5, "delete"), (2, 4, "put"), (1, 3, "put"), (1, 1, "put")]
    assert (good(answer)["next"], answer["X-KV-Revision"]) == (None, "5")


def test_an_expiry_is_told_once_it_was_swept(api: APIClient, clock: Clock) -> None:
    put(api, "a", query="?ttl=1")
    clock.move(1)
    assert told(get(api, URL)) == [(1, 1, "put")]
    assert list(sweeping.expire(clock.now)) == [1]
    assert told(get(api, URL)) == [(1, 2, "expire"), (1, 1, "put")]


def test_goes_on_a_page_at_a_time(api: APIClient) -> None:
    for _ in range(5):
        put(api, "a")
        put(api, "b")
    found, cursor = [], ""
    while cursor is not None:
        page = good(get(api, f"{URL}?limit=2&cursor={cursor}"))
        found.append([item["version"] for item in page["items"]])
        cursor = page["next"]
        put(api, "a")  # what comes now is before the first page
    assert found == [[5, 4], [3, 2], [1]]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "cursor=x", "version=0", "version=x", f"version={2**63}"]
)
def test_refuses_a_malformed_query(api: APIClient, query: str) -> None:
    put(api, "a")
    assert set(pointers(get(api, f"{URL}?{query}"))) == {f"#/{query.partition('=')[0]}"}


def test_refuses_the_cursor_of_another_key(api: APIClient) -> None:
    for key in "abab":
        put(api, key)
    cursor = good(get(api, f"{URL}?limit=1"))["next"]
    problem(get(api, f"{ROOT}/ns/history/b?cursor={cursor}"), 400)
    problem(get(api, f"{ROOT}/ns/keys?cursor={cursor}"), 400)


def test_what_was_never_there_is_404(api: APIClient) -> None:
    answers = [get(api, URL), get(api, f"{URL}?version=1"), restore(api, 1)]
    assert [problem(answer, 404) and answer["X-KV-Revision"] for answer in answers] == ["0"] * 3
    assert good(get(api, ROOT))["items"] == []


# --- one version --------------------------------------------------------------------------------------------------


def test_gives_the_bytes_of_a_version_as_they_were(api: APIClient, clock: Clock) -> None:
    put(api, "a", b"\xff\x00", "image/png", X_Meta_Who="me")
    clock.move(60)
    put(api, "a", b"2", "text/plain")
    delete(api, at("a"))
    old = get(api, f"{URL}?version=1")
    assert (old.status_code, old.content, old["Content-Type"], old["X-Meta-Who"]) == (
        200,
        b"\xff\x00",
        "image/png",
        "me",
    )
    assert (*version_and_revision(old), old["Last-Modified"]) == ('"1"', "1", "Fri, 20 Nov 2026 12:00:00 GMT")
    assert (old["Content-Security-Policy"], old["X-Content-Type-Options"]) == ("sandbox", "nosniff")
    assert old["Content-Disposition"] == "attachment"
    assert get(api, f"{URL}?version=2").content == b"2"
    assert (
        problem(get(api, f"{URL}?version=3"), 404)["detail"] == "version 3 of the key a in the namespace ns is not kept"
    )
    assert get(api, f"{URL}?version=3")["X-KV-Revision"] == "3"
    assert api.head(f"{URL}?version=1")["Content-Length"] == "2"


def test_the_current_version_is_given_too(api: APIClient) -> None:
    put(api, "a", b"1")
    touch(api, "a", "?touch&ttl=60")
    assert get(api, f"{URL}?version=1").content == b"1"


# --- restore ------------------------------------------------------------------------------------------------------


def test_restores_a_version_as_a_new_one(api: APIClient) -> None:
    put(api, "a", b"\xff", "image/png", X_Meta_Who="me")
    put(api, "a", b"2", "text/plain", "?ttl=60")
    answer = restore(api, 1)
    assert good(answer) == {"key": "a", "version": 3}
    assert answer["X-KV-Revision"] == "3"
    shown = get(api, at("a"))
    assert (shown.content, shown["Content-Type"], shown["X-Meta-Who"], shown["ETag"]) == (
        b"\xff",
        "image/png",
        "me",
        '"3"',
    )
    assert "Expires" not in shown


@pytest.mark.parametrize("gone", ["deleted", "expired", "swept"])
def test_restoring_undeletes(api: APIClient, clock: Clock, gone: str) -> None:
    put(api, "a", b"1", query="" if gone == "deleted" else "?ttl=1")
    clock.move(1)
    if gone == "deleted":
        delete(api, at("a"))
    elif gone == "swept":
        list(sweeping.expire(clock.now))
    assert good(restore(api, 1)) == {"key": "a", "version": 2}
    assert get(api, at("a")).content == b"1"
    assert good(get(api, f"{ROOT}/ns/keys"))["items"][0]["version"] == 2


@pytest.mark.parametrize("version", [0, 2, 2**63 - 1])
def test_a_version_that_is_not_kept_is_not_restored(api: APIClient, version: int) -> None:
    put(api, "a")
    answer = restore(api, version)
    assert answer.status_code == (400 if version == 0 else 404)
    assert get(api, at("a"))["X-KV-Revision"] == "1"


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, {"#/restore"}),
        ([], {"#"}),
        ({"restore": "1"}, {"#/restore"}),
        ({"restore": 1.5}, {"#/restore"}),
        ({"restore": True}, {"#/restore"}),
        ({"restore": None}, {"#/restore"}),
        ({"restore": 2**63}, {"#/restore"}),
        ({"restore": 1, "key": "a"}, {"#/key"}),
        ('{"restore": 1, "restore": 1}', {"#/restore"}),
    ],
)
def test_points_at_each_fault(api: APIClient, body: object, where: set[str]) -> None:
    put(api, "a")
    assert set(pointers(post(api, URL, body))) == where


def test_a_body_over_the_limit_is_refused(api: APIClient) -> None:
    problem(post(api, URL, b" " * (2**20 + 8 * 2**10 + 1)), 413)


def test_a_quota_refuses_what_is_restored(api: APIClient) -> None:
    put(api, "a", b"123456")
    put(api, "a", b"1")
    api.generic("PUT", f"{ROOT}/ns/quota", b'{"max_bytes": 5}', content_type=JSON)
    problem(restore(api, 1), 507)
    assert get(api, at("a")).content == b"1"


# --- what is kept -------------------------------------------------------------------------------------------------


@override_settings(KVSTORE_HISTORY_COUNT=2)
def test_keeps_the_last_changes_once_it_was_trimmed(api: APIClient) -> None:
    for number in range(4):
        put(api, "a", str(number).encode())
    assert list(sweeping.trim_by_count(2)) == [1]
    assert told(get(api, URL)) == [(4, 4, "put"), (3, 3, "put")]
    assert [get(api, f"{URL}?version={version}").status_code for version in range(1, 5)] == [404, 404, 200, 200]
    assert restore(api, 1).status_code == 404


def test_a_key_whose_log_is_forgotten_is_there_without_a_history(api: APIClient, clock: Clock) -> None:
    put(api, "a", b"1")
    clock.move(timedelta(days=31).total_seconds())
    list(sweeping.trim_by_age(clock.now - timedelta(days=30)))
    answer = get(api, URL)
    assert (good(answer), answer["X-KV-Revision"]) == ({"items": [], "next": None}, "1")
    assert get(api, f"{URL}?version=1").content == b"1"
    assert good(restore(api, 1))["version"] == 2


def test_what_was_deleted_with_its_namespace_has_no_history(api: APIClient) -> None:
    put(api, "a", b"1")
    delete(api, f"{ROOT}/ns")
    problem(get(api, URL), 404)
    problem(get(api, f"{URL}?version=1"), 404)
    problem(restore(api, 1), 404)
    assert good(put(api, "a"), 201)["version"] == 2
    assert told(get(api, URL)) == [(2, 3, "put")]


def test_takes_a_key_with_slashes_in_both_spellings(api: APIClient) -> None:
    put(api, "a/b c")
    assert (
        told(get(api, f"{ROOT}/ns/history/a/b%20c"))
        == told(get(api, f"{ROOT}/ns/history/a%2Fb%20c"))
        == [(1, 1, "put")]
    )
