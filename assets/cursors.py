"""Where a list goes on: an opaque text of [A-Za-z0-9_-] for a place in the byte order of names."""

import base64
import re

PATTERN = r"^([A-Za-z0-9_-]{4})*([A-Za-z0-9_-]{2,3})?$"
SHAPE = re.compile(PATTERN + r"\Z")


class BadCursor(ValueError):
    """The text was never given as a cursor."""


def after(name: str) -> str:
    """The cursor of what comes after this name."""
    return base64.urlsafe_b64encode(name.encode()).rstrip(b"=").decode()


def read(cursor: str) -> str:
    """The name to go on after, empty for an empty cursor; raises BadCursor. Bytes that are not UTF-8 are dropped."""
    if not SHAPE.match(cursor):
        raise BadCursor(f"the cursor of {len(cursor)} characters is not one that `next` gave")
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode(errors="ignore")
