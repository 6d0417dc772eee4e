"""Bytes in parts, straight into the store, on each store."""

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils import timezone
from pytest_django import Settings

from assets import names
from assets.models import Asset, Upload
from assets.services import uploading, verifying
from assets.stores.base import AssetStore, StoreAway
from tests.assets.conftest import Answer, Server
from tests.assets.test_stores import leftovers

pytestmark = pytest.mark.django_db
UPLOADS, ASSETS = "/api/v1/uploads", "/api/v1/assets"
MIB = 2**20
DATA = bytes(range(256)) * (17 * MIB // 256) + b"the end"


@pytest.fixture(autouse=True)
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is verified is so at once: a test's database is its thread's."""

    def start(job: Callable[[], None]) -> "Future[None]":
        done: Future[None] = Future()
        try:
            done.set_result(job())
        except Exception as fault:  # noqa: BLE001 - the caller is told
            done.set_exception(fault)
        return done

    monkeypatch.setattr(verifying, "start", start)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def begin(server: Server, name: str = "a/b", data: bytes = DATA, **more: Any) -> Answer:
    headers = {"AUTHORIZATION": more.pop("key")} if "key" in more else {}
    body = {"name": name, "size": len(data), "sha256": sha(data), **more}
    return server("POST", UPLOADS, json.dumps(body).encode(), CONTENT_TYPE="application/json", **headers)


def cut(begun: Any, data: bytes = DATA) -> dict[int, bytes]:
    """The bytes of each part."""
    size = begun["part_size"]
    return {part["number"]: data[(part["number"] - 1) * size : part["number"] * size] for part in begun["parts"]}


def send(server: Server, store: AssetStore, part: Any, data: bytes, key: str) -> int:
    """PUT a part where it is to go, as anyone may; moto is spoken to past HTTP."""
    if store.looks_are_cheap:
        at = urlsplit(part["url"])
        return server("PUT", f"{at.path}?{at.query}", data, AUTHORIZATION="").status
    upload = Upload.objects.get(pk=key)
    bucket: Any = store
    at = {**bucket.at(names.whole(key)), "UploadId": upload.token, "PartNumber": part["number"]}
    bucket.client.upload_part(**at, Body=data)
    return 204


def sent(server: Server, store: AssetStore, begun: Any, data: bytes = DATA) -> str:
    """All parts, the last one first; the upload."""
    key = str(begun["upload"])
    for part in reversed(begun["parts"]):
        assert send(server, store, part, cut(begun, data)[part["number"]], key) == 204
    return key


def complete(server: Server, key: str) -> Answer:
    return server("POST", f"{UPLOADS}/{key}/complete")


def clean(store: AssetStore) -> bool:
    """Nothing of any upload is left."""
    return leftovers(store) == [] and [*store.own_names("uploads")] == []


@pytest.mark.parametrize("data", [DATA, b"small", b"", b"." * 8 * MIB], ids=["parts", "small", "empty", "one part"])
def test_parts_become_an_asset(server: Server, store: AssetStore, data: bytes) -> None:
    begun = begin(server, data=data, content_type="text/css", labels={"commit": "abc"})
    assert begun.status == 201
    assert [part["number"] for part in begun.json["parts"]] == list(range(1, max(1, -(-len(data) // (8 * MIB))) + 1))
    key = sent(server, store, begun.json, data)
    assert list(Asset.objects.all()) == list(store.all_names()) == []
    done = complete(server, key)
    assert (done.status, done.json["sha256"], done.json["size"]) == (201, sha(data), len(data))
    assert (done.json["content_type"], done.json["labels"]) == ("text/css", {"commit": "abc"})
    assert server("GET", f"{ASSETS}/a/b").content == data
    assert clean(store)
    assert complete(server, key).status == 200
    shown = server("GET", f"{UPLOADS}/{key}").json
    assert (shown["state"], shown["missing"]) == ("done", [])


def test_a_part_that_is_sent_again_counts_as_it_came_last(server: Server, store: AssetStore) -> None:
    begun = begin(server, data=b"right").json
    send(server, store, begun["parts"][0], b"wrong", begun["upload"])
    assert complete(server, sent(server, store, begun, b"right")).status == 201
    assert server("GET", f"{ASSETS}/a/b").content == b"right"


def test_tells_what_is_missing(server: Server, store: AssetStore) -> None:
    begun = begin(server).json
    key = begun["upload"]
    send(server, store, begun["parts"][1], cut(begun)[2], key)
    shown = server("GET", f"{UPLOADS}/{key}").json
    assert ([part["number"] for part in shown["missing"]], shown["state"]) == ([1, 3], "open")
    refused = complete(server, key)
    assert (refused.status, refused.json["missing"]) == (409, [1, 3])
    for part in shown["missing"]:
        send(server, store, part, cut(begun)[part["number"]], key)
    assert complete(server, key).status == 201


def test_other_bytes_than_were_announced_are_no_asset(server: Server, store: AssetStore) -> None:
    begun = begin(server, data=b"right").json
    key = sent(server, store, begun, b"wrong")
    for _ in range(2):
        refused = complete(server, key)
        assert (refused.status, "sha256" in refused.json["detail"].lower()) == (422, True)
    assert Asset.objects.count() == 0
    assert clean(store)
    assert server("GET", f"{UPLOADS}/{key}").json["state"] == "failed"


def test_known_bytes_need_not_be_sent(server: Server, store: AssetStore, team: dict[str, str]) -> None:
    server("PUT", f"{ASSETS}/other/1", b"bytes")
    there = begin(server, "team/1", b"bytes")
    assert (there.status, there.json["present"], there.json["name"]) == (200, True, "team/1")
    assert server("GET", f"{ASSETS}/team/1").content == b"bytes"
    server("DELETE", f"{ASSETS}/team/1")
    unseen = begin(server, "team/2", b"bytes", key=team["AUTHORIZATION"])
    assert unseen.status == 201
    assert begin(server, "other/2", b"bytes", key=team["AUTHORIZATION"]).status == 403


def test_what_is_there_is_replaced_only_when_told(server: Server, store: AssetStore) -> None:
    server("PUT", f"{ASSETS}/a/b", b"one")
    assert begin(server, data=b"two").status == 409
    begun = begin(server, data=b"two", replace=True)
    assert complete(server, sent(server, store, begun.json, b"two")).status == 201
    assert server("GET", f"{ASSETS}/a/b").content == b"two"
    assert server("GET", f"{ASSETS}/a/b?sha256={sha(b'one')}").content == b"one"


def test_a_name_that_is_taken_meanwhile_is_a_conflict(server: Server, store: AssetStore) -> None:
    begun = begin(server, data=b"two").json
    key = sent(server, store, begun, b"two")
    server("PUT", f"{ASSETS}/a/b", b"one")
    assert [complete(server, key).status for _ in range(2)] == [409, 409]
    assert server("GET", f"{ASSETS}/a/b").content == b"one"
    assert clean(store)


def test_an_aborted_upload_leaves_nothing(server: Server, store: AssetStore) -> None:
    key = sent(server, store, begin(server).json)
    assert server("DELETE", f"{UPLOADS}/{key}").status == 204
    assert clean(store)
    assert [complete(server, key).status, server("GET", f"{UPLOADS}/{key}").status] == [404, 404]
    assert server("DELETE", f"{UPLOADS}/{key}").status == 404


def test_an_upload_that_expires_is_swept(server: Server, store: AssetStore) -> None:
    key = sent(server, store, begin(server).json)
    now = timezone.now()
    assert not uploading.forget(key)
    Upload.objects.update(expires_at=now)
    assert complete(server, key).status == 404
    assert uploading.forget(key)
    assert clean(store)
    assert Upload.objects.count() == 0


def test_what_keeps_it_from_being_verified_now_is_no_end(
    server: Server, store: AssetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = sent(server, store, begin(server).json)

    def away(*_: object) -> None:
        raise StoreAway("it is away")

    with monkeypatch.context() as broken:
        broken.setattr(type(store), "whole", away)
        assert complete(server, key).status == 503
    assert server("GET", f"{UPLOADS}/{key}").json["state"] == "open"
    assert complete(server, key).status == 201


@pytest.mark.parametrize("stage", ["joined", "settled"])
def test_another_process_goes_on_where_one_ended(
    server: Server, store: AssetStore, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    key = sent(server, store, begin(server).json)
    upload = Upload.objects.get(pk=key)
    assert verifying.claimed(upload)
    store.join(key, upload.token)
    if stage == "settled":
        verifying.put_whole(store, upload)
    assert complete(server, key).status == 202
    Upload.objects.update(state_at=timezone.now() - uploading.LEASE - timedelta(seconds=1))
    assert server("GET", f"{UPLOADS}/{key}").json["state"] == "done"
    assert server("GET", f"{ASSETS}/a/b").content == DATA
    assert clean(store)


def test_while_it_is_verified_nothing_else_happens_to_it(server: Server, store: AssetStore) -> None:
    begun = begin(server).json
    key = sent(server, store, begun)
    assert verifying.claimed(Upload.objects.get(pk=key))
    assert not verifying.claimed(Upload.objects.get(pk=key))
    assert [complete(server, key).status, server("DELETE", f"{UPLOADS}/{key}").status] == [202, 409]
    if store.looks_are_cheap:
        assert send(server, store, begun["parts"][0], cut(begun)[1], key) == 409


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"name": "../a"}, 400),
        ({"name": 1}, 400),
        ({"size": -1}, 400),
        ({"size": 2**63}, 400),
        ({"size": "5"}, 400),
        ({"size": True}, 400),
        ({"size": 5.5}, 400),
        ({"size": 1e400}, 400),
        ({"size": 5 * 2**30 + 1}, 413),
        ({"sha256": "0" * 63}, 400),
        ({"labels": {"a": 1}}, 400),
        ({"labels": {"A": "1"}}, 400),
        ({"labels": []}, 400),
        ({"replace": "true"}, 400),
        ({"more": 1}, 400),
    ],
)
def test_what_cannot_be_begun_is_refused(server: Server, store: AssetStore, change: Any, status: int) -> None:
    refused = begin(server, **change)
    assert (refused.status, refused.headers["Content-Type"]) == (status, "application/problem+json")
    assert Upload.objects.count() == 0
    assert clean(store)


def test_a_disk_without_room_is_told_at_once(server: Server, directory: AssetStore, settings: Settings) -> None:
    settings.ASSETS_MIN_FREE_BYTES = 2**62
    assert begin(server).status == 507


# --- our own addresses --------------------------------------------------------------------------------------------


@pytest.fixture
def begun(server: Server, directory: AssetStore) -> Any:
    return begin(server).json


def own(server: Server, begun: Any, number: int, data: bytes, **options: Any) -> int:
    at = urlsplit(begun["parts"][number - 1]["url"])
    return server("PUT", f"{at.path}?{at.query}", data, AUTHORIZATION="", **options).status


@pytest.mark.parametrize(
    ("data", "options", "status"),
    [
        (b"", {}, 400),
        (b"." * 7, {}, 400),
        (b"." * (MIB + 8), {"declared": None}, 400),
        (b"." * MIB, {"declared": None}, 400),
        (b"." * 5, {"declared": MIB + 7}, 400),
        (b"." * (MIB + 7), {"X_CHECKSUM_SHA256": "0" * 64}, 422),
        (b"." * (MIB + 7), {"CONTENT_MD5": "?"}, 400),
        (b"." * (MIB + 7), {"declared": None}, 204),
    ],
)
def test_a_part_has_all_its_bytes_or_is_not_kept(
    server: Server, begun: Any, directory: AssetStore, data: bytes, options: Any, status: int
) -> None:
    assert own(server, begun, 3, data, **options) == status
    kept = directory.part_sizes(begun["upload"], "")
    assert kept == ({3: MIB + 7} if status == 204 else {})
    assert leftovers(directory) == []


def test_an_address_is_good_for_one_part_of_one_upload(server: Server, begun: Any) -> None:
    at = urlsplit(begun["parts"][0]["url"])
    data = cut(begun)[1]
    other = begin(server, "other").json["upload"]
    for path, query in (
        (at.path, ""),
        (at.path, at.query[:-1]),
        (at.path.replace("/parts/1", "/parts/2"), at.query),
        (at.path.replace(begun["upload"], other), at.query),
    ):
        assert server("PUT", f"{path}?{query}", data).status == 403
    assert server("PUT", f"{at.path}?{at.query}", data).status == 204
    Upload.objects.all().delete()
    assert server("PUT", f"{at.path}?{at.query}", data).status == 404


@pytest.mark.parametrize("crash_after", ["marked", "half appended", "appended", "named"])
def test_joining_may_be_done_again(server: Server, begun: Any, directory: AssetStore, crash_after: str) -> None:
    key = sent(server, directory, begun)
    place: Any = directory
    first = place.place(names.part(key, 1))
    first.with_name("first").write_text(str(8 * MIB))
    if crash_after == "named":
        first.with_name("whole").write_bytes(DATA)
        first.unlink()
    elif crash_after != "marked":
        with first.open("ab") as file:
            file.write(DATA[8 * MIB : 12 * MIB])
            if crash_after == "appended":
                file.write(DATA[12 * MIB :])
    assert complete(server, key).status == 201
    assert server("GET", f"{ASSETS}/a/b").content == DATA
    assert clean(directory)
