"""Bytes that gave way to others, and bytes that the store has already."""

import hashlib
import io
from typing import Any

import pytest

from assets import digests, names, services
from assets.models import Asset, Version
from assets.services import Conflict, UnknownAsset, putting
from assets.stores.base import AssetStore, Changed, NoObject

pytestmark = pytest.mark.django_db


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def put(name: str, data: bytes, *, replace: bool = False, claimed: bool = False, **about: Any) -> services.Put:
    said = digests.claims({"X-Checksum-Sha256": sha(data)}) if claimed else ()
    return services.put(name, io.BytesIO(data), replace=replace, said=said, about=services.About(**about))


def get(name: str, sha256: str) -> bytes:
    return b"".join(services.read(services.find_version(name, sha256))[1])


def kept(store: AssetStore) -> set[str]:
    return {name.rpartition("/")[2] for name, _ in store.own_names("versions")}


def test_what_gave_way_is_reached_by_its_digest(store: AssetStore) -> None:
    put("a", b"one", content_type="text/css", created_by="first")
    put("a", b"two", replace=True)
    put("a", b"three", replace=True)
    assert [get("a", sha(data)) for data in (b"one", b"two", b"three")] == [b"one", b"two", b"three"]
    old = services.find_version("a", sha(b"one"))
    assert (old.content_type, old.created_by, old.size, old.image) == ("text/css", "first", 3, "one")
    with pytest.raises(UnknownAsset, match="'a' has no version with sha256 0000"):
        services.find_version("a", "0" * 64)
    assert kept(store) == {sha(b"one"), sha(b"two")}
    assert list(store.all_names()) == ["a"]


def test_what_comes_back_is_an_earlier_version_no_more(store: AssetStore) -> None:
    for data in (b"one", b"two", b"one", b"two"):
        put("a", data, replace=True)
    assert list(Version.objects.values_list("sha256", flat=True)) == [sha(b"one")]
    assert [get("a", sha(data)) for data in (b"one", b"two")] == [b"one", b"two"]


def test_versions_of_several_names_share_their_bytes(store: AssetStore) -> None:
    for name in ("a", "b"):
        put(name, b"one")
        put(name, b"two", replace=True)
    assert kept(store) == {sha(b"one")}
    services.delete("a")
    assert get("b", sha(b"one")) == b"one"
    services.delete("b")
    assert (kept(store), Version.objects.count(), Asset.objects.count()) == (set(), 0, 0)


def test_nothing_changes_when_what_gives_way_cannot_be_kept(store: AssetStore, monkeypatch: pytest.MonkeyPatch) -> None:
    put("a", b"one")

    def changed(*_: object) -> str:
        raise Changed("by another")

    monkeypatch.setattr(type(store), "keep", changed)
    with pytest.raises(Changed):
        put("a", b"two", replace=True)
    assert (services.find("a").sha256, get("a", sha(b"one"))) == (sha(b"one"), b"one")


def test_a_version_that_the_store_has_lost_is_unknown(store: AssetStore) -> None:
    put("a", b"one")
    put("a", b"two", replace=True)
    store.remove(names.kept(sha(b"one")))
    with pytest.raises(UnknownAsset, match="the store has lost the bytes of 'a'"):
        get("a", sha(b"one"))


# --- bytes that are known -----------------------------------------------------------------------------------------


def test_known_bytes_are_copied_and_not_stored_again(store: AssetStore, monkeypatch: pytest.MonkeyPatch) -> None:
    put("a/1", b"bytes")
    for name in ("assets.stores.directory.StagedFile.write", "assets.stores.s3.StagedObject.write"):
        monkeypatch.setattr(name, lambda *_: pytest.fail("bytes went to the store"))
    done = put("b", b"bytes", claimed=True, may_read=["a/"], content_type="text/css")
    assert (done.created, done.asset.content_type, done.asset.image) == (True, "text/css", "bytes")
    assert get("b", sha(b"bytes")) == b"bytes"
    again = put("b", b"bytes", claimed=True)
    assert not again.created
    assert services.copy("c", sha(b"bytes"), about=services.About(may_read=None))
    services.delete("a/1")
    assert [get(name, sha(b"bytes")) for name in "bc"] == [b"bytes", b"bytes"]


def test_bytes_that_the_sender_may_not_read_are_not_copied(store: AssetStore) -> None:
    put("secret/1", b"bytes")
    assert services.copy("a", sha(b"bytes"), about=services.About(may_read=["public/"])) is None
    assert services.copy("a", sha(b"bytes"), about=services.About()) is None
    assert list(store.all_names()) == ["secret/1"]


def test_bytes_that_are_said_to_be_known_are_verified_all_the_same(store: AssetStore) -> None:
    put("a", b"bytes")
    said = digests.claims({"X-Checksum-Sha256": sha(b"bytes")})
    for name in ("a", "b"):
        with pytest.raises(digests.DigestMismatch):
            services.put(name, io.BytesIO(b"other"), said=said, about=services.About(may_read=None))
    assert list(store.all_names()) == ["a"]


def test_an_earlier_version_is_known_too(store: AssetStore) -> None:
    put("a", b"one")
    put("a", b"two", replace=True)
    assert services.copy("b", sha(b"one"), about=services.About(may_read=["a"]))
    assert get("b", sha(b"one")) == b"one"
    assert set(store.all_names()) == {"a", "b"}


def test_a_copy_is_refused_where_a_put_is(store: AssetStore) -> None:
    put("a", b"one")
    put("b", b"two")
    with pytest.raises(Conflict, match="'b' has other bytes"):
        services.copy("b", sha(b"one"), about=services.About(may_read=None))
    done = services.copy("b", sha(b"one"), replace=True, about=services.About(may_read=None))
    assert done
    assert done.created
    assert [get("b", sha(data)) for data in (b"one", b"two")] == [b"one", b"two"]


def test_bytes_that_vanish_before_they_are_copied_are_asked_for_again(
    store: AssetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("a", b"bytes")
    monkeypatch.setattr(putting, "is_intact", lambda *_: True)
    store.remove("a")
    with pytest.raises((NoObject, Changed)):
        services.copy("b", sha(b"bytes"), about=services.About(may_read=None))
    assert list(Asset.objects.values_list("name", flat=True)) == ["a"]
