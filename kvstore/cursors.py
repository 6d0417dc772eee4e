"""Where a list goes on: an opaque text of [A-Za-z0-9_-] that holds a place and is bound to the list it was given for.

In another list the place would silently skip or repeat, so there it is refused. Nothing in it is secret or signed: a
cursor that somebody made leads to a place like any other.
"""

import base64
import re
from dataclasses import dataclass
from hashlib import blake2s

from kvstore import keys
from kvstore.conditions import MAX_VERSION

SHAPE = re.compile(r"([A-Za-z0-9_-]{4})*([A-Za-z0-9_-]{2,3})?")
# Two lists are taken for one once in 2**48 mixed-up cursors.
BOUND_BYTES = 6
REVISION_BYTES = 8


class BadCursor(ValueError):
    """The text was never given as a cursor, or for another list."""

    def __init__(self, cursor: str) -> None:
        """The cursor may be long and is not shown."""
        super().__init__(
            f"the cursor of {len(cursor)} characters is not one that `next` gave for this list; send it with the same "
            "namespace, key, prefix and delimiter, or begin without one"
        )


@dataclass(frozen=True)
class Listing:
    """A list of keys, those after a delimiter as one common prefix; without one: of all keys."""

    namespace: str
    prefix: str = ""
    delimiter: str = ""


def after(listing: Listing, last: str) -> str:
    """The cursor of what comes after a key or a common prefix in a list of keys."""
    return encode(listing, last.encode())


def read_after(listing: Listing, cursor: str) -> str | None:
    """The key or common prefix to go on after; None for an empty cursor; raises BadCursor."""
    if not cursor:
        return None
    last = text_of(cursor, decode(listing, cursor))
    try:
        keys.check_key(last)
    except keys.BadKey:
        raise BadCursor(cursor) from None
    if not last.startswith(listing.prefix):
        raise BadCursor(cursor)
    return last


def before(path: keys.Path, revision: int) -> str:
    """The cursor of what came before a revision in the history of a key."""
    return encode(("history", path), revision.to_bytes(REVISION_BYTES))


def read_before(path: keys.Path, cursor: str) -> int | None:
    """The revision to go on before, None for an empty cursor; raises BadCursor."""
    if not cursor:
        return None
    data = decode(("history", path), cursor)
    revision = int.from_bytes(data)
    if len(data) != REVISION_BYTES or not 1 <= revision <= MAX_VERSION:
        raise BadCursor(cursor)
    return revision


def after_namespace(name: str) -> str:
    """The cursor of the namespaces after this one."""
    return encode(("namespaces",), name.encode())


def read_namespace(cursor: str) -> str | None:
    """The namespace to go on after, None for an empty cursor; raises BadCursor."""
    if not cursor:
        return None
    name = text_of(cursor, decode(("namespaces",), cursor))
    if not keys.NAMESPACE.fullmatch(name):
        raise BadCursor(cursor)
    return name


def encode(bound: object, data: bytes) -> str:
    """The cursor of a place in the list that `bound` tells from all others by its repr."""
    return base64.urlsafe_b64encode(mark_of(bound) + data).rstrip(b"=").decode()


def decode(bound: object, cursor: str) -> bytes:
    """What `encode` was given; raises BadCursor."""
    if SHAPE.fullmatch(cursor):
        data = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[BOUND_BYTES:]
        if encode(bound, data) == cursor:
            return data
    raise BadCursor(cursor)


def mark_of(bound: object) -> bytes:
    """A short digest of what a cursor is bound to."""
    return blake2s(ascii(bound).encode(), digest_size=BOUND_BYTES).digest()


def text_of(cursor: str, data: bytes) -> str:
    """The text that a place is; raises BadCursor."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise BadCursor(cursor) from None
