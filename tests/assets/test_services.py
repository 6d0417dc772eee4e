"""Storing and fetching, on the directory and on S3."""

import hashlib
import io
import os
import random
import re
from typing import Any

import pytest
from django.db import OperationalError

from assets import digests, intake, locks, names, services, stores
from assets.models import Asset
from assets.services import Conflict, UnknownAsset, putting
from assets.stores.base import AssetStore, StoreFull, Tangled
from tests.assets.test_stores import add, all_of, leftovers

pytestmark = pytest.mark.django_db
MIB = 2**20


@pytest.fixture(autouse=True)
def used(store: AssetStore) -> AssetStore:
    return store


def put(name: str, data: bytes, **options: Any) -> services.Put:
    return services.put(name, io.BytesIO(data), **options)


def get(name: str) -> bytes:
    return b"".join(services.read(services.find(name))[1])


def untouched(store: AssetStore) -> bool:
    """No row, no object, nothing on its way."""
    return not Asset.objects.exists() and list(store.all_names()) == [] and leftovers(store) == []


@pytest.mark.parametrize("size", [0, 1, 4096, 4097, 9 * MIB])
def test_what_is_put_can_be_got_and_is_in_the_index(store: AssetStore, size: int) -> None:
    data = b"x" * size
    about = services.About("text/plain", "ci")
    done = put("a/b", data, size_bytes=size, about=about)
    asset = services.find("a/b")
    assert (done.created, done.asset) == (True, asset)
    assert (asset.sha256, asset.size) == (hashlib.sha256(data).hexdigest(), size)
    assert (asset.content_type, asset.created_by) == ("text/plain", "ci")
    assert asset.image == (data.decode() if size <= 4096 else None)
    assert get("a/b") == data
    assert leftovers(store) == []


@pytest.mark.parametrize("data", [b"\xff", b"a" * 4095 + "é".encode()])
def test_an_image_is_text_of_4_kib_at_most(data: bytes) -> None:
    assert put("a", data).asset.image is None


def test_an_image_may_be_any_text() -> None:
    assert put("a", "\x00 é \U0001f600".encode()).asset.image == "\x00 é \U0001f600"
    assert services.find("a").image == "\x00 é \U0001f600"


def test_the_same_bytes_again_change_nothing(store: AssetStore) -> None:
    first = put("a", b"bytes", about=services.About(created_by="one")).asset
    stamp = store.stamp("a")
    again = put("a", b"bytes", about=services.About(created_by="two"))
    assert (again.created, again.asset.created_by, again.asset.created_at) == (False, "one", first.created_at)
    assert store.stamp("a") == stamp


@pytest.mark.parametrize("said", [(), digests.claims({"X-Checksum-Sha256": hashlib.sha256(b"other").hexdigest()})])
def test_other_bytes_are_a_conflict_without_reading_what_is_there(
    store: AssetStore, said: tuple[digests.Claim, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = put("a", b"bytes").asset
    monkeypatch.setattr(putting, "measure", lambda *_arguments: pytest.fail("what is there was read"))
    with pytest.raises(Conflict, match=f"'a' has other bytes, with sha256 {first.sha256}; replace=true would replace"):
        put("a", b"other", said=said)
    assert (get("a"), services.find("a"), leftovers(store)) == (b"bytes", first, [])


def test_other_bytes_that_are_announced_by_their_digest_are_refused_before_they_come() -> None:
    put("a", b"bytes")
    source = io.BytesIO(b"other")
    with pytest.raises(Conflict):
        services.put("a", source, said=digests.claims({"X-Checksum-Sha256": "0" * 64}))
    assert source.tell() == 0


def test_other_bytes_replace_what_is_there_when_asked_for() -> None:
    first = put("a", b"bytes").asset
    done = put("a", b"other!", replace=True, about=services.About("text/html", "two"))
    asset = services.find("a")
    assert (done.created, get("a"), asset.size, asset.image) == (True, b"other!", 6, "other!")
    assert (asset.content_type, asset.created_by, asset.pk) == ("text/html", "two", first.pk)
    assert asset.created_at > first.created_at


@pytest.mark.parametrize(("first", "second"), [("a", "a/b"), ("a/b/c", "a/b"), ("a/b", "a/b/c/d")])
def test_a_name_is_no_other_s_parent(store: AssetStore, first: str, second: str) -> None:
    put(first, b".")
    with pytest.raises(Tangled, match=f"'{second}' cannot be a name while '{first}' is one"):
        put(second, b".")
    assert list(store.all_names()) == [first]


def test_of_two_tangled_puts_at_once_the_later_one_is_undone(
    store: AssetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one comes between the look at the index and the object."""
    refusing = putting.refuse_tangled

    def refuse_tangled(name: str) -> None:
        refusing(name)
        if name == "a/b":
            monkeypatch.setattr(putting, "refuse_tangled", refusing)
            put("a", b"quicker")

    monkeypatch.setattr(putting, "refuse_tangled", refuse_tangled)
    with pytest.raises(Tangled):
        put("a/b", b"later")
    assert [asset.name for asset in services.every()] == list(store.all_names()) == ["a"]


@pytest.mark.parametrize("size", [3, 9 * MIB])
@pytest.mark.parametrize(
    ("options", "fault", "message"),
    [
        ({"size_bytes": 2**40}, intake.TooLarge, "1099511627776 bytes are announced; at most 10485760 are taken"),
        ({"size_bytes": 4}, intake.CutShort, "4 bytes were announced, 3 came|4 bytes were announced, 9437184 came"),
        ({"size_bytes": 10 * MIB}, intake.CutShort, "10485760 bytes were announced"),
        ({"said": digests.claims({"X-Checksum-Sha256": "0" * 64})}, digests.DigestMismatch, "X-Checksum-Sha256 says"),
        ({"said": digests.claims({"Content-MD5": "A" * 22 + "=="})}, digests.DigestMismatch, "Content-MD5 says md5"),
    ],
)
def test_a_put_that_is_refused_leaves_nothing(
    store: AssetStore, settings: Any, size: int, options: Any, fault: type[Exception], message: str
) -> None:
    settings.ASSETS_MAX_BYTES = 10 * MIB
    with pytest.raises(fault, match=message):
        put("a", b"." * size, **options)
    assert untouched(store)


def test_counts_what_was_not_announced(store: AssetStore, settings: Any) -> None:
    settings.ASSETS_MAX_BYTES = MIB
    put("exactly", b"." * MIB)
    with pytest.raises(intake.TooLarge, match="more came than the 1048576 bytes that are taken"):
        put("a", b"." * (MIB + 1))
    assert list(store.all_names()) == ["exactly"]


def test_a_source_that_fails_leaves_nothing(store: AssetStore) -> None:
    class Source:
        def __init__(self) -> None:
            self.left = 40

        def read(self, size: int, /) -> bytes:
            self.left -= 1
            if self.left == 0:
                raise ConnectionResetError("the client has gone")
            return b"." * size

    with pytest.raises(ConnectionResetError, match="the client has gone"):
        services.put("a", Source())
    assert untouched(store)


def test_a_bad_name_touches_nothing(store: AssetStore) -> None:
    for use in (lambda: put("a/../b", b"."), lambda: services.find("/a"), lambda: services.delete("..")):
        with pytest.raises(names.BadName):
            use()
    assert not Asset.objects.exists()


# The index and the store disagree, because a process was killed or something else was at work.


def test_an_object_whose_row_was_never_written_is_taken_up_by_the_same_bytes(store: AssetStore) -> None:
    add(store, "a", b"bytes")
    done = put("a", b"bytes")
    assert (done.created, get("a")) == (False, b"bytes")


def test_an_object_that_is_not_in_the_index_is_not_lost_to_other_bytes(store: AssetStore) -> None:
    add(store, "a", b"somebody's")
    with pytest.raises(Conflict, match=hashlib.sha256(b"somebody's").hexdigest()):
        put("a", b"bytes")
    assert (all_of(store, "a"), Asset.objects.count()) == (b"somebody's", 0)
    put("a", b"bytes", replace=True)
    assert get("a") == b"bytes"


def test_an_object_that_is_gone_is_unknown_until_it_is_put_again(store: AssetStore) -> None:
    put("a", b"bytes")
    store.remove("a")
    with pytest.raises(UnknownAsset, match="the store has lost the bytes of 'a': put them again"):
        get("a")
    done = put("a", b"others")
    assert (done.created, get("a"), services.find("a").size) == (True, b"others", 6)


@pytest.mark.parametrize("data", [b"bytes", b"other"])
def test_an_object_that_something_else_stored_again_is_looked_at(store: AssetStore, data: bytes) -> None:
    put("a", b"bytes")
    store.remove("a")
    add(store, "other", b"other")
    add(store, "a", data)
    touch(store, "a")
    if data == b"bytes":
        assert get("a") == data
        assert services.find("a").stamp == store.stamp("a")
    else:
        with pytest.raises(UnknownAsset, match="the store has lost the bytes of 'a'"):
            get("a")


def touch(store: AssetStore, name: str) -> None:
    """Another stamp for the same bytes, as a restored directory has; S3's follows from the bytes."""
    if hasattr(store, "root"):
        os.utime(store.root / name)


def test_what_is_read_while_it_is_replaced_is_one_version_with_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer is between the object and its row, and holds the name's lock until the row is written."""
    put("a", b"old")
    row = services.find("a")
    put("a", b"newer", replace=True)
    asset, pieces = services.read(row, lambda asset: (1, asset.size))
    assert (b"".join(pieces), asset.size) == (b"ewer", 5)


def test_what_is_deleted_while_it_is_read_is_unknown() -> None:
    put("a", b"old")
    row = services.find("a")
    services.delete("a")
    with pytest.raises(UnknownAsset, match="there is no asset 'a'"):
        services.read(row)


def test_a_row_that_cannot_be_written_is_written_by_the_next_put(
    store: AssetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: Any, **_options: Any) -> None:
        raise OperationalError("the server has gone away")

    with monkeypatch.context() as broken:
        broken.setattr(putting, "record", away)
        with pytest.raises(OperationalError):
            put("a", b"bytes")
    assert not Asset.objects.exists()
    assert put("a", b"bytes").asset.sha256 == hashlib.sha256(all_of(store, "a")).hexdigest()


def test_registers_what_something_else_stored(store: AssetStore) -> None:
    add(store, "text", b"bytes")
    add(store, "octets", b"\xff")
    text, octets = services.register("text"), services.register("octets")
    assert (text.image, text.content_type) == ("bytes", "text/plain; charset=utf-8")
    assert (octets.image, octets.content_type) == (None, "application/octet-stream")
    assert get("octets") == b"\xff"


# Deleting and listing.


def test_deletes_the_row_and_the_object(store: AssetStore) -> None:
    put("a/b", b".")
    services.delete("a/b")
    assert untouched(store)
    with pytest.raises(UnknownAsset, match="there is no asset 'a/b'"):
        services.delete("a/b")
    put("a", b"now a name")


def test_pages_have_every_name_once_in_byte_order() -> None:
    every = sorted({f"{random.Random(n).choice('aZé/')}{n}".strip("/") for n in range(40)}, key=str.encode)  # noqa: S311
    for name in random.Random(1).sample(every, len(every)):  # noqa: S311
        put(name, name.encode())
    for limit in (1, 7, len(every), 1000):
        found, cursor = [], ""
        while True:
            page = services.page(cursor=cursor, limit=limit)
            found += [asset.name for asset in page.items]
            if page.next is None:
                break
            assert re.fullmatch(r"[A-Za-z0-9_-]+", page.next)
            cursor = page.next
        assert found == every
    assert [asset.name for asset in services.every()] == every


@pytest.mark.parametrize(
    ("prefix", "places", "found"),
    [
        ("", None, ["a/1", "a/2", "ab", "b/1"]),
        ("a/", None, ["a/1", "a/2"]),
        ("", ["a"], ["a/1", "a/2", "ab"]),
        ("", ["a/", "b/"], ["a/1", "a/2", "b/1"]),
        ("a", ["a/", "b/"], ["a/1", "a/2"]),
        ("", [], []),
        ("b", ["a"], []),
    ],
)
def test_lists_what_is_below_a_prefix_and_may_be_seen(prefix: str, places: list[str] | None, found: list[str]) -> None:
    for name in ("b/1", "ab", "a/2", "a/1"):
        put(name, b".")
    assert [asset.name for asset in services.page(prefix=prefix, places=places).items] == found


def test_the_store_is_checked(store: AssetStore, settings: Any) -> None:
    services.check_store()
    if hasattr(store, "root"):
        settings.ASSETS_MIN_FREE_BYTES = 2**62
        with pytest.raises(StoreFull):
            services.check_store()


def test_the_index_of_one_store_is_not_that_of_another(settings: Any) -> None:
    put("a", b".")
    settings.ASSETS_URL = f"{settings.ASSETS_URL}2"
    assert list(services.every()) == []
    assert stores.current() is not None


def test_a_put_waits_for_who_else_writes_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[str] = []
    holding = locks.held
    monkeypatch.setattr(locks, "held", lambda name: held.append(name) or holding(name))  # type: ignore[func-returns-value]
    put("a", b".")
    services.delete("a")
    assert held == ["a", "a"]


def test_a_put_that_cannot_be_recorded_leaves_nothing(store: AssetStore, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(putting, "record", lambda *_: (_ for _ in ()).throw(OperationalError("locked")))
        with pytest.raises(OperationalError, match="locked"):
            put("a", b"one")
    assert untouched(store)
    assert put("a", b"two").created
