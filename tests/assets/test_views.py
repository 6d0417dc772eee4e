"""The routes, on the directory and on S3, behind the project's own access and errors."""

import base64
import hashlib
import io
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.core.handlers.wsgi import WSGIRequest
from rest_framework.test import APIClient

from assets import locks, services
from assets.conf import conf
from assets.models import Asset
from assets.stores.base import AssetStore, StoreAway
from assets.stores.s3 import S3Store
from assets.views.assets import AssetByName
from tests.assets.conftest import Server
from tests.assets.test_s3 import refuse
from tests.assets.test_stores import leftovers

pytestmark = pytest.mark.django_db
PUT, GET, LIST, NAMED = "/buildserver/put-asset", "/buildserver/get-asset", "/buildserver/list-assets", "/api/v1/assets"
DATA = b"bytes of a build\x00\xff"
SHA256 = hashlib.sha256(DATA)
MD5 = base64.b64encode(hashlib.md5(DATA, usedforsecurity=False).digest()).decode()
REPR = f"sha-256=:{base64.b64encode(SHA256.digest()).decode()}:"
MIB = 2**20


@pytest.fixture(autouse=True)
def used(store: AssetStore) -> AssetStore:
    return store


@pytest.fixture
def stored(server: Server) -> str:
    """A name that has DATA."""
    assert server("PUT", f"{PUT}?build=a/b.tar.gz", DATA, CONTENT_TYPE="application/gzip").status == 201
    return "a/b.tar.gz"


def nothing(store: AssetStore) -> bool:
    return not Asset.objects.exists() and list(store.all_names()) == [] and leftovers(store) == []


def form(boundary: str = "b", **fields: bytes | str) -> tuple[bytes, str]:
    """A body of multipart/form-data and its type; bytes are a file."""
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'.encode()
        + (b'; filename="f.bin"\r\nContent-Type: text/css' if isinstance(value, bytes) else b"")
        + b"\r\n\r\n"
        + (value if isinstance(value, bytes) else value.encode())
        + b"\r\n"
        for name, value in fields.items()
    ]
    return b"".join(parts) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


# Putting.


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize("declared", [-1, None])
@pytest.mark.parametrize(
    ("kind", "size"),
    [
        ("application/json", 10),
        ("application/x-www-form-urlencoded", 10),
        ("text/plain", 0),
        ("text/plain", 10),
        ("", 10),
        ("application/json", 9 * MIB),
    ],
)
def test_a_body_of_any_type_is_the_bytes(
    server: Server, method: str, kind: str, declared: int | None, size: int
) -> None:
    data = b"{" * size
    answer = server(method, f"{PUT}?build=a/b", data, declared=declared, CONTENT_TYPE=kind)
    expected = {"build": "a/b", "sha256": hashlib.sha256(data).hexdigest(), "size": size}
    assert (answer.status, answer.json) == (201, expected)
    again = server(method, f"{PUT}?build=a/b", data, declared=declared, CONTENT_TYPE=kind)
    assert (again.status, again.json) == (200, expected)
    assert server("GET", f"{GET}?build=a/b").content == data


def test_a_text_comes_as_json(server: Server) -> None:
    body = b'{"build": "ci-1", "image": " \xc3\xa9\\u0000 "}'
    answer = server("POST", PUT, body, CONTENT_TYPE="application/json")
    assert (answer.status, answer.json["size"]) == (201, 5)
    assert server("POST", PUT, body, declared=None, CONTENT_TYPE="application/json").status == 200
    assert server("GET", f"{GET}?build=ci-1").content == b" \xc3\xa9\x00 "
    other = b'{"build": "ci-1", "image": "other"}'
    assert server("POST", PUT, other, CONTENT_TYPE="application/json").status == 409
    other = other.replace(b"}", b', "replace": true}')
    assert server("POST", PUT, other, CONTENT_TYPE="application/json").status == 201
    assert services.find("ci-1").content_type == "text/plain; charset=utf-8"


@pytest.mark.parametrize("size", [0, 10, 9 * MIB])
def test_a_file_comes_in_a_form(server: Server, size: int) -> None:
    body, kind = form(build="ci-1", file=b"." * size)
    answer = server("POST", PUT, body, CONTENT_TYPE=kind)
    assert (answer.status, answer.json["size"]) == (201, size)
    assert server("POST", PUT, body, declared=None, CONTENT_TYPE=kind).status == 200
    assert server("GET", f"{GET}?build=ci-1").content == b"." * size
    body, kind = form(file=b"other", replace="true")
    assert server("POST", f"{PUT}?build=ci-1", body, CONTENT_TYPE=kind).status == 201
    assert services.find("ci-1").content_type == "text/css"


def test_other_bytes_need_replace(server: Server, stored: str) -> None:
    for route in (f"{PUT}?build={stored}", f"{NAMED}/{stored}?"):
        refused = server("PUT", route, b"other")
        assert (refused.status, refused.json["sha256"]) == (409, services.find(stored).sha256)
        assert "replace=true would replace them" in refused.json["detail"]
        assert server("PUT", f"{route}&replace=false", b"other").status == 409
        assert server("PUT", f"{route}&replace=true", b"other" + route.encode()).status == 201


def test_a_name_is_no_other_s_parent(server: Server, stored: str) -> None:
    for name in ("a", f"{stored}/c"):
        answer = server("PUT", f"{PUT}?build={name}", b".")
        assert (answer.status, answer.json["title"]) == (409, "Conflict")
        assert stored in answer.json["detail"]


RIGHT = [{"REPR_DIGEST": REPR}, {"CONTENT_MD5": MD5}, {"X_CHECKSUM_SHA256": SHA256.hexdigest()}, {}]
WRONG = [{"REPR_DIGEST": REPR.replace(":", ":A", 1)[:-3] + "=:"}, {"CONTENT_MD5": "A" * 22 + "=="}]
WRONG += [{"X_CHECKSUM_SHA256": "0" * 64}, {"CONTENT_MD5": MD5, "X_CHECKSUM_SHA256": "0" * 64}]
BODIES = {"declared": -1, "chunked": None}


@pytest.mark.parametrize("route", [f"{PUT}?build=a", f"{NAMED}/a"])
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("headers", RIGHT)
def test_right_digests_are_accepted(
    server: Server, store: AssetStore, route: str, body: str, headers: dict[str, str]
) -> None:
    assert server("PUT", route, DATA, declared=BODIES[body], **headers).status == 201
    assert server("GET", f"{GET}?build=a").content == DATA


@pytest.mark.parametrize("route", [f"{PUT}?build=a", f"{NAMED}/a"])
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("headers", WRONG)
@pytest.mark.parametrize("data", [DATA, DATA * (MIB // 2)])
def test_wrong_digests_are_refused_and_leave_nothing(
    server: Server, store: AssetStore, route: str, body: str, headers: dict[str, str], data: bytes
) -> None:
    answer = server("PUT", route, data, declared=BODIES[body], **headers)
    assert answer.status == 422
    assert re.search(r"says (sha256|md5) [0-9a-f]+, the \d+ bytes that came have [0-9a-f]+$", answer.json["detail"])
    assert nothing(store)


@pytest.mark.parametrize("kind", ["application/json", "form"])
def test_digests_beside_json_and_forms_are_those_of_the_asset(server: Server, store: AssetStore, kind: str) -> None:
    body, kind = form(build="a", file=b"text") if kind == "form" else (b'{"build": "a", "image": "text"}', kind)
    right = {"X_CHECKSUM_SHA256": hashlib.sha256(b"text").hexdigest()}
    assert server("POST", PUT, body, CONTENT_TYPE=kind, **WRONG[0]).status == 422
    assert nothing(store)
    assert server("POST", PUT, body, CONTENT_TYPE=kind, **right).status == 201


@pytest.mark.parametrize("size", [0, 10, 9 * MIB])
@pytest.mark.parametrize("route", [("PUT", f"{PUT}?build=a"), ("POST", f"{PUT}?build=a"), ("PUT", f"{NAMED}/a")])
def test_a_body_that_is_cut_short_leaves_nothing(
    server: Server, store: AssetStore, route: tuple[str, str], size: int
) -> None:
    answer = server(*route, b"." * size, declared=10 * MIB)
    assert (answer.status, answer.json["detail"]) == (400, f"the body ended after {size} of 10485760 bytes")
    assert nothing(store)


@pytest.mark.parametrize("cut", [1, 60, 5 * MIB])
def test_a_form_that_is_cut_short_leaves_nothing(server: Server, store: AssetStore, cut: int) -> None:
    body, kind = form(build="a", file=b"." * 6 * MIB)
    answer = server("POST", PUT, body[:-cut], declared=len(body), CONTENT_TYPE=kind)
    assert answer.status == 400
    assert nothing(store)


@pytest.fixture
def elsewhere(settings: Any) -> Callable[..., Any]:
    """The view in another project, whose requests are Django's own."""
    settings.ASSETS_ALLOW = ["assets:write"]

    def put(**meta: str) -> Any:
        environ = {"REQUEST_METHOD": "PUT", "PATH_INFO": "/", "wsgi.input": io.BytesIO(DATA), **meta}
        view = AssetByName.as_view(permission_classes=[])
        answer = view(WSGIRequest({"SERVER_NAME": "testserver", "SERVER_PORT": "80", **environ}), name="a")
        return answer.status_code, answer.rendered_content if hasattr(answer, "data") else answer.content.decode()

    return put


def test_a_body_that_is_shorter_than_declared_is_noticed_in_any_project(elsewhere: Any, store: AssetStore) -> None:
    """Django's own request takes what came for the whole."""
    status, content = elsewhere(CONTENT_LENGTH="1000")
    assert (status, f"1000 bytes were announced, {len(DATA)} came" in content) == (400, True)
    assert nothing(store)


def test_a_request_without_a_body_stores_no_bytes(elsewhere: Any) -> None:
    assert elsewhere()[0] == 201
    assert services.find("a").size == 0


@pytest.mark.parametrize(
    ("meta", "status", "detail"),
    [
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, 411, "chunked bodies are not read here: send Content-Length"),
        ({"HTTP_TRANSFER_ENCODING": "Chunked"}, 411, "chunked bodies are not read here: send Content-Length"),
        ({"CONTENT_LENGTH": "ten"}, 400, "Content-Length is not a number of bytes"),
        ({"CONTENT_LENGTH": "1" * 20}, 400, "Content-Length is not a number of bytes"),
    ],
)
def test_a_body_whose_end_nobody_knows_is_not_taken_for_an_empty_one(
    elsewhere: Any, store: AssetStore, meta: dict[str, str], status: int, detail: str
) -> None:
    found, content = elsewhere(**meta)
    assert (found, detail in content) == (status, True)
    assert nothing(store)


@pytest.mark.parametrize("kind", ["raw", "chunked", "json", "form"])
def test_too_large_a_body_is_refused(server: Server, store: AssetStore, settings: Any, kind: str) -> None:
    settings.ASSETS_MAX_BYTES = 10
    sent, mime = form(build="a", file=b"." * 11) if kind == "form" else (b"." * 11, "text/plain")
    if kind == "json":
        sent, mime = b'{"build": "a", "image": "12345678901"}', "application/json"
    route = f"{PUT}?build=a" if kind in ("raw", "chunked") else PUT
    answer = server("POST", route, sent, declared=None if kind == "chunked" else -1, CONTENT_TYPE=mime)
    assert answer.status == 413
    assert re.search("at most 10 are taken|than the 10 bytes", answer.json["detail"])
    assert nothing(store)


def test_too_large_a_form_is_refused_before_it_is_read(server: Server, settings: Any) -> None:
    settings.ASSETS_MAX_BYTES = 10
    _, kind = form()
    answer = server("POST", PUT, b"", declared=70_000, CONTENT_TYPE=kind)
    assert (answer.status, answer.json["detail"]) == (413, "the form is larger than the 10 bytes that are taken")


def test_a_full_store_is_507(server: Server, store: AssetStore, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ASSETS_MIN_FREE_BYTES = 2**62
    if isinstance(store, S3Store):
        monkeypatch.setattr(store.client, "put_object", refuse("QuotaExceeded"))
    answer = server("PUT", f"{PUT}?build=a", DATA)
    assert (answer.status, answer.json["title"]) == (507, "Insufficient Storage")
    assert nothing(store)


def test_a_store_that_is_away_is_503_and_tells_nothing_of_itself(
    server: Server, store: AssetStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_args: Any, **_options: Any) -> None:
        raise StoreAway("http://10.0.0.1:9000 does not answer")

    server("PUT", f"{PUT}?build=a", DATA)
    monkeypatch.setattr(type(store), "stamp", away)
    monkeypatch.setattr(type(store), "read", away)
    for answer in (server("PUT", f"{PUT}?build=a", DATA), server("GET", f"{GET}?build=a")):
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert answer.json["detail"] == "the store of the assets is away"
    faults = [record.fault for record in caplog.records if record.message == "the store is away"]  # type: ignore[attr-defined]
    assert faults == ["http://10.0.0.1:9000 does not answer"] * 2


def test_a_name_that_is_busy_is_503(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(_name: str) -> None:
        raise locks.Busy("the name has been written by another for 30 s")

    monkeypatch.setattr(locks, "held", busy)
    answer = server("PUT", f"{PUT}?build=a", DATA)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "PATCH"])
def test_put_asset_tells_a_browser_how_to_do_it(server: Server, anonymous: APIClient, method: str) -> None:
    answer = server(method, PUT)
    assert (answer.status, answer.headers["Allow"]) == (405, "PUT, POST")
    assert method == "HEAD" or "PUT or POST /buildserver/put-asset?build=NAME" in answer.json["detail"]
    assert anonymous.generic(method, PUT).status_code == 405


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ("{}", ["#/build", "#/image"]),
        ('{"build": 1, "image": 2, "replace": "true"}', ["#/build", "#/image", "#/replace"]),
        ('{"build": "a", "image": null}', ["#/image"]),
        ('{"build": "a", "image": "", "replace": 1}', ["#/replace"]),
        ('{"build": "a", "image": "", "label": "x"}', ["#/label"]),
        ('{"build": "a/", "image": ""}', ["#/build"]),
        ("[]", ["#"]),
        ('"a"', ["#"]),
    ],
)
def test_json_that_is_wrong_is_told_member_by_member(
    server: Server, store: AssetStore, body: str, pointers: list[str]
) -> None:
    answer = server("POST", PUT, body.encode(), CONTENT_TYPE="application/json")
    assert (answer.status, [error["pointer"] for error in answer.json["errors"]]) == (400, pointers)
    assert nothing(store)


@pytest.mark.parametrize(
    ("fields", "pointers"),
    [
        ({}, ["#/build", "#/file"]),
        ({"build": "a", "file": "text"}, ["#/file"]),
        ({"build": "a", "file": b"", "replace": "1"}, ["#/replace"]),
        ({"build": "a", "file": b"", "label": "x"}, ["#/label"]),
    ],
)
def test_a_form_that_is_wrong_is_told_field_by_field(server: Server, fields: Any, pointers: list[str]) -> None:
    body, kind = form(**fields)
    answer = server("POST", PUT, body, CONTENT_TYPE=kind)
    assert (answer.status, [error["pointer"] for error in answer.json["errors"]]) == (400, pointers)


def test_a_form_and_its_query_name_the_same_asset(server: Server) -> None:
    body, kind = form(build="a", file=b".")
    assert server("POST", f"{PUT}?build=a", body, CONTENT_TYPE=kind).status == 201
    answer = server("POST", f"{PUT}?build=b", body, CONTENT_TYPE=kind)
    assert (answer.status, answer.json["detail"]) == (400, "the query and the form name different assets")


@pytest.mark.parametrize("body", [b"", b"--b", b"--b\r\nContent-Disposition: form-data; name=x\r\n\r\n"])
def test_a_form_that_is_none_is_refused(server: Server, body: bytes) -> None:
    assert server("POST", PUT, body, CONTENT_TYPE="multipart/form-data; boundary=b").status == 400
    assert server("POST", PUT, body, CONTENT_TYPE="multipart/form-data").status == 400


@pytest.mark.parametrize(
    ("method", "url", "kind", "status"),
    [
        ("POST", PUT, "text/plain", 415),
        ("POST", PUT, "application/x-www-form-urlencoded", 415),
        ("PUT", f"{PUT}?build=a", "multipart/form-data; boundary=b", 415),
        ("PUT", PUT, "text/plain", 400),
        ("PUT", f"{PUT}?build=", "text/plain", 400),
        ("PUT", f"{PUT}?build=a&replace=1", "text/plain", 400),
        ("PUT", f"{PUT}?build=a/../b", "text/plain", 400),
        ("PUT", f"{PUT}?build=/a", "text/plain", 400),
        ("PUT", f"{PUT}?build={'a' * 201}", "text/plain", 400),
        ("PUT", f"{PUT}?build=a%0Ab", "text/plain", 400),
        ("PUT", f"{PUT}?build=.buildserver/x", "text/plain", 400),
        ("PUT", f"{NAMED}/a//b", "text/plain", 400),
        ("PUT", f"{NAMED}/a?replace=yes", "text/plain", 400),
        ("GET", f"{NAMED}/a/..", "", 400),
        ("GET", GET, "", 400),
        ("GET", f"{GET}?build=", "", 400),
        ("GET", f"{GET}?build=a&redirect=1", "", 400),
        ("GET", f"{NAMED}/a?sha256=abc", "", 400),
        ("GET", f"{LIST}?limit=0", "", 400),
        ("GET", f"{LIST}?limit=1001", "", 400),
        ("GET", f"{NAMED}?limit=ten", "", 400),
        ("GET", f"{LIST}?cursor=%21", "", 400),
        ("GET", f"{GET}?build=a", "", 404),
        ("HEAD", f"{NAMED}/a", "", 404),
        ("DELETE", f"{NAMED}/a", "", 404),
        ("POST", f"{NAMED}/a", "", 405),
        ("POST", LIST, "", 405),
        ("PUT", GET, "", 405),
    ],
)
def test_what_is_malformed_or_unknown_is_the_documented_4xx(
    server: Server, store: AssetStore, method: str, url: str, kind: str, status: int
) -> None:
    answer = server(method, url, b".", CONTENT_TYPE=kind)
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert nothing(store)


@pytest.mark.parametrize(
    "headers", [{"REPR_DIGEST": "sha-256=abc"}, {"CONTENT_MD5": "!"}, {"X_CHECKSUM_SHA256": "zz"}, {"REPR_DIGEST": ""}]
)
def test_a_digest_that_cannot_be_read_is_400(server: Server, store: AssetStore, headers: dict[str, str]) -> None:
    assert server("PUT", f"{PUT}?build=a", DATA, **headers).status == 400
    assert nothing(store)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("application/gzip", "application/gzip"),
        ("text/plain; charset=utf-8", "text/plain; charset=utf-8"),
        ("application/x-www-form-urlencoded", "application/octet-stream"),
        ("", "application/octet-stream"),
        ("text", "application/octet-stream"),
        ("text/plain; ä", "application/octet-stream"),
        (f"text/{'x' * 260}", "application/octet-stream"),
    ],
)
def test_keeps_the_type_when_it_is_one(server: Server, sent: str, kept: str) -> None:
    server("PUT", f"{NAMED}/a", DATA, CONTENT_TYPE=sent)
    assert server("GET", f"{NAMED}/a").headers["Content-Type"] == kept


# Getting.


@pytest.mark.parametrize("route", [f"{GET}?build=", f"{NAMED}/"])
def test_gives_the_bytes_so_that_no_browser_runs_them(server: Server, stored: str, route: str) -> None:
    answer = server("GET", route + stored)
    assert (answer.status, answer.content) == (200, DATA)
    wanted = {
        "Content-Length": str(len(DATA)),
        "Content-Type": "application/gzip",
        "ETag": f'"{SHA256.hexdigest()}"',
        "Repr-Digest": REPR,
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox",
        "Content-Disposition": 'attachment; filename="b.tar.gz"',
        "Cache-Control": "private, no-cache",
    }
    assert wanted.items() <= answer.headers.items()
    assert "Content-Encoding" not in answer.headers
    head = server("HEAD", route + stored)
    assert (head.status, head.content) == (200, b"")
    assert wanted.items() <= head.headers.items()


@pytest.mark.parametrize("name", ['ä"ö', "a\\b", "a%2Fb", "b;c", " ", "\u2028"])
def test_any_name_can_be_stored_and_saved_as_a_file(server: Server, name: str) -> None:
    assert server("PUT", f"{PUT}?build={quote(name)}", DATA).status == 201
    assert server("PUT", f"{NAMED}/{name.encode().decode('latin-1')}", DATA).status == 200
    answer = server("GET", f"{GET}?build={quote(name)}")
    assert answer.content == DATA
    assert answer.headers["Content-Disposition"].startswith("attachment; filename")


@pytest.mark.parametrize("route", [f"{GET}?build=", f"{NAMED}/"])
@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-0", 206, DATA[:1]),
        ("bytes=5-", 206, DATA[5:]),
        ("bytes=-4", 206, DATA[-4:]),
        ("bytes=2-1000", 206, DATA[2:]),
        ("bytes=1-2,4-5", 200, DATA),
        ("nonsense", 200, DATA),
    ],
)
def test_gives_a_part(server: Server, stored: str, route: str, asked: str, status: int, part: bytes) -> None:
    answer = server("GET", route + stored, RANGE=asked)
    assert (answer.status, answer.content, answer.headers["Content-Length"]) == (status, part, str(len(part)))
    if status == 206:
        start = DATA.index(part)
        assert answer.headers["Content-Range"] == f"bytes {start}-{start + len(part) - 1}/{len(DATA)}"


def test_a_range_outside_of_the_bytes_is_416(server: Server, stored: str) -> None:
    answer = server("GET", f"{GET}?build={stored}", RANGE=f"bytes={len(DATA)}-")
    assert (answer.status, answer.headers["Content-Range"]) == (416, f"bytes */{len(DATA)}")


@pytest.mark.parametrize(("if_range", "status"), [(f'"{SHA256.hexdigest()}"', 206), ('"other"', 200)])
def test_a_part_of_another_version_is_not_given(server: Server, stored: str, if_range: str, status: int) -> None:
    assert server("GET", f"{GET}?build={stored}", RANGE="bytes=1-2", IF_RANGE=if_range).status == status


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("known", ['"{}"', 'W/"{}"', '"x", "{}"', "*"])
def test_what_is_known_is_not_sent_again(server: Server, stored: str, method: str, known: str) -> None:
    answer = server(method, f"{GET}?build={stored}", IF_NONE_MATCH=known.format(SHA256.hexdigest()))
    assert (answer.status, answer.content, answer.headers["ETag"]) == (304, b"", f'"{SHA256.hexdigest()}"')
    assert server(method, f"{GET}?build={stored}", IF_NONE_MATCH='"other"').status == 200


def test_a_version_is_asked_for_by_its_digest(server: Server, stored: str) -> None:
    assert server("GET", f"{NAMED}/{stored}?sha256={SHA256.hexdigest().upper()}").content == DATA
    answer = server("GET", f"{NAMED}/{stored}?sha256={'0' * 64}")
    assert (answer.status, "has no version with sha256 000" in answer.json["detail"]) == (404, True)


def test_a_redirect_leads_to_the_store_where_it_has_addresses(server: Server, store: AssetStore, stored: str) -> None:
    answer = server("GET", f"{GET}?build={stored}&redirect=true")
    if not store.presigns:
        assert (answer.status, answer.content) == (200, DATA)
        return
    assert (answer.status, answer.content) == (302, b"")
    assert "X-Amz-Signature=" in answer.headers["Location"]
    assert "response-content-disposition=attachment" in answer.headers["Location"]


def test_an_object_that_is_gone_is_404(server: Server, store: AssetStore, stored: str) -> None:
    store.remove(stored)
    for url in (f"{GET}?build={stored}", f"{NAMED}/{stored}"):
        answer = server("GET", url)
        assert (answer.status, "has lost the bytes of 'a/b.tar.gz'" in answer.json["detail"]) == (404, True)


def test_deletes(server: Server, store: AssetStore, stored: str) -> None:
    answer = server("DELETE", f"{NAMED}/{stored}")
    assert (answer.status, answer.content) == (204, b"")
    assert nothing(store)


# Listing.


def test_lists_by_name_with_the_text_of_small_ones(server: Server) -> None:
    for name, data in (("b", b"\xff"), ("a", b"text")):
        server("PUT", f"{PUT}?build={name}", data)
    rows = [
        {"build": "a", "image": "text", "size": 4, "sha256": hashlib.sha256(b"text").hexdigest()},
        {"build": "b", "image": None, "size": 1, "sha256": hashlib.sha256(b"\xff").hexdigest()},
    ]
    assert server("GET", LIST).json == {"assets": rows, "next": None}
    first = server("GET", f"{LIST}?limit=1").json
    assert first["assets"] == rows[:1]
    assert server("GET", f"{LIST}?limit=1&cursor={first['next']}").json == {"assets": rows[1:], "next": None}
    assert server("GET", f"{LIST}?prefix=b").json["assets"] == rows[1:]


def test_lists_what_is_known_of_assets(server: Server, stored: str) -> None:
    [item] = server("GET", f"{NAMED}?prefix=a/").json["items"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", item.pop("created_at"))
    assert item == {
        "name": stored,
        "size": len(DATA),
        "sha256": SHA256.hexdigest(),
        "content_type": "application/gzip",
        "labels": {},
        "tags": [],
        "created_by": "tests",
        "downloads": 0,
    }


# Access.

ROUTES = [
    ("GET", LIST, "read"),
    ("GET", NAMED, "read"),
    ("GET", f"{GET}?build=releases/1", "read"),
    ("GET", f"{NAMED}/releases/1", "read"),
    ("PUT", f"{PUT}?build=releases/1", "write"),
    ("POST", f"{PUT}?build=releases/1", "write"),
    ("POST", PUT, "write"),
    ("PUT", f"{NAMED}/releases/1", "write"),
    ("DELETE", f"{NAMED}/releases/1", "write"),
]


@pytest.mark.parametrize(("method", "url", "action"), ROUTES)
def test_nobody_without_a_key(anonymous: APIClient, method: str, url: str, action: str) -> None:
    answer = anonymous.generic(method, url, "x", content_type="application/json")
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(("method", "url", "action"), ROUTES)
def test_a_key_that_reads_does_not_write(reader: APIClient, method: str, url: str, action: str) -> None:
    answer = reader.generic(method, url, "{", content_type="application/json")
    assert (answer.status_code == 403) == (action == "write")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_narrowed_key_stays_in_its_place(narrow: APIClient, method: str) -> None:
    for url, status in ((f"{NAMED}/other/1", 403), (f"{NAMED}/releases/1", 201 if method == "PUT" else 404)):
        assert narrow.generic(method, url, "x", content_type="text/plain").status_code == status
    route = {"GET": GET, "PUT": PUT}.get(method)
    if route:
        assert narrow.generic(method, f"{route}?build=other/1", "x", content_type="text/plain").status_code == 403


@pytest.mark.parametrize("kind", ["json", "multipart"])
def test_a_narrowed_key_stays_in_its_place_when_the_name_is_in_the_body(narrow: APIClient, kind: str) -> None:
    def body(build: str) -> dict[str, object]:
        return {"build": build, **({"image": "x"} if kind == "json" else {"file": io.BytesIO(b"x")})}

    assert narrow.post(PUT, body("other/1"), format=kind).status_code == 403
    assert narrow.post(PUT, body("releases/1"), format=kind).status_code == 201


def test_a_narrowed_key_sees_only_its_place(server: Server, narrow: APIClient) -> None:
    for name in ("a", "releases/1", "z"):
        server("PUT", f"{PUT}?build={name}", DATA)
    assert [row["build"] for row in narrow.get(LIST).json()["assets"]] == ["releases/1"]
    assert [row["name"] for row in narrow.get(f"{NAMED}?prefix=r").json()["items"]] == ["releases/1"]
    assert narrow.get(f"{LIST}?prefix=a").json()["assets"] == []


def test_the_request_after_a_refused_one_works(server: Server) -> None:
    assert conf.max_bytes
    assert server("PUT", f"{PUT}?build=a", DATA, CONTENT_MD5="A" * 22 + "==").status == 422
    assert server("PUT", f"{PUT}?build=a", DATA).status == 201


def test_a_name_with_a_line_end_is_a_bad_name_and_not_an_unknown_route(api: APIClient) -> None:
    for answer in (api.put("/api/v1/assets/a%0Ab", b"x", content_type="text/plain"), api.get("/api/v1/assets/a%0Ab")):
        assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")


def test_a_name_in_a_form_that_is_not_utf8_is_refused(server: Server) -> None:
    part = b'--X\r\nContent-Disposition: form-data; name="build"\r\n\r\n\xff\xfe\r\n'
    part += b'--X\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n1\r\n--X--\r\n'
    answer = server("POST", PUT, part, CONTENT_TYPE="multipart/form-data; boundary=X")
    assert (answer.status, "the name is not UTF-8 text" in str(answer.json)) == (400, True)
