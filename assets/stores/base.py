"""What every store of bytes does, behind Django's storage API, and how it says that it cannot."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from django.core.files.base import File
from django.core.files.storage import Storage

from assets import names

CHUNK_BYTES = 256 * 2**10


class StoreFault(Exception):
    """The store did not do what it was asked."""


class Taken(StoreFault):
    """An object of this name is there already."""


class NoObject(StoreFault):
    """There is no object of this name."""


class Changed(StoreFault):
    """The object of this name is not the one that the stamp belongs to."""


class Tangled(StoreFault):
    """A name cannot be another's parent: `a` and `a/b` are not both names of one store."""

    def __init__(self, name: str, other: str) -> None:
        """Both names are part of the message."""
        super().__init__(f"{name!r} cannot be a name while {other!r} is one: it would be an object and a directory")
        self.name, self.other = name, other


class StoreFull(StoreFault):
    """There is no room."""


class StoreAway(StoreFault):
    """The store cannot be used now: it is unreachable, read-only, missing or denied."""


class Source(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, none at the end."""


class Readable(Source, Protocol):
    """What is given back when it was read."""

    def close(self) -> None:
        """Let go of what holds them."""


@dataclass(frozen=True)
class Stray:
    """Bytes on their way into the store, which may have lost who sends them.

    name        what they are to be, or where they lie
    token       what the store needs beside the name to drop them
    upload      whose parts they are, empty where they are no parts
    begun_s     in seconds of Unix
    size_bytes  0 where the store does not tell
    """

    name: str
    token: str
    upload: str
    begun_s: float
    size_bytes: int = 0


@dataclass(frozen=True)
class Opened:
    """An object that can be read from its start, whatever happens to its name meanwhile."""

    stream: Readable
    stamp: str
    size_bytes: int


class Piece(Iterator[bytes]):
    """`size_bytes` bytes of an open object, chunk by chunk. Closed at their end or by `close`."""

    def __init__(self, stream: Readable, size_bytes: int) -> None:
        """Read on from where the stream stands."""
        self._stream = stream
        self._left = size_bytes

    def __next__(self) -> bytes:
        """The next chunk; StoreAway when there are fewer bytes than announced."""
        if not self._left:
            self.close()
            raise StopIteration
        data = self._stream.read(min(CHUNK_BYTES, self._left))
        self._left -= len(data)
        if not data:
            self.close()
            raise StoreAway(f"the object ended {self._left} bytes early")
        return data

    def close(self) -> None:
        """Let go of the object."""
        self._stream.close()


class Staged(Protocol):
    """Bytes on their way into the store, seen by nobody. Given up when its context ends before `publish`."""

    def write(self, data: bytes) -> None:
        """Take the next bytes; raises StoreFull, StoreAway."""

    def publish(self, *, replace: bool) -> str:
        """Make them the object, all at once, durably; returns its stamp.

        replace    whether another object of the name gives way
        raises     Taken (unless `replace`), Tangled, StoreFull, StoreAway
        """


class AssetStore(Storage):
    """Objects by name, each whole or not there. Names were checked before (`assets.names`)."""

    prefix_bytes = 0  # what the store puts before a name
    tangles = True  # whether the store itself refuses a name that is another's parent
    looks_are_cheap = False  # whether `stamp` asks nobody on a network
    presigns = False  # whether `url` is an address that anyone may read the object from, for a while

    @abstractmethod
    def stage(self, name: str, *, content_type: str, size_bytes: int | None = None) -> AbstractContextManager[Staged]:
        """Begin an object; `size_bytes` when it is known. Raises StoreFull, StoreAway."""

    @abstractmethod
    def stage_copy(
        self, source: str, stamp: str, name: str, *, content_type: str, size_bytes: int
    ) -> AbstractContextManager[Staged]:
        """Begin an object with the bytes of the object `source` of this stamp, which the store itself copies.

        size_bytes    of both
        raises        NoObject, Changed, StoreFull, StoreAway; so does its `publish`
        """

    @abstractmethod
    def keep(self, name: str, stamp: str, sha256: str, size_bytes: int) -> str:
        """Have the bytes of this object also as `names.kept(sha256)`, where they stay when the name gets others.

        returns   the stamp of what is kept

        raises    NoObject, Changed, StoreFull, StoreAway
        """

    @abstractmethod
    def stamp(self, name: str) -> str | None:
        """What tells the object from any other of its name; None: there is none. Raises StoreAway."""

    @abstractmethod
    def read(self, name: str, stamp: str, start: int, stop: int) -> Piece:
        """Bytes `start` up to, not including, `stop` of the object with this stamp.

        raises    NoObject, Changed, StoreAway
        """

    @abstractmethod
    def whole(self, name: str) -> Opened:
        """Whichever object is there. Raises NoObject, StoreAway."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Remove the object if it is there. Raises StoreAway."""

    @abstractmethod
    def all_objects(self) -> Iterator[tuple[str, str]]:
        """All names but those of the store's own, in no order, each with its stamp. Raises StoreAway."""

    def all_names(self) -> Iterator[str]:
        """The names alone."""
        return (name for name, _ in self.all_objects())

    @abstractmethod
    def own_names(self, folder: str) -> Iterator[tuple[str, float]]:
        """Names below `.buildserver/FOLDER/`, each with its time in seconds of Unix. Raises StoreAway."""

    @abstractmethod
    def check(self) -> None:
        """Pass when the store can be read and written now, or raise StoreAway or StoreFull."""

    # Bytes that come in parts, from clients. What has them all is `names.whole(upload)`.

    def check_room(self, size_bytes: int) -> None:
        """Pass, or raise StoreFull where so many bytes more do not fit."""

    @abstractmethod
    def begin_parts(self, upload: str, content_type: str) -> str:
        """Expect parts; returns the store's own word for the upload. Raises StoreAway."""

    @abstractmethod
    def part_url(self, upload: str, token: str, number: int, expires_s: int) -> str | None:
        """Where anyone may PUT the part, for so long; None: it is put into `names.part(upload, number)` by us."""

    @abstractmethod
    def part_sizes(self, upload: str, token: str) -> dict[int, int]:
        """The bytes of each part that is there, by its number. Raises StoreAway."""

    @abstractmethod
    def join(self, upload: str, token: str) -> None:
        """Make one of the parts that are there, in their order; they are no parts any more. May be done again.

        raises    NoObject where there are none, StoreFull, StoreAway
        """

    @abstractmethod
    def drop_parts(self, upload: str, token: str) -> None:
        """Forget the parts, and what was made of them. Raises StoreAway."""

    @abstractmethod
    def strays(self) -> Iterator[Stray]:
        """All that is on its way into the store, and what nobody sends any more. Raises StoreAway."""

    @abstractmethod
    def drop_stray(self, stray: Stray) -> None:
        """Forget these bytes. Raises StoreAway."""

    @abstractmethod
    def stage_move(
        self, source: str, stamp: str, name: str, *, content_type: str, size_bytes: int
    ) -> AbstractContextManager[Staged]:
        """As `stage_copy`, of an object that may be gone once the other is published."""

    # Django's storage API on top of it.

    def url(self, name: str | None, parameters: Any = None) -> str:
        """Where the object can be read, the parameters of S3's GetObject applied."""
        raise NotImplementedError(f"the store of {name!r} has no address of its own")

    def get_available_name(self, name: str, max_length: int | None = None) -> str:  # noqa: ARG002 - Django's form
        """The name itself: another one than asked for would be another asset."""
        return name

    def _save(self, name: str, content: File[Any]) -> str:
        """Store under exactly this name; raises Taken."""
        names.check(name, self.prefix_bytes)
        kind = getattr(content, "content_type", None) or "application/octet-stream"
        with self.stage(name, content_type=kind, size_bytes=content.size) as staged:
            for chunk in content.chunks():
                staged.write(chunk)
            staged.publish(replace=False)
        return name

    def _open(self, name: str, mode: str = "rb") -> File[Any]:
        """The object as a file that is read as it is needed; raises FileNotFoundError."""
        if mode != "rb":
            raise ValueError(f"objects are opened with mode 'rb', not {mode!r}; save() stores one")
        try:
            opened = self.whole(name)
        except NoObject as fault:
            raise FileNotFoundError(str(fault)) from None
        file: File[Any] = File(opened.stream, name=name)  # type: ignore[arg-type] # it is read only
        file.size = opened.size_bytes
        return file

    def delete(self, name: str) -> None:
        """Remove the object if it is there."""
        self.remove(name)
