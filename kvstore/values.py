"""What a value may be, and how JSON is read so that it keeps its bytes.

Strict: no NaN, no lone surrogate, no member twice, at most 100 levels; no number beyond a double, but integers of up to
4,300 digits, which keep them all.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

JSON = "application/json"
BYTES = "application/octet-stream"
MAX_DEPTH = 100
MAX_TYPE_CHARACTERS = 255
MAX_INTEGER_CHARACTERS = 4300  # msgspec's bound, which counts the sign; what has a fraction may be longer
# Of what a hostile body has by the thousand only so much is repeated in the answer.
MAX_SHOWN = 64
WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
TYPE_PATTERN = rf"{WORD}/{WORD}([ \t]*;[ -~]*)?"
TYPE = re.compile(TYPE_PATTERN)
HOLDERS = (dict, list)
TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"


class NotJSON(ValueError):
    """The bytes are not the JSON that is taken here; the message says where."""


class BadType(ValueError):
    """The text is no content type; the message says what would be right."""


class ValueTooLarge(ValueError):
    """The value has more bytes than a project allows."""


def is_json(content_type: str) -> bool:
    """Whether a value of this type was checked to be JSON when it was written."""
    return content_type.partition(";")[0].strip().lower() == JSON


def check(value: bytes, content_type: str, max_bytes: int) -> None:
    """Pass a value of this type, or raise BadType, ValueTooLarge, NotJSON."""
    if detail := content_type_fault(content_type):
        raise BadType(detail)
    check_size(value, max_bytes)
    if is_json(content_type):
        check_json(value)


def check_size(value: bytes, max_bytes: int) -> None:
    """Pass a value of up to `max_bytes`, or raise ValueTooLarge."""
    if len(value) > max_bytes:
        raise ValueTooLarge(f"the value has {len(value)} bytes; at most {max_bytes} are allowed")


def check_json(value: bytes) -> None:
    """Pass bytes that are JSON as strict as that in `/save`, blanks around it allowed, or raise NotJSON."""
    if deeper_than(MAX_DEPTH, decode(value, "value")):
        raise NotJSON(f"the value is {TOO_DEEP}")
    for _, name, times in repeated(value):
        raise NotJSON(f"the value is not JSON that is taken: {told_twice(name, times)}")


def content_type_fault(content_type: object) -> str | None:
    """A content type is `type/subtype` with or without parameters, and goes out in a header as it came."""
    if not isinstance(content_type, str):
        return "the content type is not a string"
    if len(content_type) > MAX_TYPE_CHARACTERS or not TYPE.fullmatch(content_type):
        what = shown(content_type)
        return f"{what!a} is no content type; it is type/subtype, in ASCII, of at most {MAX_TYPE_CHARACTERS} characters"
    return None


def decode(data: bytes, what: str = "body") -> object:
    """The value of a JSON text as Python has it, of members that come twice the last; raises NotJSON."""
    if not data.strip():
        raise NotJSON(f"the {what} is empty; it is JSON")
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise NotJSON(f"the {what} is not JSON: {fault}") from None
    except RecursionError:
        raise NotJSON(f"the {what} is {TOO_DEEP}") from None


def deeper_than(limit: int, value: object) -> bool:
    """Whether arrays and objects are nested more than `limit` levels."""
    level = [value] if isinstance(value, HOLDERS) else []
    for _ in range(limit):
        if not level:
            return False
        inner = (holder.values() if isinstance(holder, dict) else holder for holder in level)
        level = [item for items in inner for item in items if isinstance(item, HOLDERS)]
    return bool(level)


def repeated(data: bytes) -> Iterator[tuple[tuple[str | int, ...], str, int]]:
    """Members that come twice in one object: the steps to the member, its name, and how often; the outer ones first.

    data    JSON that `decode` takes
    raises  NotJSON: under a member that comes twice something is nested too deep
    """
    twice = False

    def look(pairs: list[tuple[str, object]]) -> None:
        nonlocal twice
        twice = twice or len(dict(pairs)) < len(pairs)

    try:
        if data.count(b":") == member_count(msgspec.json.decode(data)):
            return  # each colon belongs to a member of its own
        # Numbers were checked before.
        json.loads(data, object_pairs_hook=look, parse_int=float)
        # An object is a tuple of its members here, an array a list.
        whole = json.loads(data, object_pairs_hook=tuple, parse_int=float) if twice else None
    except RecursionError:
        raise NotJSON(f"the JSON is {TOO_DEEP}") from None
    level: list[tuple[tuple[str | int, ...], Any]] = [((), whole)] if twice else []
    while level:
        for steps, holder in level:
            if isinstance(holder, tuple):
                names = Counter(name for name, _ in holder)
                yield from (((*steps, name), name, times) for name, times in names.items() if times > 1)
        level = [
            ((*steps, step), inner)
            for steps, holder in level
            for step, inner in (holder if isinstance(holder, tuple) else enumerate(holder))
            if isinstance(inner, tuple | list)
        ]


def member_count(value: object) -> int:
    """How many members the objects in a value have."""
    if isinstance(value, dict):
        return len(value) + sum(map(member_count, value.values()))
    return sum(map(member_count, value)) if isinstance(value, list) else 0


def told_twice(name: str, times: int) -> str:
    """The fault of a member that comes twice."""
    return f"the member {shown(name)} comes {times} times in one object"


def shown(what: object) -> str:
    """The text of something sent, cut where it is long."""
    text = str(what)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
