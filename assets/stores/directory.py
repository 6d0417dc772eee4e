"""Objects as plain files of a directory. A file appears under its name only when all of it is on the disk."""

import errno
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from django.core.files.storage import FileSystemStorage

from assets import names
from assets.conf import conf
from assets.stores.base import AssetStore, Changed, NoObject, Piece, StoreAway, StoreFull, Taken, Tangled

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS)
LOOK_EVERY_BYTES = 64 * 2**20


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Faults of the operating system as StoreFull or StoreAway."""
    try:
        yield
    except OSError as fault:
        kind = StoreFull if fault.errno in FULL else StoreAway
        raise kind(f"{doing}: {fault.strerror or fault}") from fault


def stamp_of(state: os.stat_result) -> str:
    """Its time and size: `publish` gives each file a time of its own, and copies of the directory can keep it."""
    return f"{state.st_mtime_ns:x}-{state.st_size:x}"


def sync_directory(path: Path) -> None:
    """What was made or renamed in the directory is on the disk; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class DirectoryStore(AssetStore, FileSystemStorage):
    """A directory in which each object is the file of exactly its name."""

    def __init__(self, root: Path) -> None:
        """`root` is absolute; it is made when first written to."""
        super().__init__(location=root)
        self.root = root
        self.staging = root / names.RESERVED / "staging"

    def place(self, name: str) -> Path:
        """The object's file."""
        if os.name == "nt" and ("\\" in name or ":" in name):
            raise names.BadName("on Windows a name in a directory has no backslash and no colon")
        return self.root / name

    @contextmanager
    def stage(self, name: str, *, content_type: str, size_bytes: int | None = None) -> Iterator["StagedFile"]:  # noqa: ARG002 - kept by the index
        """A file that nobody looks for, on the same file system."""
        with translated("the directory of the assets cannot be written"):
            self.staging.mkdir(parents=True, exist_ok=True)
            self.keep_free(size_bytes or 0)
            path = self.staging / secrets.token_hex(16)
            file = path.open("xb", buffering=0)
        staged = StagedFile(self, name, path, file)
        try:
            yield staged
        finally:
            file.close()
            with suppress(FileNotFoundError):
                path.unlink()

    def keep_free(self, size_bytes: int) -> None:
        """Raise StoreFull when the disk would have less than ASSETS_MIN_FREE_BYTES after so many more."""
        left = shutil.disk_usage(self.root).free - size_bytes
        if left < conf.min_free_bytes:
            raise StoreFull(f"{max(left, 0)} bytes would be left on the disk, and {conf.min_free_bytes} must stay free")

    def stamp(self, name: str) -> str | None:
        """Of the file, if it is there."""
        try:
            with translated("the file cannot be looked at"):
                state = self.place(name).stat()
        except StoreAway as fault:
            if isinstance(fault.__cause__, FileNotFoundError | NotADirectoryError):
                return None
            raise
        return stamp_of(state)

    def read(self, name: str, stamp: str | None, start: int, stop: int) -> Piece:
        """From the file, which stays the one that was opened even when the name gets another."""
        file = self.whole(name)
        if stamp is not None and stamp_of(os.fstat(file.fileno())) != stamp:
            file.close()
            raise Changed(f"the file of {name!r} is not the one that was stored")
        file.seek(start)
        return Piece(file, stop - start)

    def whole(self, name: str) -> IO[bytes]:
        """The open file."""
        try:
            return self.place(name).open("rb", buffering=0)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise NoObject(f"there is no file {name!r}") from None
        except OSError as fault:
            raise StoreAway(f"the file cannot be opened: {fault.strerror}") from fault

    def remove(self, name: str) -> None:
        """Remove the file, and the directories that only it was in."""
        place = self.place(name)
        with translated("the file cannot be removed"), suppress(FileNotFoundError, NotADirectoryError):
            place.unlink()
            sync_directory(place.parent)
        with suppress(OSError):
            for parent in [self.root / one for one in reversed(names.parents(name))]:
                parent.rmdir()

    def names(self) -> Iterator[str]:
        """Every file below the root but our own."""
        for folder, folders, files in os.walk(self.root):
            if Path(folder) == self.root:
                folders[:] = [one for one in folders if one != names.RESERVED]
            yield from (Path(folder, file).relative_to(self.root).as_posix() for file in files)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """Directories and files in a directory but our own."""
        folders, files = super().listdir(path)
        return [one for one in folders if path.strip("/.") or one != names.RESERVED], files

    def check(self) -> None:
        """The directory can be written and has room."""
        with translated("the directory of the assets cannot be used"):
            self.staging.mkdir(parents=True, exist_ok=True)
            if not os.access(self.staging, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, "it cannot be written")
            self.keep_free(0)


class StagedFile:
    """A file in the staging directory."""

    def __init__(self, store: DirectoryStore, name: str, path: Path, file: Any) -> None:
        """The file is open and empty."""
        self._store, self._name, self._path, self._file = store, name, path, file
        self._look_at = LOOK_EVERY_BYTES

    def write(self, data: bytes) -> None:
        """Onto the file; of a large one the disk's free space is looked at again and again."""
        with translated("the file cannot be written"):
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]
            if self._file.tell() > self._look_at:
                self._look_at += LOOK_EVERY_BYTES
                self._store.keep_free(0)

    def publish(self, *, replace: bool) -> str:
        """First its bytes are on the disk, then its name is."""
        with translated("the file cannot be written"):
            os.utime(self._path, ns=(now := time.time_ns(), now))
            os.fsync(self._file.fileno())
            state = os.fstat(self._file.fileno())
        self._file.close()
        place = self._store.place(self._name)
        while not self._named(place, replace=replace):
            pass
        with translated("the directory of the assets cannot be synced"):
            for folder in [place.parent, *(one for one in place.parents if one.is_relative_to(self._store.root))]:
                sync_directory(folder)
        return stamp_of(state)

    def _named(self, place: Path, *, replace: bool) -> bool:
        """Give the file its name; False when the directory for it was removed in between, to be tried again."""
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            (os.replace if replace else link)(self._path, place)
        except FileNotFoundError:
            if self._path.exists():
                return False
            raise StoreAway("the staged file is gone") from None
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as fault:
            self._refuse(place, fault)
        except OSError as fault:
            raise (StoreFull if fault.errno in FULL else StoreAway)(f"the file cannot be named: {fault.strerror}") from fault
        return True
