"""Labels, tags, what is there already, and how often an asset was fetched: over HTTP, on the directory and on S3."""

import hashlib
import json
from typing import Any

import pytest

from assets import labels
from assets.models import Asset, Label, Tag
from assets.stores.base import AssetStore
from tests.assets.conftest import Answer, Server

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]
ASSETS, TAGS = "/api/v1/assets", "/api/v1/tags"


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def send(server: Server, method: str, url: str, body: object, **headers: str) -> Answer:
    return server(method, url, json.dumps(body).encode(), CONTENT_TYPE="application/json", **headers)


def put(server: Server, name: str, data: bytes = b"1", query: str = "", **said: str) -> Answer:
    return server("PUT", f"{ASSETS}/{name}{query}", data, **{f"X_LABEL_{key.upper()}": said[key] for key in said})


def item(server: Server, name: str) -> Any:
    return next(one for one in server("GET", ASSETS).json["items"] if one["name"] == name)


def named(server: Server, query: str) -> list[str]:
    return [one["name"] for one in server("GET", f"{ASSETS}?{query}").json["items"]]


# --- labels -------------------------------------------------------------------------------------------------------


def test_labels_come_in_headers_and_go_out_in_lists(server: Server) -> None:
    assert put(server, "a", COMMIT="abc", GIT_BRANCH="é=1".encode().decode("latin-1")).json["labels"] == {
        "commit": "abc", "git-branch": "é=1",
    }  # fmt: skip
    assert put(server, "a", COMMIT="def").status == 200
    assert item(server, "a")["labels"] == {"commit": "def", "git-branch": "é=1"}
    assert put(server, "a", b"2", "?replace=true", NIGHTLY="yes").status == 201
    assert item(server, "a")["labels"] == {"nightly": "yes"}
    server("DELETE", f"{ASSETS}/a")
    assert Label.objects.count() == 0


def test_lists_by_label(server: Server) -> None:
    put(server, "a/1", COMMIT="abc", BRANCH="main")
    put(server, "a/2", COMMIT="abc", BRANCH="dev")
    put(server, "b", COMMIT="abd", BRANCH="main")
    put(server, "c")
    assert named(server, "label=commit=abc") == ["a/1", "a/2"]
    assert named(server, "label=commit=abc&label=branch=main") == ["a/1"]
    assert named(server, "label=branch") == ["a/1", "a/2", "b"]
    assert named(server, "label=branch=main&prefix=b") == ["b"]
    assert named(server, "label=commit=ABC") == named(server, "label=commit=ab") == []
    first = server("GET", f"{ASSETS}?label=commit=abc&limit=1").json
    assert named(server, f"label=commit=abc&limit=1&cursor={first['next']}") == ["a/2"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"A..": "x"}, "the key 'a..' is not 1 to 63 of a-z 0-9 . - with a letter or digit at both ends"),
        ({"K" * 64: "x"}, "is not 1 to 63 of"),
        ({"K": ""}, "the value of k has 0 bytes of UTF-8; 1 to 255 are kept"),
        ({"K": "v" * 256}, "the value of k has 256 bytes of UTF-8; 1 to 255 are kept"),
        ({"K": "a\tb"}, "the value of k has a control character; none is kept"),
        ({"K": "\xff"}, "the value of k is not UTF-8 text"),
        ({f"K{number}": "x" for number in range(33)}, "there are 33 labels; at most 32 are kept"),
    ],
)
def test_labels_that_cannot_be_kept_are_refused(server: Server, said: dict[str, str], told: str) -> None:
    refused = put(server, "a", **said)
    assert refused.status == 400
    assert told in refused.json["detail"]
    assert Asset.objects.count() == 0


@pytest.mark.parametrize("query", ["label=", "label==x", "label=K=1", "label=k=", "label=k=a%00", "label=a&label=-"])
def test_a_label_that_nobody_can_have_is_refused(server: Server, query: str) -> None:
    assert server("GET", f"{ASSETS}?{query}").status == 400


# --- tags ---------------------------------------------------------------------------------------------------------


def test_a_tag_moves(server: Server) -> None:
    put(server, "a/1", b"one")
    put(server, "a/2", b"two")
    made = send(server, "PUT", f"{TAGS}/latest", {"asset": "a/1"})
    assert (made.status, made.json["asset"], made.json["sha256"]) == (201, "a/1", sha(b"one"))
    assert server("GET", f"{TAGS}/latest/content").content == b"one"
    assert send(server, "PUT", f"{TAGS}/latest", {"asset": "a/2"}).status == 200
    assert server("GET", f"{TAGS}/latest").json["asset"] == "a/2"
    assert server("GET", f"{TAGS}/latest/content", RANGE="bytes=1-").content == b"wo"
    assert [item(server, name)["tags"] for name in ("a/1", "a/2")] == [[], ["latest"]]
    assert server("DELETE", f"{TAGS}/latest").status == 204
    assert [server("GET", f"{TAGS}/latest{rest}").status for rest in ("", "/content")] == [404, 404]


def test_a_tagged_asset_is_not_deleted(server: Server, store: AssetStore) -> None:
    put(server, "a", b"one")
    for tag in ("v1", "latest"):
        send(server, "PUT", f"{TAGS}/{tag}", {"asset": "a"})
    refused = server("DELETE", f"{ASSETS}/a")
    assert (refused.status, refused.json["detail"]) == (409, "'a' has the tag latest, v1: move or delete it first")
    assert server("GET", f"{ASSETS}/a").content == b"one"
    put(server, "a", b"two", "?replace=true")
    assert server("GET", f"{TAGS}/v1/content").content == b"two"
    for tag in ("v1", "latest"):
        server("DELETE", f"{TAGS}/{tag}")
    assert server("DELETE", f"{ASSETS}/a").status == 204
    assert list(store.all_names()) == []


@pytest.mark.parametrize(
    ("tag", "body", "status"),
    [
        ("-", {"asset": "a"}, 400),
        ("a%20b", {"asset": "a"}, 400),
        ("t" * 129, {"asset": "a"}, 400),
        ("t", {"asset": "never"}, 404),
        ("t", {"asset": "../a"}, 400),
        ("t", {"asset": 7}, 400),
        ("t", {}, 400),
        ("t", [], 400),
        ("t", {"asset": "a", "more": 1}, 400),
    ],
)
def test_a_tag_that_cannot_be_is_refused(server: Server, tag: str, body: object, status: int) -> None:
    put(server, "a")
    assert send(server, "PUT", f"{TAGS}/{tag.replace('%20', ' ')}", body).status == status
    assert Tag.objects.count() == 0


def test_a_narrowed_key_moves_and_sees_only_tags_of_its_own_assets(server: Server, team: dict[str, str]) -> None:
    put(server, "team/a", b"one")
    put(server, "other/a", b"two")
    send(server, "PUT", f"{TAGS}/theirs", {"asset": "other/a"})
    assert send(server, "PUT", f"{TAGS}/ours", {"asset": "team/a"}, **team).status == 201
    assert send(server, "PUT", f"{TAGS}/ours", {"asset": "other/a"}, **team).status == 403
    assert send(server, "PUT", f"{TAGS}/theirs", {"asset": "team/a"}, **team).status == 403
    assert server("DELETE", f"{TAGS}/theirs", **team).status == 403
    assert [server("GET", f"{TAGS}/{tag}/content", **team).status for tag in ("ours", "theirs")] == [200, 403]
    assert server("GET", f"{TAGS}/theirs").json["asset"] == "other/a"


# --- what is there ------------------------------------------------------------------------------------------------


def have(server: Server, *asked: tuple[str, bytes], **headers: str) -> Any:
    body = {"assets": [{"name": name, "sha256": sha(data)} for name, data in asked]}
    answer = send(server, "POST", f"{ASSETS}/have", body, **headers)
    assert answer.status == 200
    return answer.json


def test_tells_what_is_there(server: Server, team: dict[str, str]) -> None:
    put(server, "team/a", b"one")
    put(server, "other", b"two")
    asked = [("team/a", b"one"), ("other", b"2"), ("never", b"3"), ("team/b", b"two")]
    assert have(server, *asked) == {"present": ["team/a"], "conflict": ["other"], "missing": ["never", "team/b"]}
    assert have(server, *asked, **team) == {
        "present": ["team/a"], "conflict": [], "missing": ["other", "never", "team/b"],
    }  # fmt: skip
    assert have(server) == {"present": [], "conflict": [], "missing": []}


def test_what_the_directory_has_lost_is_missing(server: Server, store: AssetStore) -> None:
    put(server, "a", b"one")
    store.remove("a")
    assert have(server, ("a", b"one"))["missing"] == (["a"] if store.looks_are_cheap else [])


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"assets": {}},
        {"assets": [], "more": 1},
        {"assets": [1]},
        {"assets": [{"name": "a"}]},
        {"assets": [{"name": 1, "sha256": "0" * 64}]},
        {"assets": [{"name": "a", "sha256": "0" * 63}]},
        {"assets": [{"name": "../a", "sha256": "0" * 64}]},
        {"assets": [{"name": "a", "sha256": "0" * 64}] * 1001},
    ],
)
def test_refuses_what_is_no_list_of_digests(server: Server, body: object) -> None:
    refused = send(server, "POST", f"{ASSETS}/have", body)
    assert (refused.status, refused.headers["Content-Type"]) == (400, "application/problem+json")


def test_an_asset_may_be_called_have(server: Server) -> None:
    assert put(server, "have", b"one").status == 201
    assert server("GET", f"{ASSETS}/have").content == b"one"
    assert have(server, ("have", b"one"))["present"] == ["have"]
    assert server("DELETE", f"{ASSETS}/have").status == 204


# --- downloads ----------------------------------------------------------------------------------------------------


def test_downloads_are_counted(server: Server) -> None:
    put(server, "a", b"bytes")
    etag = server("GET", f"{ASSETS}/a").headers["ETag"]
    server("GET", "/buildserver/get-asset?build=a")
    server("HEAD", f"{ASSETS}/a")
    server("GET", f"{ASSETS}/a", IF_NONE_MATCH=etag)
    server("GET", f"{ASSETS}/a", RANGE="bytes=2-")
    server("GET", f"{ASSETS}/a", RANGE="bytes=9-")
    server("GET", f"{ASSETS}/a?redirect=true")
    assert item(server, "a")["downloads"] == 3
    put(server, "a", b"others", "?replace=true")
    assert item(server, "a")["downloads"] == 0
    assert server("GET", f"{ASSETS}/a?sha256={sha(b'bytes')}").content == b"bytes"
    assert item(server, "a")["downloads"] == 0


def test_a_tag_has_a_name_that_can_be_kept() -> None:
    with pytest.raises(labels.BadTag, match="a tag is 1 to 128 of"):
        labels.check_tag("")
