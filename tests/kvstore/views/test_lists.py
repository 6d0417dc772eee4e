"""`GET …/keys` as clients see it, the same on each database."""

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from kvstore import store
from kvstore.keys import path_of
from tests.kvstore.conftest import Clock
from tests.kvstore.views.asking import JSON, ROOT, base64_of, delete, get, good, pointers, put, touch

pytestmark = pytest.mark.usefixtures("records")
URL = f"{ROOT}/ns/keys"


def keys_of(answer: Any) -> list[str]:
    """The keys of a page."""
    return [item["key"] for item in good(answer)["items"]]


def pages(client: APIClient, query: str) -> list[dict[str, Any]]:
    """Every page of a list."""
    found, cursor = [], ""
    while cursor is not None:
        found.append(good(get(client, f"{URL}?{query}&cursor={cursor}")))
        cursor = found[-1]["next"]
    return found


def fill(client: APIClient, *keys: str) -> None:
    for key in keys:
        assert put(client, key, key.encode(), "text/plain").status_code == 201


def test_tells_of_each_key_what_is_known(api: APIClient, clock: Clock) -> None:
    put(api, "a", b"[1, 2]", JSON, "?ttl=60", X_Meta_Who="me")
    clock.move(1)
    put(api, "b", b"\xff", "image/png")
    answer = get(api, URL)
    assert good(answer) == {
        "items": [
            {
                "key": "a",
                "version": 1,
                "size": 6,
                "content_type": JSON,
                "updated_at": "2026-11-20T12:00:00Z",
                "expires_at": "2026-11-20T12:01:00Z",
                "meta": {"who": "me"},
            },
            {
                "key": "b",
                "version": 1,
                "size": 1,
                "content_type": "image/png",
                "updated_at": "2026-11-20T12:00:01Z",
                "expires_at": None,
            },
        ],
        "prefixes": [],
        "next": None,
    }
    assert (answer["X-KV-Revision"], answer["Cache-Control"]) == ("2", "no-store")


def test_gives_the_values_where_they_are_asked_for(api: APIClient) -> None:
    put(api, "a", b'{ "n": 123456789012345678901234567890 }', JSON)
    put(api, "b", b"\xff\x00", "image/png")
    put(api, "c", b"", "text/plain")
    answer = get(api, f"{URL}?values=true")
    assert b'"value":{ "n": 123456789012345678901234567890 }' in answer.content
    a, b, c = good(answer)["items"]
    assert (b["value_base64"], c["value_base64"]) == (base64_of(b"\xff\x00"), "")
    assert "value_base64" not in a
    for query in ("", "?values=false"):
        assert not {"value", "value_base64"} & good(get(api, f"{URL}{query}"))["items"][0].keys()


def test_a_namespace_that_is_not_there_is_an_empty_list(api: APIClient) -> None:
    answer = get(api, f"{ROOT}/nothing/keys")
    assert good(answer) == {"items": [], "prefixes": [], "next": None}
    assert answer["X-KV-Revision"] == "0"


def test_keys_come_in_the_order_of_their_bytes(api: APIClient) -> None:
    keys = ["B", "a", "a ", "a/", "a0", "b", "é", "\ufffd", "😀", "\U0010ffff"]
    fill(api, *reversed(keys))
    assert keys_of(get(api, URL)) == keys == sorted(keys, key=str.encode)


def test_what_is_deleted_or_expired_is_not_told(api: APIClient, clock: Clock) -> None:
    fill(api, "a", "b", "c")
    delete(api, f"{URL}/a")
    touch(api, "b", "?touch&ttl=1")
    clock.move(1)
    assert keys_of(get(api, URL)) == ["c"]
    put(api, "a")
    assert keys_of(get(api, URL)) == ["a", "c"]


def test_other_namespaces_are_others(api: APIClient, clock: Clock) -> None:
    for namespace in ("n", "ns", "ns-", "ns.", "ns0"):
        store.put(path_of(namespace, f"in {namespace}"), store.Value(b"", JSON), now=clock.now)
    assert keys_of(get(api, URL)) == ["in ns"]


@pytest.mark.parametrize(
    ("query", "keys", "prefixes"),
    [
        ("", ["a", "a/1", "a/2/3", "a/2/4", "a0", "b/", "b//c"], []),
        ("prefix=", ["a", "a/1", "a/2/3", "a/2/4", "a0", "b/", "b//c"], []),
        ("prefix=a", ["a", "a/1", "a/2/3", "a/2/4", "a0"], []),
        ("prefix=a/", ["a/1", "a/2/3", "a/2/4"], []),
        ("prefix=a/2/4", ["a/2/4"], []),
        ("prefix=A", [], []),
        ("prefix=%2F", [], []),
        ("delimiter=/", ["a", "a0"], ["a/", "b/"]),
        ("delimiter=", ["a", "a/1", "a/2/3", "a/2/4", "a0", "b/", "b//c"], []),
        ("prefix=a/&delimiter=/", ["a/1"], ["a/2/"]),
        ("prefix=a/2&delimiter=/", [], ["a/2/"]),
        ("prefix=b/&delimiter=/", ["b/"], ["b//"]),
        ("delimiter=/2/", ["a", "a/1", "a0", "b/", "b//c"], ["a/2/"]),
        ("prefix=a&delimiter=a", ["a", "a/1", "a/2/3", "a/2/4", "a0"], []),
        ("delimiter=a", ["b/", "b//c"], ["a"]),
    ],
)
def test_tells_keys_by_prefix_and_common_prefixes_by_delimiter(
    api: APIClient, query: str, keys: list[str], prefixes: list[str]
) -> None:
    fill(api, "a", "a/1", "a/2/3", "a/2/4", "a0", "b/", "b//c")
    for limit in range(1, 9):
        found = pages(api, f"{query}&limit={limit}")
        assert [item["key"] for page in found for item in page["items"]] == keys
        assert [prefix for page in found for prefix in page["prefixes"]] == prefixes
        full = [len(page["items"]) + len(page["prefixes"]) for page in found[:-1]]
        assert full == [limit] * len(full)


def test_a_page_has_100_keys_or_as_many_as_are_asked_for_up_to_1000(api: APIClient) -> None:
    ops = [{"put": {"key": f"{number:04}", "value": number}} for number in range(1000)]
    assert api.post(f"{ROOT}/ns/txn", {"success": ops}, format="json").status_code == 200
    fill(api, "last")
    assert [len(keys_of(get(api, f"{URL}{query}"))) for query in ("", "?limit=1", "?limit=1000")] == [100, 1, 1000]
    assert [len(page["items"]) for page in pages(api, "limit=1000")] == [1000, 1]


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "1.0", "", " 1", "1e2", "٣", "9" * 400])
def test_refuses_what_is_no_limit(api: APIClient, limit: str) -> None:
    assert pointers(get(api, f"{URL}?limit={limit}")) == {
        "#/limit": f"limit is {limit[:64] + '…' * (len(limit) > 64)!a}; it is an integer, 1 to 1000"
    }


@pytest.mark.parametrize("values", ["1", "True", "yes", "", "on"])
def test_refuses_what_is_neither_true_nor_false(api: APIClient, values: str) -> None:
    assert pointers(get(api, f"{URL}?values={values}"))["#/values"].endswith("is neither true nor false")


@pytest.mark.parametrize("name", ["prefix", "delimiter"])
@pytest.mark.parametrize("sent", ["a%0A", "%7F", "k" * 513])
def test_refuses_a_prefix_that_no_key_has(api: APIClient, name: str, sent: str) -> None:
    assert set(pointers(get(api, f"{URL}?{name}={sent}"))) == {f"#/{name}"}


@pytest.mark.parametrize("name", ["prefix", "delimiter", "limit", "cursor", "values"])
def test_refuses_a_parameter_that_comes_twice(api: APIClient, name: str) -> None:
    assert pointers(get(api, f"{URL}?{name}=1&{name}=1")) == {f"#/{name}": f"{name} is given 2 times"}


def test_a_page_goes_on_after_the_last_key_whatever_came_or_went(api: APIClient) -> None:
    fill(api, "a", "b", "c", "d")
    cursor = good(get(api, f"{URL}?limit=2"))["next"]
    delete(api, f"{URL}/b")
    delete(api, f"{URL}/c")
    fill(api, "a0", "b0")
    assert keys_of(get(api, f"{URL}?limit=2&cursor={cursor}")) == ["b0", "d"]


def test_a_cursor_is_of_letters_digits_dash_and_underscore(api: APIClient) -> None:
    fill(api, "\U0010ffff" * 20, *(chr(0x3F + number) * 3 for number in range(60)))
    for page in pages(api, "limit=1"):
        assert page["next"] is None or page["next"].replace("-", "").replace("_", "").isalnum()
        assert page["next"] is None or page["next"].isascii()


@pytest.mark.parametrize("wrong", ["a", "!", "AAAA", "é", "a" * 5000, "=", "AAAAAAAAAAA="])
def test_refuses_what_was_never_a_cursor(api: APIClient, wrong: str) -> None:
    fill(api, "a", "b")
    assert set(pointers(get(api, f"{URL}?cursor={wrong}"))) == {"#/cursor"}


@pytest.mark.parametrize(
    "other", ["ns/keys?prefix=a", "ns/keys?delimiter=/", "n2/keys?", "ns/history/a?", "ns/keys?prefix=b"]
)
def test_refuses_the_cursor_of_another_list(api: APIClient, other: str) -> None:
    fill(api, "a", "a1", "b")
    cursor = good(get(api, f"{URL}?limit=1"))["next"]
    assert "is not one that `next` gave" in pointers(get(api, f"{ROOT}/{other}&cursor={cursor}"))["#/cursor"]


def test_the_limit_may_change_from_page_to_page(api: APIClient) -> None:
    fill(api, "a", "b", "c", "d")
    cursor = good(get(api, f"{URL}?limit=1"))["next"]
    assert keys_of(get(api, f"{URL}?limit=2&values=true&cursor={cursor}")) == ["b", "c"]


def test_a_page_of_large_values_ends_early(api: APIClient, clock: Clock) -> None:
    for number in range(10):
        value = store.Value(b"x" * 2**20, "text/plain")
        store.put(path_of("ns", str(number)), value, now=clock.now)
    found = pages(api, "values=true&limit=1000")
    assert [len(page["items"]) for page in found] == [8, 2]
    assert len(good(get(api, URL))["items"]) == 10


def test_head_is_get_without_the_body(api: APIClient) -> None:
    fill(api, "a")
    head, shown = api.head(URL), get(api, URL)
    assert (head.status_code, head.content, head["X-KV-Revision"]) == (200, b"", "1")
    assert head["Content-Length"] == str(len(shown.content))


def test_a_key_is_told_as_it_is(api: APIClient) -> None:
    keys = ['"', "\\", "/", "<", "é", "😀", "\u2028", " "]
    fill(api, *keys)
    assert sorted(keys_of(get(api, URL))) == sorted(keys)
    assert json.loads(get(api, URL).content)["prefixes"] == []
