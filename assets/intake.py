"""Bytes on their way: counted, hashed and verified while they stream by."""

from contextlib import closing
from dataclasses import dataclass

from assets.conf import conf
from assets.digests import Claim, Hasher
from assets.stores.base import CHUNK_BYTES, AssetStore, Piece, Source, Staged

IMAGE_BYTES = 4096


class TooLarge(Exception):
    """The asset is larger than ASSETS_MAX_BYTES."""


class CutShort(Exception):
    """Fewer or more bytes came than were announced."""


@dataclass(frozen=True)
class Received:
    """What is known of bytes once all came."""

    sha256: str
    size: int
    image: str | None  # the text of UTF-8 bytes, of 4 KiB at most


class Counting:
    """Knows of the bytes that it has seen what a row of the index tells."""

    def __init__(self, said: tuple[Claim, ...] = ()) -> None:
        """`said`: the digests that the sender says they have."""
        self.hasher = Hasher(said)
        self._head = b""

    def see(self, data: bytes) -> None:
        """The next bytes."""
        self.hasher.update(data)
        self._head += data[: max(0, IMAGE_BYTES + 1 - len(self._head))]

    def received(self) -> Received:
        """All that came; raises DigestMismatch."""
        self.hasher.verify()
        return Received(self.hasher.sha256, self.hasher.size_bytes, text_of(self._head))


def text_of(head: bytes) -> str | None:
    """The text of the first bytes if they are all there are and UTF-8."""
    try:
        return head.decode() if len(head) <= IMAGE_BYTES else None
    except UnicodeDecodeError:
        return None


def receive(source: Source, staged: Staged | None, size_bytes: int | None, said: tuple[Claim, ...]) -> Received:
    """Move all bytes of `source` to the store, None: to nowhere; raises TooLarge, CutShort, DigestMismatch."""
    counting = Counting(said)
    while data := source.read(CHUNK_BYTES):
        counting.see(data)
        if counting.hasher.size_bytes > conf.max_bytes:
            raise TooLarge(f"more came than the {conf.max_bytes} bytes that are taken")
        if staged:
            staged.write(data)
    if size_bytes not in (None, counting.hasher.size_bytes):
        raise CutShort(f"{size_bytes} bytes were announced, {counting.hasher.size_bytes} came")
    return counting.received()


def measure(store: AssetStore, name: str) -> tuple[Received, str]:
    """What is known of the object that is there, read to its end, and its stamp; raises NoObject, StoreAway."""
    opened = store.whole(name)
    counting = Counting()
    with closing(Piece(opened.stream, opened.size_bytes)) as pieces:
        for data in pieces:
            counting.see(data)
    return counting.received(), opened.stamp
