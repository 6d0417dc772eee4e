"""What an asset may be called, and how names lie in byte order.

A name is segments of UTF-8 separated by single slashes. In the directory or bucket the object has exactly that name.
Python compares text by code points, which is the byte order of UTF-8.
"""

import re

MAX_NAME_BYTES = 1024
MAX_SEGMENT_BYTES = 200
RESERVED = ".buildserver"
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
LAST_CHARACTER = "\U0010ffff"
SURROGATES, AFTER_SURROGATES = 0xD800, 0xE000
# The same rules for the OpenAPI document, where lengths count characters.
SEGMENT = r"(?!\.{1,2}(/|$))[^/\x00-\x1f\x7f-\x9f]{1,200}"
PATTERN = rf"^(?!\.buildserver(/|$)){SEGMENT}(/{SEGMENT})*$"


class BadName(ValueError):
    """The text cannot be an asset's name; the message says what would be right."""


def check(name: str, prefix_bytes: int = 0) -> None:
    """Pass, or raise BadName.

    prefix_bytes    what the store puts before each name; counts toward the 1,024 bytes
    """
    try:
        size = len(name.encode())
    except UnicodeEncodeError as fault:
        raise BadName(f"the name is not text that UTF-8 can express: a lone surrogate at {fault.start + 1}") from None
    if not 1 <= size <= MAX_NAME_BYTES - prefix_bytes:
        raise BadName(f"the name has {size} bytes of UTF-8; 1 to {MAX_NAME_BYTES - prefix_bytes} are taken")
    if found := CONTROL.search(name):
        raise BadName(f"the name has the control character U+{ord(found[0]):04X} at {found.start() + 1}; none is taken")
    for number, segment in enumerate(name.split("/"), 1):
        check_segment(number, segment)
    if name.split("/", 1)[0] == RESERVED:
        raise BadName(f"names below {RESERVED}/ are the store's own; begin with another segment")


def check_segment(number: int, segment: str) -> None:
    """Pass, or raise BadName. `number` counts the segments from 1."""
    size = len(segment.encode())
    if size > MAX_SEGMENT_BYTES:
        raise BadName(f"segment {number} of the name has {size} bytes; 1 to {MAX_SEGMENT_BYTES} are taken")
    if not segment:
        raise BadName(f"segment {number} of the name is empty; single slashes stand between segments, none at an end")
    if segment in (".", ".."):
        raise BadName(f"segment {number} of the name is {segment!r}; write the name without it")


def kept(sha256: str) -> str:
    """Where a store keeps bytes that gave way to others, whatever names had them."""
    return f"{RESERVED}/versions/{sha256[:2]}/{sha256}"


def part(upload: str, number: int) -> str:
    """Where a store that takes parts from us keeps one."""
    return f"{RESERVED}/uploads/{upload}/{number}"


def whole(upload: str) -> str:
    """Where a store has all parts of an upload as one, before they are verified."""
    return f"{RESERVED}/uploads/{upload}/whole"


def upload_of(place: str) -> str:
    """The upload whose parts or whole lie at this place; empty where it is none of these."""
    head, _, rest = place.partition("/uploads/")
    return rest.partition("/")[0] if head == RESERVED else ""


def parents(name: str) -> list[str]:
    """The names above this one, shortest first: of `a/b/c` these are `a` and `a/b`."""
    return [name[:index] for index, character in enumerate(name) if character == "/"]


def end_of(prefix: str) -> str | None:
    """The first text in byte order after all that begin with `prefix`; None: nothing comes after them."""
    kept = prefix.rstrip(LAST_CHARACTER)
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(AFTER_SURROGATES if following == SURROGATES else following)


def narrowed(prefix: str, places: list[str] | None) -> list[str]:
    """The prefixes that lie both below `prefix` and below one of `places` (None: everywhere), none inside another."""
    if places is None:
        return [prefix]
    inside = {max(prefix, place, key=len) for place in places if prefix.startswith(place) or place.startswith(prefix)}
    return sorted(one for one in inside if not any(one != other and one.startswith(other) for other in inside))
