"""Reading the envelope of `/save`, so that the JSON value in it keeps its bytes.

Strict: no NaN, no number beyond a double, no lone surrogate, no member twice, at most 100 levels in the value.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import msgspec

from kvstore import keys

JSON = "application/json"
MAX_DEPTH = 100
MAX_TTL_S = 10 * 365 * 86_400
MAX_VERSION = 2**63 - 1
REQUIRED = ("key", "value")
# Of what a hostile body can have by the thousand only so much is repeated in the answer.
MAX_FAULTS = 10
MAX_SHOWN = 64

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


class NotJSON(ValueError):
    """The bytes are not the JSON that is taken here; the message says where."""


class ValueTooLarge(ValueError):
    """The value has more bytes than a project allows."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with one member (with the whole where it is empty); `code` is for machines."""

    member: str
    code: str
    detail: str


class BadSave(ValueError):
    """The envelope is JSON, but not what `/save` takes; carries all of its faults."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """At least one fault."""
        super().__init__("; ".join(fault.detail for fault in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class Save:
    """What is to be saved.

    value    the JSON text as it was sent, without the blanks around it
    ttl_s    seconds, 0 < ttl_s <= ten years of 365 days; None: for good
    version  the version that must be there now, 0: none; None: whatever is there
    """

    key: str
    value: bytes
    ttl_s: float | None = None
    version: int | None = None


def is_json(content_type: str) -> bool:
    """Whether a value of this type was checked to be JSON when it was written."""
    return content_type.partition(";")[0].strip().lower() == JSON


def check_size(value: bytes, max_bytes: int) -> None:
    """Pass a value of up to `max_bytes`, or raise ValueTooLarge."""
    if len(value) > max_bytes:
        raise ValueTooLarge(f"the value has {len(value)} bytes; at most {max_bytes} are allowed")


def read_save(body: bytes) -> Save:
    """The envelope `{"key", "value", "ttl"?, "version"?}`.

    body    JSON in UTF-8
    raises  NotJSON; BadSave with every fault: missing and unknown members, wrong types and ranges; where there is none
            of these, members that come twice
    """
    members = decode(body)
    if not isinstance(members, dict):
        raise BadSave([Fault("", "invalid", "the body is not a JSON object with key and value")])
    faults = list(faults_of(members)) or list(islice(repeated(body), MAX_FAULTS))
    if faults:
        raise BadSave(faults)
    # The members were decoded for the checks only: a number of 30 digits is exact in nothing but its own text.
    value = bytes(_members.decode(body)["value"])
    version = int(members["version"]) if "version" in members else None
    return Save(members["key"], value, members.get("ttl"), version)


def decode(data: bytes) -> object:
    """The value of a JSON text as Python has it; raises NotJSON."""
    if not data.strip():
        raise NotJSON("the body is empty; it is JSON")
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise NotJSON(f"the body is not JSON: {fault}") from None
    except RecursionError:
        raise NotJSON(f"the body is nested deeper than {MAX_DEPTH} levels") from None


def faults_of(members: Mapping[str, object]) -> Iterator[Fault]:
    """What is wrong with the members, each by itself."""
    for name, rule in RULES.items():
        if name in members:
            if detail := rule(members[name]):
                yield Fault(name, "invalid", detail)
        elif name in REQUIRED:
            yield Fault(name, "required", f"the member {name} is missing")
    for name in islice((name for name in members if name not in RULES), MAX_FAULTS):
        yield Fault(shown(name), "unknown", f"there is no such member; there are {', '.join(RULES)}")


def key_fault(key: object) -> str | None:
    """A key is text that `keys` takes."""
    if not isinstance(key, str):
        return "the key is not a string"
    try:
        keys.check_key(key)
    except keys.BadKey as fault:
        return str(fault)
    return None


def value_fault(value: object) -> str | None:
    """A value is any JSON of at most MAX_DEPTH levels, arrays and objects counted."""
    return f"the value is nested deeper than {MAX_DEPTH} levels" if deeper_than(MAX_DEPTH, value) else None


def ttl_fault(ttl: object) -> str | None:
    """A time to live is a number of seconds, with a fraction or without; true is none, and null is not its absence."""
    if isinstance(ttl, bool) or not isinstance(ttl, int | float):
        return "the ttl is not a number of seconds; leave it out for a record that stays"
    if not 0 < ttl <= MAX_TTL_S:
        return f"the ttl is {shown(ttl)} s; it is above 0 and at most {MAX_TTL_S} s (ten years)"
    return None


def version_fault(version: object) -> str | None:
    """A version is an integer, also when it is written as 1.0 (as in JSON Schema); true is none."""
    if isinstance(version, bool) or not isinstance(version, int | float) or version != version // 1:
        return "the version is not an integer; leave it out to save whatever is there"
    if not 0 <= version <= MAX_VERSION:
        return f"the version is {shown(version)}; it is 0 (the key must be absent) to {MAX_VERSION}"
    return None


RULES: Mapping[str, Callable[[object], str | None]] = {
    "key": key_fault,
    "value": value_fault,
    "ttl": ttl_fault,
    "version": version_fault,
}


def deeper_than(limit: int, value: object) -> bool:
    """Whether arrays and objects are nested more than `limit` levels."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(limit):
        if not level:
            return False
        inner = (item for holder in level for item in (holder.values() if isinstance(holder, dict) else holder))
        level = [item for item in inner if isinstance(item, dict | list)]
    return bool(level)


def repeated(body: bytes) -> Iterator[Fault]:
    """Members that come twice in one object, the envelope or one inside the value.

    body  JSON that was checked, at most 101 levels deep
    """
    objects: list[Counter[str]] = []

    def look(pairs: list[tuple[str, object]]) -> None:
        names = [name for name, _ in pairs]
        objects.append(Counter(names) if len(set(names)) < len(names) else Counter())

    # An object ends after those inside it, so the envelope is the last one. Numbers were checked before.
    json.loads(body, object_pairs_hook=look, parse_int=float)
    for at, names in enumerate(objects, 1):
        for name, times in names.items():
            if times > 1:
                where = shown(name) if at == len(objects) else "value"
                yield Fault(where, "repeated", f"the member {shown(name)} comes {times} times in one object")


def shown(what: object) -> str:
    """The text of something sent, cut where it is long."""
    text = str(what)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
