"""What a store promises, on the directory and on S3."""

import re
from typing import Any

import pytest
from django.core.files.base import ContentFile
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from assets import names, stores
from assets.locations import BadLocation
from assets.stores import s3
from assets.stores.base import AssetStore, Changed, NoObject, Piece, StoreAway, Taken

MIB = 2**20
DIGEST = "0123456789abcdef" * 4
SIZES = [0, 1, 4096, 256 * 2**10, 8 * MIB, 8 * MIB + 1, 17 * MIB]


def add(store: AssetStore, name: str, data: bytes, *, replace: bool = False) -> str:
    with store.stage(name, content_type="text/plain") as staged:
        staged.write(data)
        return staged.publish(replace=replace)


def all_of(store: AssetStore, name: str) -> bytes:
    opened = store.whole(name)
    return b"".join(Piece(opened.stream, opened.size_bytes))


@pytest.mark.parametrize("size", SIZES)
def test_gives_back_the_bytes_it_was_given(store: AssetStore, size: int) -> None:
    data = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    with store.stage("a/b.tar.gz", content_type="application/gzip", size_bytes=size) as staged:
        for start in range(0, size, 3 * MIB):
            staged.write(data[start : start + 3 * MIB])
        stamp = staged.publish(replace=False)
    assert store.stamp("a/b.tar.gz") == stamp
    assert b"".join(store.read("a/b.tar.gz", stamp, 0, size)) == data == all_of(store, "a/b.tar.gz")


@hypothesis_settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=64), cut=st.tuples(st.integers(0, 64), st.integers(0, 64)))
def test_gives_back_any_part(store: AssetStore, data: bytes, cut: tuple[int, int]) -> None:
    start, stop = sorted(min(at, len(data)) for at in cut)
    stamp = add(store, "a", data, replace=True)
    assert b"".join(store.read("a", stamp, start, stop)) == data[start:stop]


@pytest.mark.parametrize("size", [1, 9 * MIB])
def test_shows_nothing_before_it_is_published(store: AssetStore, size: int) -> None:
    with store.stage("a", content_type="text/plain") as staged:
        staged.write(b"." * size)
        assert store.stamp("a") is None
        assert list(store.all_names()) == []
        with pytest.raises(NoObject):
            store.whole("a")


@pytest.mark.parametrize("size", [1, 9 * MIB])
def test_keeps_nothing_that_was_not_published(store: AssetStore, size: int) -> None:
    def give_up() -> None:
        with store.stage("a", content_type="text/plain") as staged:
            staged.write(b"." * size)
            raise RuntimeError("the client has gone")

    with pytest.raises(RuntimeError, match="the client has gone"):
        give_up()
    assert list(store.all_names()) == []
    assert leftovers(store) == []


def leftovers(store: AssetStore) -> list[str]:
    """Staged files, or uploads that were begun."""
    if hasattr(store, "staging"):
        return [file.name for file in store.staging.iterdir()] if store.staging.exists() else []
    found = store.client.list_multipart_uploads(Bucket=store.place.name)  # type: ignore[attr-defined]
    return [upload["Key"] for upload in found.get("Uploads", [])]


@pytest.mark.parametrize("size", [1, 9 * MIB])
def test_leaves_what_is_there_unless_it_is_to_be_replaced(store: AssetStore, size: int) -> None:
    first = add(store, "a", b"first")
    with pytest.raises(Taken):
        add(store, "a", b"." * size)
    assert (store.stamp("a"), all_of(store, "a"), leftovers(store)) == (first, b"first", [])
    second = add(store, "a", b"." * size, replace=True)
    assert second != first
    assert (store.stamp("a"), all_of(store, "a")) == (second, b"." * size)


def test_tells_versions_of_the_same_size_apart(store: AssetStore) -> None:
    old = add(store, "a", b"one")
    add(store, "a", b"two", replace=True)
    with pytest.raises(Changed):
        store.read("a", old, 0, 3)


def test_reads_on_from_the_version_it_opened(store: AssetStore) -> None:
    pieces = store.read("a", add(store, "a", b"one"), 0, 3)
    add(store, "a", b"two", replace=True)
    assert b"".join(pieces) == b"one"


def test_says_that_there_is_no_object(store: AssetStore) -> None:
    assert store.stamp("a") is None
    for read in (lambda: store.whole("a"), lambda: store.read("a", "stamp", 0, 1)):
        with pytest.raises(NoObject):
            read()
    store.remove("a")


def test_removes_an_object(store: AssetStore) -> None:
    for name in ("a/b/c", "a/d"):
        add(store, name, b".")
    store.remove("a/b/c")
    assert list(store.all_names()) == ["a/d"]
    add(store, "a/b", b"now a name")


@pytest.mark.parametrize(
    "name", ["ci-1", "a/b/c", "x.tar.gz", "ä ö\u3042", "a\\b", "a%2Fb", "a?b#c&d=e", "+", "~", "'\"<>"]
)
def test_an_object_has_exactly_its_name(store: AssetStore, name: str) -> None:
    add(store, name, b"bytes")
    assert list(store.all_names()) == [name]
    assert all_of(store, name) == b"bytes"


def test_closes_what_is_read_only_in_part(store: AssetStore) -> None:
    pieces = store.read("a", add(store, "a", b"." * MIB), 0, MIB)
    next(pieces)
    pieces.close()


def test_an_object_that_ends_early_is_a_fault(store: AssetStore) -> None:
    opened = store.whole("a") if add(store, "a", b"short") else None
    assert opened
    with pytest.raises(StoreAway, match="the object ended 5 bytes early"):
        list(Piece(opened.stream, 10))


def test_is_usable(store: AssetStore) -> None:
    store.check()


def test_is_the_same_store_for_the_same_address(store: AssetStore) -> None:
    assert stores.current() is store


@pytest.mark.parametrize("size", [0, 5, 17 * MIB])
def test_copies_an_object(store: AssetStore, size: int) -> None:
    data = b"." * size
    stamp = add(store, "a", data)
    with store.stage_copy("a", stamp, "b/c", content_type="text/plain", size_bytes=size) as staged:
        assert store.stamp("b/c") is None
        copied = staged.publish(replace=False)
    assert (store.stamp("b/c"), all_of(store, "b/c")) == (copied, data)
    store.remove("a")
    assert all_of(store, "b/c") == data


def copy(store: AssetStore, source: str, stamp: str, name: str, *, replace: bool = False) -> str:
    with store.stage_copy(source, stamp, name, content_type="text/plain", size_bytes=3) as staged:
        return staged.publish(replace=replace)


def test_copies_only_what_was_meant_and_only_where_it_may(store: AssetStore) -> None:
    old = add(store, "a", b"one")
    stamp = add(store, "a", b"two", replace=True)
    with pytest.raises(Changed):
        copy(store, "a", old, "b")
    with pytest.raises((NoObject, Changed)):
        copy(store, "never", stamp, "b")
    other = add(store, "b", b"new")
    with pytest.raises(Taken):
        copy(store, "a", stamp, "b")
    assert (store.stamp("b"), all_of(store, "b")) == (other, b"new")
    copy(store, "a", stamp, "b", replace=True)
    assert all_of(store, "b") == b"two"
    assert leftovers(store) == []


def test_copies_what_is_too_large_for_one_call_in_parts(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "COPY_BYTES", 6 * MIB)
    data = bytes(range(256)) * (17 * MIB // 256) + b"!"
    stamp = add(bucket, "a", data)
    with bucket.stage_copy("a", stamp, "b", content_type="text/plain", size_bytes=len(data)) as staged:
        staged.publish(replace=False)
    assert all_of(bucket, "b") == data
    with (
        pytest.raises(Changed),
        bucket.stage_copy("a", '"another"', "c", content_type="text/plain", size_bytes=len(data)) as staged,
    ):
        staged.publish(replace=False)
    assert (bucket.stamp("c"), leftovers(bucket)) == (None, [])


def test_keeps_what_gives_way(store: AssetStore) -> None:
    old = add(store, "a", b"one")
    store.keep("a", old, DIGEST, 3)
    store.keep("a", old, DIGEST, 3)
    with pytest.raises(Changed):
        store.keep("a", "another", DIGEST[::-1], 3)
    add(store, "a", b"two", replace=True)
    kept = names.kept(DIGEST)
    stamp = store.stamp(kept)
    assert stamp
    assert b"".join(store.read(kept, stamp, 0, 3)) == b"one"
    assert list(store.all_names()) == ["a"]
    assert [name for name, _ in store.own_names("versions")] == [kept]
    store.remove(kept)
    assert list(store.own_names("versions")) == []


# Django's storage API.


def test_saves_under_exactly_the_name_asked_for(store: AssetStore) -> None:
    assert store.save("a/x.tar.gz", ContentFile(b"bytes")) == "a/x.tar.gz"
    with pytest.raises(Taken):
        store.save("a/x.tar.gz", ContentFile(b"other"))
    with pytest.raises(names.BadName, match=re.escape("names below .buildserver/ are the store's own")):
        store.save(".buildserver/x", ContentFile(b"other"))
    with store.open("a/x.tar.gz") as file:
        assert (file.size, file.read()) == (5, b"bytes")
    assert store.exists("a/x.tar.gz")
    assert store.size("a/x.tar.gz") == 5
    assert store.get_modified_time("a/x.tar.gz").tzinfo is not None
    assert store.listdir("a") == ([], ["x.tar.gz"])
    assert store.listdir("") == (["a"], [])
    store.delete("a/x.tar.gz")
    assert not store.exists("a/x.tar.gz")


def test_opens_for_reading_only_what_is_there(store: AssetStore) -> None:
    for use in (store.open, store.size, store.get_modified_time):
        with pytest.raises(FileNotFoundError):
            use("a")
    with pytest.raises(ValueError, match="objects are opened with mode 'rb', not 'wb'"):
        store.open("a", "wb")


def test_an_address_that_is_none_names_no_store(settings: object) -> None:
    settings.ASSETS_URL = "ftp://builds"  # type: ignore[attr-defined]
    with pytest.raises(BadLocation, match="ftp:// is no store"):
        stores.current()
