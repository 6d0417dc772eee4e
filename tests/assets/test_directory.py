"""What only a directory does, and what only happens to one."""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from assets import names, stores
from assets.stores import directory as module
from assets.stores.base import StoreAway, StoreFull, Taken, Tangled
from assets.stores.directory import DirectoryStore
from tests.assets.test_stores import add, all_of, leftovers


@pytest.fixture
def store(directory: DirectoryStore) -> DirectoryStore:
    return directory


def failing(number: int) -> Callable[..., Any]:
    def fail(*_args: Any, **_options: Any) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def test_a_file_has_the_object_s_name_and_is_readable_as_others_are(store: DirectoryStore) -> None:
    add(store, "a/b", b"bytes")
    file = store.root / "a" / "b"
    umask = os.umask(0)
    os.umask(umask)
    assert file.read_bytes() == b"bytes"
    assert stat.S_IMODE(file.stat().st_mode) == 0o666 & ~umask


def test_a_relative_path_is_below_the_home(settings: Any, tmp_path: Path) -> None:
    settings.ASSETS_HOME, settings.ASSETS_URL = tmp_path, "var/assets"
    store = stores.current()
    assert isinstance(store, DirectoryStore)
    assert store.root == tmp_path / "var" / "assets"


@pytest.mark.parametrize(
    ("first", "second"), [("a", "a/b"), ("a", "a/b/c"), ("a/b", "a"), ("a/b/c", "a/b"), ("a/b/c", "a")]
)
@pytest.mark.parametrize("replace", [False, True])
def test_a_name_is_no_other_s_parent(store: DirectoryStore, first: str, second: str, *, replace: bool) -> None:
    add(store, first, b".")
    with pytest.raises(Tangled, match=f"'{second}' cannot be a name while '{first[: len(second) + 2]}' is one"):
        add(store, second, b".", replace=replace)
    assert (list(store.all_names()), leftovers(store)) == ([first], [])


@pytest.mark.parametrize("replace", [False, True])
def test_an_empty_directory_is_no_name(store: DirectoryStore, *, replace: bool) -> None:
    (store.root / "a").mkdir(parents=True)
    add(store, "a", b"bytes", replace=replace)
    assert all_of(store, "a") == b"bytes"


def test_a_directory_is_no_object(store: DirectoryStore) -> None:
    (store.root / "a").mkdir(parents=True)
    assert store.stamp("a") is None
    assert store.stamp("a/b/c") is None


def test_a_put_goes_on_when_its_directory_is_removed_meanwhile(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    linking, times = os.link, iter([True, True, False])

    def link(source: Path, place: Path) -> None:
        if next(times):
            place.parent.rmdir()
        linking(source, place)

    monkeypatch.setattr(module.os, "link", link)
    add(store, "a/b", b"bytes")
    assert all_of(store, "a/b") == b"bytes"


def test_a_put_does_not_go_on_for_ever(store: DirectoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.os, "link", failing(errno.ENOENT))
    with pytest.raises(StoreAway, match="the directory of 'a' was removed 100 times"):
        add(store, "a", b".")


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP])
def test_works_without_hard_links(store: DirectoryStore, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(module.os, "link", failing(number))
    add(store, "a", b"bytes")
    with pytest.raises(Taken):
        add(store, "a", b"other")
    assert (all_of(store, "a"), leftovers(store)) == (b"bytes", [])


@pytest.fixture
def steps(store: DirectoryStore, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was brought to the disk and what got its name, in order."""
    add(store, "first", b".")
    done: list[str] = []
    syncing, linking, making = os.fsync, os.link, Path.mkdir

    def fsync(handle: int) -> None:
        done.append("sync directory" if stat.S_ISDIR(os.fstat(handle).st_mode) else "sync file")
        syncing(handle)

    def link(source: Path, place: Path) -> None:
        done.append("link")
        linking(source, place)

    def mkdir(folder: Path, *arguments: Any, **options: Any) -> None:
        done.append(f"make {folder.relative_to(store.root)}")
        making(folder, *arguments, **options)

    monkeypatch.setattr(module.os, "fsync", fsync)
    monkeypatch.setattr(module.os, "link", link)
    monkeypatch.setattr(Path, "mkdir", mkdir)
    return done


def test_the_bytes_are_on_the_disk_before_the_name_and_the_name_before_the_answer(
    store: DirectoryStore, steps: list[str]
) -> None:
    add(store, "a", b"bytes")
    assert steps == ["sync file", "link", "sync directory"]


def test_a_new_directory_is_on_the_disk_before_what_is_in_it(store: DirectoryStore, steps: list[str]) -> None:
    add(store, "a/b/c", b"bytes")
    made = ["make a", "sync directory", "make a/b", "sync directory"]
    assert steps == ["sync file", *made, "link", "sync directory"]


def test_a_removed_name_stays_removed(store: DirectoryStore, steps: list[str]) -> None:
    store.remove("first")
    assert steps == ["sync directory"]


def test_keeps_the_disk_s_last_bytes_free(store: DirectoryStore, settings: Any) -> None:
    settings.ASSETS_MIN_FREE_BYTES = 2**62
    with pytest.raises(StoreFull, match=r"\d+ bytes would be left on the disk, and 4611686018427387904 must stay free"):
        add(store, "a", b".")
    with pytest.raises(StoreFull):
        store.check()
    assert leftovers(store) == []


def test_counts_what_is_announced(store: DirectoryStore) -> None:
    stage = store.stage("a", content_type="text/plain", size_bytes=2**62)
    with pytest.raises(StoreFull, match="0 bytes would be left on the disk, and 0 must stay free"), stage:
        pass


def test_looks_at_the_disk_while_much_comes(
    store: DirectoryStore, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY_BYTES", 1000)
    with store.stage("a", content_type="text/plain") as staged:
        staged.write(b"." * 1000)
        settings.ASSETS_MIN_FREE_BYTES = 2**62
        with pytest.raises(StoreFull):
            staged.write(b".")


@pytest.mark.parametrize(
    ("number", "fault", "message"),
    [
        (errno.ENOSPC, StoreFull, "the file cannot be written: No space left on device"),
        (errno.EDQUOT, StoreFull, "the file cannot be written: Disk quota exceeded"),
        (errno.EIO, StoreAway, "the file cannot be written: Input/output error"),
    ],
)
def test_a_disk_that_fails_leaves_nothing(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch, number: int, fault: type[Exception], message: str
) -> None:
    add(store, "first", b".")
    monkeypatch.setattr(module.os, "fsync", failing(number))
    with pytest.raises(fault, match=message):
        add(store, "a", b".")
    assert (list(store.all_names()), leftovers(store)) == (["first"], [])


@pytest.mark.parametrize(("number", "fault"), [(errno.ENOSPC, StoreFull), (errno.EACCES, StoreAway)])
def test_a_name_that_cannot_be_given_leaves_nothing(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch, number: int, fault: type[Exception]
) -> None:
    monkeypatch.setattr(module.os, "link", failing(number))
    with pytest.raises(fault, match="the file cannot be named"):
        add(store, "a", b".")
    assert (list(store.all_names()), leftovers(store)) == ([], [])


def test_a_place_that_is_no_directory_is_away(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    settings.ASSETS_URL = str(tmp_path / "file" / "store")
    store = stores.current()
    for use in (store.check, lambda: add(store, "a", b".")):
        with pytest.raises(StoreAway, match="Not a directory"):
            use()
    with pytest.raises(StoreAway, match="the directory of the assets cannot be read"):
        list(store.all_names())


def test_a_directory_that_cannot_be_written_is_away(store: DirectoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    # By hand it could not be tested as root, who may write anywhere.
    monkeypatch.setattr(module.os, "access", lambda _path, mode: not mode & os.W_OK)
    with pytest.raises(StoreAway, match="the directory of the assets cannot be used: it cannot be written"):
        store.check()


@contextmanager
def unprivileged() -> Iterator[None]:
    """Root may read and write anywhere: be somebody else for a while."""
    user = os.geteuid()
    os.seteuid(user or 65534)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_directory_without_permissions_is_away(store: DirectoryStore) -> None:
    add(store, "a/b", b".")
    (store.root / "a").chmod(0)
    try:
        for use in (lambda: store.stamp("a/b"), lambda: store.whole("a/b"), lambda: add(store, "a/c", b".")):
            with pytest.raises(StoreAway, match="Permission denied"), unprivileged():
                use()
    finally:
        (store.root / "a").chmod(0o755)


def test_a_file_that_cannot_be_looked_at_is_away(store: DirectoryStore) -> None:
    add(store, "a", b".")
    loop = store.root / "loop"
    loop.symlink_to(loop)
    for use in (store.stamp, store.whole):
        with pytest.raises(StoreAway, match="Too many levels of symbolic links"):
            use("loop")


def test_on_windows_a_name_is_no_path_of_windows(store: DirectoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WINDOWS", True)
    add(store, "a/b", b"bytes")
    for name in ("..\\x", "C:x"):
        with pytest.raises(names.BadName, match="on Windows a name in a directory has no backslash and no colon"):
            add(store, name, b".")
    assert list(store.all_names()) == ["a/b"]


def test_has_no_address_of_its_own(store: DirectoryStore) -> None:
    assert not store.presigns
    with pytest.raises(NotImplementedError, match="the store of 'a' has no address of its own"):
        store.url("a")


def test_many_first_files_of_a_new_directory_all_arrive(directory: DirectoryStore) -> None:
    def put(number: int) -> None:
        with directory.stage(f"new/{number % 3}/{number}", content_type="text/plain") as staged:
            staged.write(b"x")
            staged.publish(replace=False)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(48)))
    assert len(list(directory.all_names())) == 48
