"""`/api/v1/namespaces/{ns}/keys/{key}` as clients see it, the same on each database."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from django.test import override_settings
from rest_framework.test import APIClient

from tests.kvstore.conftest import Clock
from tests.kvstore.views.asking import (
    BYTES,
    FORM,
    JSON,
    at,
    delete,
    get,
    good,
    pointers,
    problem,
    put,
    save,
    touch,
    version_and_revision,
)

pytestmark = pytest.mark.usefixtures("records")
ANSWERS = {"put": 200, "get": 200, "head": 200, "delete": 204, "touch": 200}
SENT = {
    "put": lambda client, key, **headers: put(client, key, b"new", **headers),
    "get": lambda client, key, **headers: get(client, at(key), **headers),
    "head": lambda client, key, **headers: client.generic("HEAD", at(key), headers=headers),
    "delete": lambda client, key, **headers: delete(client, at(key), **headers),
    "touch": touch,
}


# --- PUT, GET, HEAD -----------------------------------------------------------------------------------------------


def test_put_tells_whether_the_key_is_new_and_its_version(api: APIClient) -> None:
    created = put(api, "a/b", b"1")
    assert good(created, 201) == {"key": "a/b", "version": 1}
    assert version_and_revision(created) == ('"1"', "1")
    put(api, "other")
    replaced = put(api, "a/b", b"2")
    assert good(replaced) == {"key": "a/b", "version": 2}
    assert version_and_revision(replaced) == ('"2"', "3")


def test_get_gives_the_bytes_with_their_type_and_what_is_known_of_them(api: APIClient, clock: Clock) -> None:
    put(api, "a", b"\x89PNG\r\n\x00", "image/png")
    answer = get(api, at("a"))
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, b"\x89PNG\r\n\x00", "image/png")
    assert version_and_revision(answer) == ('"1"', "1")
    assert answer["Last-Modified"] == "Fri, 20 Nov 2026 12:00:00 GMT"
    assert "Expires" not in answer


def test_last_modified_is_when_the_value_was_written(api: APIClient, clock: Clock) -> None:
    put(api, "a")
    clock.move(60)
    put(api, "a")
    clock.move(60)
    touch(api, "a")
    assert get(api, at("a"))["Last-Modified"] == "Fri, 20 Nov 2026 12:01:00 GMT"


def test_expires_is_told_when_it_does(api: APIClient, clock: Clock) -> None:
    put(api, "a", query="?ttl=90")
    assert get(api, at("a"))["Expires"] == "Fri, 20 Nov 2026 12:01:30 GMT"
    assert get(api, at("a"), If_None_Match='"1"')["Expires"] == "Fri, 20 Nov 2026 12:01:30 GMT"


def test_head_is_get_without_the_body(api: APIClient, clock: Clock) -> None:
    put(api, "a", b"12345", "text/plain", "?ttl=60", X_Meta_Who="me")
    shown, head = get(api, at("a")), api.head(at("a"))
    assert (head.status_code, head.content) == (200, b"")
    assert {**head.headers, "X-Request-ID": ""} == {**shown.headers, "X-Request-ID": ""}
    assert head["Content-Length"] == "5"
    assert (api.head(at("b")).status_code, api.head(at("b"))["X-KV-Revision"]) == (404, "0")


def test_a_stored_byte_is_nobodys_page(api: APIClient) -> None:
    put(api, "a", b"<script>", "text/html")
    answer = get(api, at("a"))
    told = {name: answer[name] for name in ("X-Content-Type-Options", "Content-Security-Policy", "Content-Disposition")}
    assert told == {
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox",
        "Content-Disposition": "attachment",
    }


def test_a_copy_of_a_value_is_to_be_checked_before_each_use(api: APIClient) -> None:
    put(api, "a")
    assert get(api, at("a"))["Cache-Control"] == "no-cache"
    assert get(api, at("a"), If_None_Match='"1"')["Cache-Control"] == "no-cache"
    assert [put(api, "a")["Cache-Control"], get(api, at("b"))["Cache-Control"]] == ["no-store"] * 2


@pytest.mark.parametrize(
    "value",
    [b"", b"\0", bytes(range(256)), b"\r\n", b"123456789012345678901234567890", b'{ "a" : 1E5 }\n', b"\xef\xbb\xbf{}"],
)
def test_gives_a_value_back_byte_for_byte(api: APIClient, value: bytes) -> None:
    put(api, "a", value)
    answer = get(api, at("a"))
    assert (answer.content, answer["Content-Length"]) == (value, str(len(value)))


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("text/plain; charset=latin-1", "text/plain; charset=latin-1"),
        (" text/plain ", "text/plain"),
        ("", BYTES),
        (FORM, FORM),
        ("multipart/form-data; boundary=x", "multipart/form-data; boundary=x"),
        ("multipart/form-data", "multipart/form-data"),
        ("text/event-stream", "text/event-stream"),
        ("x/" + "y" * 253, "x/" + "y" * 253),
    ],
)
def test_keeps_the_type_whatever_it_is(api: APIClient, sent: str, kept: str) -> None:
    assert put(api, "a", b"a=1&b=2", sent).status_code == 201
    answer = get(api, at("a"))
    assert (answer.content, answer["Content-Type"]) == (b"a=1&b=2", kept)


@pytest.mark.parametrize("sent", ["text", "text/", "/plain", "text/plain\u00e9", "a b/c", "x/" + "y" * 254, "text/é"])
def test_refuses_what_is_no_type(api: APIClient, sent: str) -> None:
    assert "is no content type" in pointers(put(api, "a", content_type=sent))["#/Content-Type"]
    assert get(api, at("a")).status_code == 404


@pytest.mark.parametrize(
    "value",
    [b"", b" ", b"{", b"NaN", b"1e400", b'"\\ud800"', b'"\xff"', b"\xef\xbb\xbf1", b'{"a": 1, "a": 2}',
     b"[" * 101 + b"]" * 101, b"[" * 5000 + b"]" * 5000, b"[" * 200_000 + b"]" * 200_000],
    ids=range(12),
)  # fmt: skip
def test_a_put_of_json_must_be_json(api: APIClient, value: bytes) -> None:
    problem(put(api, "a", value, JSON), 400)
    assert get(api, at("a")).status_code == 404


@pytest.mark.parametrize(
    ("kind", "status"), [("Application/JSON", 400), (f"{JSON}; charset=utf-8", 400), (f"{JSON}l", 201)]
)
def test_json_is_told_by_the_type_without_its_parameters(api: APIClient, kind: str, status: int) -> None:
    assert put(api, "a", b"{", kind).status_code == status


@pytest.mark.parametrize(
    "value", [b" 1 ", b"[" * 100 + b"]" * 100, b"123456789012345678901234567890", '"é😀"'.encode()]
)
def test_json_is_kept_with_its_blanks_and_is_shown_by_get(api: APIClient, value: bytes) -> None:
    assert put(api, "a", value, JSON).status_code == 201
    assert get(api, at("a")).content == value
    assert api.generic("PUT", at("a", "default"), value, content_type=JSON).status_code == 201
    assert get(api, "/get/a").content == b'{"key":"a","value":' + value + b',"version":1,"expires_at":null}'


@override_settings(KVSTORE_MAX_VALUE_BYTES=10)
def test_takes_a_value_of_the_limit_and_refuses_one_above(api: APIClient) -> None:
    assert put(api, "a", b"x" * 10).status_code == 201
    assert problem(put(api, "a", b"x" * 11), 413)["detail"] == "the body has 11 bytes; at most 10 are allowed"
    assert get(api, at("a")).content == b"x" * 10


def test_a_namespace_is_made_by_its_first_write(api: APIClient) -> None:
    assert good(get(api, "/api/v1/namespaces"))["items"] == []
    get(api, at("a"))
    delete(api, at("a"))
    put(api, "a", If_Match="*")
    assert good(get(api, "/api/v1/namespaces"))["items"] == []
    put(api, "a")
    assert [item["namespace"] for item in good(get(api, "/api/v1/namespaces"))["items"]] == ["ns"]


@pytest.mark.parametrize(
    "key",
    ["a/b", "//", " ", "a ", "..", "../x", "é", "e\u0301", "%2F", "a+b", "a?b&c=d#e", "\u2028", "k" * 512, "é" * 256],
)
def test_takes_every_key_in_each_spelling(api: APIClient, key: str) -> None:
    assert good(put(api, key), 201)["key"] == key
    assert get(api, f"/api/v1/namespaces/ns/keys/{quote(key)}").status_code == 200
    assert get(api, at(key)).status_code == 200
    assert delete(api, at(key)).status_code == 204


@pytest.mark.parametrize("namespace", ["a", "0", "a" * 64, "team-a", "a.b_c-d", "a..", "0-"])
def test_takes_every_namespace(api: APIClient, namespace: str) -> None:
    assert api.generic("PUT", at("a", namespace), b"1").status_code == 201
    assert get(api, at("a", namespace)).status_code == 200


@pytest.mark.parametrize("namespace", ["A", "-a", ".a", "_a", "a" * 65, "a%20", "%C3%A9", "a%0A", "a:", "a%00"])
@pytest.mark.parametrize("verb", ["GET", "PUT", "DELETE", "POST"])
def test_refuses_what_is_no_namespace(api: APIClient, namespace: str, verb: str) -> None:
    answer = api.generic(verb, f"/api/v1/namespaces/{namespace}/keys/a?touch", b"")
    assert problem(answer, 400)["detail"].endswith(("first a letter or digit", "is not UTF-8 text without NUL"))


@pytest.mark.parametrize(
    ("key", "status"), [("", 400), ("a%0Ab", 400), ("%7F", 400), ("%C2%85", 400), ("k" * 513, 414)]
)
@pytest.mark.parametrize("verb", ["GET", "HEAD", "PUT", "DELETE", "POST"])
def test_refuses_what_is_no_key(api: APIClient, key: str, status: int, verb: str) -> None:
    answer = api.generic(verb, f"/api/v1/namespaces/ns/keys/{key}?touch", b"")
    assert answer.status_code == status
    if verb != "HEAD":
        problem(answer, status)


# --- ttl ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ttl", "seconds"), [("1", 1), ("0.5", 0.5), ("315360000", 315_360_000), ("60.000001", 60.000001)]
)
def test_a_record_ends_with_its_ttl(api: APIClient, clock: Clock, ttl: str, seconds: float) -> None:
    put(api, "a", query=f"?ttl={ttl}")
    clock.move(seconds - 0.000001)
    assert get(api, at("a")).status_code == 200
    clock.move(0.000001)
    assert problem(get(api, at("a")), 404)
    assert get(api, at("a"))["X-KV-Revision"] == "1"


@pytest.mark.parametrize(
    "ttl", ["0", "-1", "+1", "1e3", "nan", "inf", "0x1", "1_0", " 1", "315360001", "9" * 400, "٣", "a", "0.0"]
)
def test_refuses_what_is_no_ttl(api: APIClient, ttl: str) -> None:
    url = f"?ttl={quote(ttl)}"
    assert set(pointers(put(api, "a", query=url))) == {"#/ttl"}
    put(api, "a", query="?ttl=60")
    assert set(pointers(touch(api, "a", f"?touch&ttl={quote(ttl)}"))) == {"#/ttl"}
    assert get(api, at("a"))["X-KV-Revision"] == "1"


@pytest.mark.parametrize("query", ["", "?ttl="])
def test_a_write_without_a_ttl_clears_it(api: APIClient, clock: Clock, query: str) -> None:
    put(api, "a", query="?ttl=1")
    put(api, "a", query=query)
    clock.move(2)
    assert get(api, at("a")).status_code == 200


@pytest.mark.parametrize("query", ["?ttl=1&ttl=1", "?ttl=1&ttl=2", "?ttl=&ttl="])
def test_a_parameter_that_comes_twice_is_refused(api: APIClient, query: str) -> None:
    assert pointers(put(api, "a", query=query)) == {"#/ttl": "ttl is given 2 times"}
    put(api, "a")
    assert pointers(touch(api, "a", f"{query}&touch&touch")).keys() == {"#/ttl", "#/touch"}


# --- metadata -----------------------------------------------------------------------------------------------------


def test_metadata_comes_back_with_the_value(api: APIClient) -> None:
    put(api, "a", X_Meta_Commit="0f1e", X_META_Build_Url="https://x/1?a=b", X_Meta_Empty="")
    answer = get(api, at("a"))
    assert (answer["X-Meta-Commit"], answer["X-Meta-Build-Url"]) == ("0f1e", "https://x/1?a=b")
    assert answer["X-Meta-Empty"] == ""
    assert api.head(at("a"))["X-Meta-Commit"] == "0f1e"


def test_a_value_without_metadata_drops_that_of_the_one_before(api: APIClient) -> None:
    put(api, "a", X_Meta_Commit="0f1e")
    touch(api, "a")
    assert get(api, at("a"))["X-Meta-Commit"] == "0f1e"
    put(api, "a")
    assert "X-Meta-Commit" not in get(api, at("a"))


@pytest.mark.parametrize(("size_bytes", "status"), [(1023, 201), (1024, 201), (1025, 431)])
def test_metadata_is_up_to_1_kib_together(api: APIClient, size_bytes: int, status: int) -> None:
    answer = put(api, "a", X_Meta_A="x" * 500, X_Meta_B="x" * (size_bytes - 502))
    assert answer.status_code == status
    if status == 431:
        assert problem(answer, 431)["detail"].endswith("have 1025 bytes; at most 1024")
        assert get(api, at("a")).status_code == 404


@pytest.mark.parametrize("value", ["\xff", "a\x01b", "\xc2\x85", "\xed\xa0\x80"])
def test_metadata_is_text_without_control_characters(api: APIClient, value: str) -> None:
    answer = api.generic("PUT", at("a"), b"1", HTTP_X_META_A=value)
    assert set(pointers(answer)) == {"#/X-Meta-*"}
    assert get(api, at("a")).status_code == 404


def test_metadata_may_be_any_text(api: APIClient) -> None:
    api.generic("PUT", at("a"), b"1", HTTP_X_META_A="é😀".encode().decode("latin-1"))
    assert get(api, at("a"))["X-Meta-A"].encode("latin-1").decode() == "é😀"


# --- conditions ---------------------------------------------------------------------------------------------------

HELD = [  # at version 2: what is sent, does it hold
    ("If-Match", '"2"', True),
    ("If-Match", '"1", "2"', True),
    ("If-Match", '"1","2",', True),
    ("If-Match", "*", True),
    ("If-Match", '"1"', False),
    ("If-Match", 'W/"2"', False),
    ("If-Match", '"02"', False),
    ("If-Match", '"2 "', None),
    ("If-Match", '"abc"', False),
    ("If-Match", '""', False),
    ("If-Match", '"99999999999999999999"', False),
    ("If-None-Match", "*", False),
    ("If-None-Match", '"2"', False),
    ("If-None-Match", 'W/"2"', False),
    ("If-None-Match", '"1"', True),
    ("If-None-Match", '"1", "abc"', True),
]
MALFORMED = ["2", "", ",", '"2', '"2" "3"', 'w/"2"', "*, *", '"2", *', "'2'", '"é"'.encode().decode("latin-1") + '"']


@pytest.mark.parametrize(("header", "value", "holds"), [row for row in HELD if row[2] is not None])
@pytest.mark.parametrize("verb", ["put", "delete", "touch"])
def test_writes_where_the_condition_holds_and_only_there(
    api: APIClient, verb: str, header: str, value: str, holds: bool
) -> None:
    put(api, "a", b"1")
    put(api, "a", b"2")
    answer = SENT[verb](api, "a", **{header: value})
    assert answer.status_code == (ANSWERS[verb] if holds else 412), answer.content
    if not holds:
        assert problem(answer, 412)["current_version"] == 2
        assert answer["X-KV-Revision"] == "2"
        assert (get(api, at("a")).content, get(api, at("a"))["X-KV-Revision"]) == (b"2", "2")


@pytest.mark.parametrize("gone", ["never", "deleted", "expired"])
@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("If-Match", '"1"', 412),
        ("If-Match", "*", 412),
        ("If-None-Match", "*", 201),
        ("If-None-Match", '"1"', 201),
    ],
)
def test_a_put_on_an_absent_key_is_for_those_who_expect_none(
    api: APIClient, clock: Clock, gone: str, header: str, value: str, status: int
) -> None:
    make_gone(api, clock, gone)
    answer = put(api, "a", b"new", **{header: value})
    assert answer.status_code == status
    if status == 412:
        assert problem(answer, 412)["current_version"] == 0
        assert get(api, at("a")).status_code == 404
    else:
        assert good(answer, 201)["version"] == (1 if gone == "never" else 2)


def make_gone(api: APIClient, clock: Clock, how: str) -> int:
    """A key that is not there: the revision of its end."""
    if how != "never":
        put(api, "a", query="?ttl=1" if how == "expired" else "")
    if how == "deleted":
        delete(api, at("a"))
    clock.move(1)
    return {"never": 0, "deleted": 2, "expired": 1}[how]


@pytest.mark.parametrize("gone", ["never", "deleted", "expired"])
@pytest.mark.parametrize("verb", ["get", "head", "delete", "touch"])
@pytest.mark.parametrize("headers", [{}, {"If_Match": '"1"'}, {"If_Match": "*"}, {"If_None_Match": "*"}])
def test_what_is_not_there_is_404_whatever_is_expected(
    api: APIClient, clock: Clock, gone: str, verb: str, headers: dict[str, str]
) -> None:
    revision = make_gone(api, clock, gone)
    answer = SENT[verb](api, "a", **{name.replace("_", "-"): value for name, value in headers.items()})
    assert (answer.status_code, answer["X-KV-Revision"]) == (404, str(revision))
    assert put(api, "a").status_code == 201


@pytest.mark.parametrize(
    ("verb", "value"), [*(("put", value) for value in MALFORMED), ("get", "2"), ("delete", "2"), ("touch", "2")]
)
@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
def test_refuses_what_is_no_etag(api: APIClient, verb: str, header: str, value: str) -> None:
    put(api, "a", b"1")
    answer = SENT[verb](api, "a", **{header: value})
    assert pointers(answer)[f"#/{header}"].startswith(f"{header} is ")
    assert get(api, at("a"))["X-KV-Revision"] == "1"


def test_both_conditions_must_hold(api: APIClient) -> None:
    put(api, "a", b"1")
    assert put(api, "a", If_Match='"1"', If_None_Match='"1"').status_code == 412
    assert put(api, "a", If_Match="*", If_None_Match="*").status_code == 412
    assert put(api, "a", If_Match='"1"', If_None_Match='"2"').status_code == 200


@pytest.mark.parametrize("sent", ['"2"', 'W/"2"', '"1", "2"', "*"])
def test_a_reader_that_has_the_version_is_told_304(api: APIClient, sent: str) -> None:
    put(api, "a", b"1", X_Meta_A="x")
    put(api, "a", b"2")
    answer = get(api, at("a"), If_None_Match=sent)
    assert (answer.status_code, answer.content) == (304, b"")
    assert version_and_revision(answer) == ('"2"', "2")
    assert "Content-Type" not in answer
    assert "Last-Modified" in answer


def test_a_reader_that_has_another_version_gets_the_value(api: APIClient) -> None:
    put(api, "a", b"1")
    assert get(api, at("a"), If_None_Match='"2"').content == b"1"
    assert get(api, at("a"), If_Match='"1"').content == b"1"
    assert problem(get(api, at("a"), If_Match='"2"'), 412)["current_version"] == 1


def test_after_deletion_an_old_etag_is_of_nothing(api: APIClient) -> None:
    put(api, "a")
    delete(api, at("a"))
    assert good(put(api, "a"), 201)["version"] == 2
    assert put(api, "a", If_Match='"1"').status_code == 412
    assert get(api, at("a"), If_None_Match='"1"').status_code == 200


# --- DELETE -------------------------------------------------------------------------------------------------------


def test_delete_leaves_nothing_to_be_shown(api: APIClient) -> None:
    put(api, "a")
    answer = delete(api, at("a"))
    assert (answer.status_code, answer.content, answer["X-KV-Revision"]) == (204, b"", "2")
    assert "Content-Type" not in answer
    assert get(api, at("a")).status_code == 404
    assert problem(delete(api, at("a")), 404)["detail"] == "there is no key a in the namespace ns"


# --- touch --------------------------------------------------------------------------------------------------------


def test_touch_sets_the_ttl_and_keeps_the_version(api: APIClient, clock: Clock) -> None:
    put(api, "a", b"1", "text/plain", X_Meta_A="x")
    answer = touch(api, "a", "?touch&ttl=60")
    assert good(answer) == {"key": "a", "version": 1, "expires_at": "2026-11-20T12:01:00Z"}
    assert answer["X-KV-Revision"] == "2"
    shown = get(api, at("a"))
    assert (shown.content, shown["Content-Type"], shown["X-Meta-A"]) == (b"1", "text/plain", "x")
    assert version_and_revision(shown) == ('"1"', "2")
    clock.move(60)
    assert get(api, at("a")).status_code == 404


@pytest.mark.parametrize("query", ["?touch", "?touch=", "?touch=yes", "?touch&ttl="])
def test_touch_without_a_ttl_clears_it(api: APIClient, clock: Clock, query: str) -> None:
    put(api, "a", query="?ttl=1")
    assert good(touch(api, "a", query))["expires_at"] is None
    clock.move(2)
    assert get(api, at("a")).status_code == 200


@pytest.mark.parametrize("query", ["", "?", "?ttl=1", "?Touch"])
def test_a_post_that_is_no_touch_is_told_so(api: APIClient, query: str) -> None:
    put(api, "a")
    assert pointers(touch(api, "a", query))["#/touch"].startswith("POST to a key is ?touch")


@pytest.mark.parametrize("kind", ["", JSON, FORM])
def test_touch_takes_no_body(api: APIClient, kind: str) -> None:
    put(api, "a")
    answer = api.generic("POST", at("a") + "?touch", b"{}", content_type=kind)
    assert problem(answer, 400)["detail"] == "?touch takes no body; PUT writes a value"
    assert get(api, at("a"))["X-KV-Revision"] == "1"


# --- beside /save, /get and /delete -------------------------------------------------------------------------------


def test_default_is_the_namespace_of_save(api: APIClient) -> None:
    save(api, {"key": "a", "value": [1]})
    shown = get(api, at("a", "default"))
    assert (shown.content, shown["Content-Type"], shown["ETag"]) == (b"[1]", JSON, '"1"')
    api.generic("PUT", at("a", "default"), b"[2]", content_type=JSON)
    assert json.loads(get(api, "/get/a").content)["version"] == 2


def test_a_value_that_is_not_json_is_406_at_get(api: APIClient) -> None:
    api.generic("PUT", at("a", "default"), b"[2]", content_type="text/plain")
    answer: Any = get(api, "/get/a")
    assert "/api/v1/namespaces/default/keys/{key}" in problem(answer, 406)["detail"]
