"""Objects as plain files of a directory. A file appears under its name only when all of it is on the disk."""

import errno
import io
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from django.core.files.storage import FileSystemStorage

from assets import names
from assets.conf import conf
from assets.stores.base import (
    CHUNK_BYTES,
    AssetStore,
    Changed,
    NoObject,
    Opened,
    Piece,
    StoreAway,
    StoreFull,
    Stray,
    Taken,
    Tangled,
)

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS)
LOOK_EVERY_BYTES = 64 * 2**20
TRIES = 100
ALONE = "first"  # beside parts that are being joined: the size of the first one without the others
WINDOWS = os.name == "nt"


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


def give_up(fault: OSError) -> None:
    """For os.walk, which skips what it cannot read. What is not there, or no more, has no names."""
    if not isinstance(fault, FileNotFoundError):
        raise fault


def link(source: Path, place: Path) -> None:
    """Give the file a second name; FileExistsError where it is taken. Without hard links, the name's lock must do."""
    try:
        os.link(source, place)
    except OSError as fault:
        if fault.errno not in NO_LINKS:
            raise
        if place.exists():
            raise FileExistsError(errno.EEXIST, "it is there", str(place)) from None
        source.replace(place)


def sync_directory(path: Path) -> None:
    """What was made or renamed in the directory is on the disk; Windows has no such call and needs none."""
    if WINDOWS:
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make(folder: Path) -> None:
    """Make the directory and those above it where they are missing, their names on the disk."""
    if folder.is_dir():
        return
    if folder.exists() and not folder.is_dir():  # it may have been made between the two questions
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    make(folder.parent)
    try:
        folder.mkdir(exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None
    sync_directory(folder.parent)


def copy_bytes(source: io.FileIO, target: io.FileIO) -> None:
    """All bytes of one open file from its start to where the other stands, by the kernel where it can."""
    done, at = 0, target.tell()
    try:
        while count := os.copy_file_range(source.fileno(), target.fileno(), LOOK_EVERY_BYTES, done, at + done):
            done += count
    except (AttributeError, OSError) as fault:  # not everywhere, and not between all file systems
        if isinstance(fault, OSError) and fault.errno in FULL:
            raise
        source.seek(done)
        target.seek(at + done)
        shutil.copyfileobj(source, target, CHUNK_BYTES)
    target.seek(0, os.SEEK_END)


@dataclass(frozen=True)
class OpenedFile(Opened):
    """One that can be read from anywhere."""

    stream: io.FileIO


class DirectoryStore(AssetStore, FileSystemStorage):
    """A directory in which each object is the file of exactly its name."""

    looks_are_cheap = True

    def __init__(self, root: Path) -> None:
        """`root` is absolute; it is made when first written to."""
        super().__init__(location=root)
        self.root = root
        self.staging = root / names.RESERVED / "staging"

    def place(self, name: str) -> Path:
        """The object's file."""
        if WINDOWS and ("\\" in name or ":" in name):
            raise names.BadName("on Windows a name in a directory has no backslash and no colon")
        return self.root / name

    @contextmanager
    def stage(self, name: str, *, content_type: str, size_bytes: int | None = None) -> Iterator["StagedFile"]:  # noqa: ARG002 - kept by the index
        """A file that nobody looks for, on the same file system."""
        with translated("the directory of the assets cannot be written"):
            make(self.staging)
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

    @contextmanager
    def stage_copy(
        self, source: str, stamp: str, name: str, *, content_type: str, size_bytes: int
    ) -> Iterator["StagedFile"]:
        """A copy of the file, which the kernel makes; where the file system can, it shares the blocks."""
        opened = self.known(source, stamp)
        with opened.stream, self.stage(name, content_type=content_type, size_bytes=size_bytes) as staged:
            staged.take(opened.stream)
            yield staged

    @contextmanager
    def stage_move(
        self,
        source: str,
        stamp: str,
        name: str,
        *,
        content_type: str,  # noqa: ARG002 - kept by the index
        size_bytes: int,  # noqa: ARG002 - it is there
    ) -> Iterator["StagedFile"]:
        """The file itself."""
        opened = self.known(source, stamp)
        with opened.stream:
            yield StagedFile(self, name, self.place(source), opened.stream)

    def check_room(self, size_bytes: int) -> None:
        """By what is free on the disk."""
        with translated("the directory of the assets cannot be written"):
            make(self.root)
            self.keep_free(size_bytes)

    def begin_parts(self, upload: str, content_type: str) -> str:  # noqa: ARG002 - kept by the index
        """A directory for them."""
        with translated("the directory of the assets cannot be written"):
            make(self.place(names.whole(upload)).parent)
        return ""

    def part_url(self, upload: str, token: str, number: int, expires_s: int) -> None:
        """There is none."""

    def part_sizes(self, upload: str, token: str) -> dict[int, int]:  # noqa: ARG002 - there is none
        """Those of the files."""
        folder = self.place(names.whole(upload)).parent
        with translated("the parts cannot be looked at"), suppress(FileNotFoundError):
            sizes = {int(file.name): file.stat().st_size for file in folder.iterdir() if file.name.isdecimal()}
            if sizes and (alone := folder / ALONE).exists():
                sizes[min(sizes)] = int(alone.read_text())
            return sizes
        return {}

    def join(self, upload: str, token: str) -> None:
        """The other parts are appended to the first one, whose own size is kept beside it until that is done."""
        place = self.place(names.whole(upload))
        if self.stamp(names.whole(upload)) is not None:
            return
        sizes = self.part_sizes(upload, token)
        if not sizes:
            raise NoObject(f"there is no part of {upload}")
        first, *others = [place.with_name(str(number)) for number in sorted(sizes)]
        with translated("the parts cannot be joined"):
            self._note_alone(place.with_name(ALONE), sizes[min(sizes)])
            os.truncate(first, sizes[min(sizes)])
            with first.open("r+b", buffering=0) as file:
                file.seek(0, os.SEEK_END)
                for other in others:
                    with other.open("rb", buffering=0) as part:
                        copy_bytes(part, file)
                os.fsync(file.fileno())
            first.replace(place)
            sync_directory(place.parent)
            for left in others:
                left.unlink()

    def _note_alone(self, note: Path, size_bytes: int) -> None:
        """On the disk, whole or not there."""
        if not note.exists():
            with self.stage(note.relative_to(self.root).as_posix(), content_type="") as staged:
                staged.write(str(size_bytes).encode())
                staged.publish(replace=True)

    def drop_parts(self, upload: str, token: str) -> None:  # noqa: ARG002 - there is none
        """The directory and all in it."""
        with translated("the parts cannot be removed"), suppress(FileNotFoundError):
            shutil.rmtree(self.place(names.whole(upload)).parent)

    def strays(self) -> Iterator[Stray]:
        """Files that are being written, and the parts of uploads."""
        for place, written_s in self.own_names("staging"):
            yield Stray(place, "", "", written_s)
        newest: dict[str, float] = {}
        for place, written_s in self.own_names("uploads"):
            upload = names.upload_of(place)
            newest[upload] = max(written_s, newest.get(upload, 0))
        for upload, written_s in newest.items():
            yield Stray(names.whole(upload), "", upload, written_s)

    def drop_stray(self, stray: Stray) -> None:
        """The file, or all parts of the upload."""
        if stray.upload:
            self.drop_parts(stray.upload, "")
        else:
            with translated("the file cannot be removed"):
                self.place(stray.name).unlink(missing_ok=True)

    def keep(self, name: str, stamp: str, sha256: str, size_bytes: int) -> str:
        """A copy, which nobody changes."""
        kept = names.kept(sha256)
        if (there := self.stamp(kept)) is not None:
            return there
        with self.stage_copy(name, stamp, kept, content_type="", size_bytes=size_bytes) as staged:
            return staged.publish(replace=True)

    def keep_free(self, size_bytes: int) -> None:
        """Raise StoreFull when the disk would have less than ASSETS_MIN_FREE_BYTES after so many more."""
        left = shutil.disk_usage(self.root).free - size_bytes
        if left < conf.min_free_bytes:
            raise StoreFull(f"{max(left, 0)} bytes would be left on the disk, and {conf.min_free_bytes} must stay free")

    def stamp(self, name: str) -> str | None:
        """Of the file, if it is there."""
        try:
            state = self.place(name).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as fault:
            raise StoreAway(f"the file cannot be looked at: {fault.strerror}") from fault
        return stamp_of(state) if stat.S_ISREG(state.st_mode) else None

    def read(self, name: str, stamp: str, start: int, stop: int) -> Piece:
        """From the file, which stays the one that was opened even when the name gets another."""
        opened = self.known(name, stamp)
        opened.stream.seek(start)
        return Piece(opened.stream, stop - start)

    def known(self, name: str, stamp: str) -> OpenedFile:
        """The open file, if it is the one of this stamp."""
        opened = self.whole(name)
        if opened.stamp != stamp:
            opened.stream.close()
            raise Changed(f"the file of {name!r} is not the one that was stored")
        return opened

    def whole(self, name: str) -> OpenedFile:
        """The open file."""
        try:
            file = self.place(name).open("rb", buffering=0)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise NoObject(f"there is no file {name!r}") from None
        except OSError as fault:
            raise StoreAway(f"the file cannot be opened: {fault.strerror}") from fault
        state = os.fstat(file.fileno())
        return OpenedFile(file, stamp_of(state), state.st_size)

    def remove(self, name: str) -> None:
        """Remove the file, and the directories that only it was in."""
        place = self.place(name)
        with translated("the file cannot be removed"), suppress(FileNotFoundError, NotADirectoryError):
            place.unlink()
            sync_directory(place.parent)
        with suppress(OSError):
            for parent in [self.root / one for one in reversed(names.parents(name))]:
                parent.rmdir()

    def all_objects(self) -> Iterator[tuple[str, str]]:
        """Every file below the root but our own."""
        with translated("the directory of the assets cannot be read"):
            for folder, folders, files in os.walk(self.root, onerror=give_up):
                if Path(folder) == self.root:
                    folders[:] = [one for one in folders if one != names.RESERVED]
                for file in (Path(folder, one) for one in files):
                    with suppress(FileNotFoundError):
                        yield file.relative_to(self.root).as_posix(), stamp_of(file.stat())

    def own_names(self, folder: str) -> Iterator[tuple[str, float]]:
        """Every file in there."""
        with translated("the directory of the assets cannot be read"):
            for below, _, files in os.walk(self.root / names.RESERVED / folder, onerror=give_up):
                for file in (Path(below, one) for one in files):
                    with suppress(FileNotFoundError):
                        yield file.relative_to(self.root).as_posix(), file.stat().st_mtime

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """Directories and files in a directory but our own."""
        folders, files = super().listdir(path)
        return [one for one in folders if path.strip("/.") or one != names.RESERVED], files

    def check(self) -> None:
        """The directory can be written and has room."""
        with translated("the directory of the assets cannot be used"):
            make(self.staging)
            if not os.access(self.staging, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, "it cannot be written")
            self.keep_free(0)


class StagedFile:
    """A file in the staging directory."""

    def __init__(self, store: DirectoryStore, name: str, path: Path, file: io.FileIO) -> None:
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

    def take(self, file: io.FileIO) -> None:
        """All bytes of another file."""
        with translated("the file cannot be copied"):
            copy_bytes(file, self._file)

    def publish(self, *, replace: bool) -> str:
        """First its bytes are on the disk, then its name is."""
        with translated("the file cannot be written"):
            os.utime(self._path, ns=(now := time.time_ns(), now))
            os.fsync(self._file.fileno())
            state = os.fstat(self._file.fileno())
        self._file.close()
        place = self._store.place(self._name)
        if not any(self._named(place, replace=replace) for _ in range(TRIES)):
            raise StoreAway(f"the directory of {self._name!r} was removed {TRIES} times while the file was to be named")
        with translated("the directory of the assets cannot be synced"):
            sync_directory(place.parent)
        return stamp_of(state)

    def _named(self, place: Path, *, replace: bool) -> bool:
        """Give the file its name; False when a directory was in between made or removed, to be tried again."""
        try:
            make(place.parent)
            (os.replace if replace else link)(self._path, place)
        except FileNotFoundError:
            return False
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            return self._made_way(place)
        except OSError as fault:
            kind = StoreFull if fault.errno in FULL else StoreAway
            raise kind(f"the file cannot be named: {fault.strerror}") from fault
        return True

    def _made_way(self, place: Path) -> bool:
        """False once an empty directory is out of the way; else raises Taken, or Tangled with the name in the way."""
        if place.is_dir():
            with suppress(OSError):
                place.rmdir()
            child = next(place.iterdir(), None) if place.is_dir() else None
            if child is not None:
                raise Tangled(self._name, f"{self._name}/{child.name}")
            return False
        for parent in names.parents(self._name):
            if self._store.place(parent).is_file():
                raise Tangled(self._name, parent)
        raise Taken(f"there is a file {self._name!r}")
