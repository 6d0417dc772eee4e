"""Reading the JSON bodies that hold a value or say what is to be done with it, each fault told by its member.

A member's rule takes what was sent and gives what is wrong with it, or None.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeGuard

import msgspec

from kvstore import keys, values
from kvstore.conditions import MAX_VERSION
from kvstore.values import shown

Rule = Callable[[object], str | None]

MAX_TTL_S = 10 * 365 * 86_400
# Of what a hostile body can have by the thousand only so much is told.
MAX_FAULTS = 10

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True)
class Fault:
    """What is wrong with one member; `code` is for machines.

    member  a JSON pointer without the #/ before it: `ttl`, `success/3/put/key`; empty: the whole
    """

    member: str
    code: str
    detail: str


class BadBody(ValueError):
    """The body is JSON, but not what is taken here; carries all of its faults."""

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


@dataclass(frozen=True)
class Quota:
    """How much a namespace may have; None: there is no bound."""

    max_keys: int | None
    max_bytes: int | None


def read_save(body: bytes) -> Save:
    """The envelope `{"key", "value", "ttl"?, "version"?}`.

    body    JSON in UTF-8
    raises  NotJSON; BadBody with every fault, or the first MAX_FAULTS and that there are more: missing and unknown
            members, wrong types and ranges; where there is none of these, members that come twice
    """
    members = values.decode(body)
    if not isinstance(members, dict):
        raise BadBody([Fault("", "invalid", "the body is not a JSON object with key and value")])
    refuse(first(faults_of(members, SAVE, ("key", "value"))) or first(repeated(body, depth=1)))
    # The members were decoded for the checks only: a number of 30 digits is exact in nothing but its own text.
    value = bytes(_members.decode(body)["value"])
    version = int(members["version"]) if "version" in members else None
    return Save(members["key"], value, members.get("ttl"), version)


def read_restore(body: bytes) -> int:
    """The version in `{"restore": 5}`, 1 or above; raises NotJSON, BadBody."""
    members = values.decode(body)
    if not isinstance(members, dict):
        raise BadBody([Fault("", "invalid", "the body is not a JSON object with restore")])
    refuse(first(faults_of(members, RESTORE, RESTORE)) or first(repeated(body, depth=1)))
    return int(members["restore"])


def read_quota(body: bytes) -> Quota:
    """`{"max_keys"?, "max_bytes"?}`, null like what is left out: no bound; raises NotJSON, BadBody."""
    members = values.decode(body)
    if not isinstance(members, dict):
        raise BadBody([Fault("", "invalid", "the body is not a JSON object with max_keys and max_bytes")])
    refuse(first(faults_of(members, QUOTA, ())) or first(repeated(body, depth=1)))
    bounds = {name: None if bound is None else int(bound) for name, bound in members.items()}
    return Quota(bounds.get("max_keys"), bounds.get("max_bytes"))


def refuse(faults: Sequence[Fault]) -> None:
    """Pass where there is no fault, or raise BadBody."""
    if faults:
        raise BadBody(faults)


def first(faults: Iterator[Fault]) -> list[Fault]:
    """The first MAX_FAULTS, and one that says so where there are more."""
    found = list(islice(faults, MAX_FAULTS + 1))
    if len(found) > MAX_FAULTS:
        found[MAX_FAULTS] = Fault("", "more", f"there are more than the {MAX_FAULTS} told here")
    return found


def faults_of(
    members: Mapping[str, object], rules: Mapping[str, Rule], required: Collection[str], *at: str | int
) -> Iterator[Fault]:
    """What is wrong with the members of the object at these steps, each by itself."""
    for name, rule in rules.items():
        if name in members:
            if detail := rule(members[name]):
                yield Fault(pointer(*at, name), "invalid", detail)
        elif name in required:
            yield Fault(pointer(*at, name), "required", f"the member {name} is missing")
    if members.keys() <= rules.keys():
        return
    for name in members:
        if name not in rules:
            yield Fault(pointer(*at, name), "unknown", f"there is no such member; there are {', '.join(rules)}")


def repeated(body: bytes, depth: int) -> Iterator[Fault]:
    """The members that come twice in one object; raises NotJSON.

    body   JSON that was checked
    depth  at how many steps its own members end and values begin, whose insides are told as the value
    """
    for steps, name, times in values.repeated(body):
        yield Fault(pointer(*steps[:depth]), "repeated", values.told_twice(name, times))


def pointer(*steps: str | int) -> str:
    """The steps to a member as one text (RFC 6901)."""
    return "/".join(shown(step).replace("~", "~0").replace("/", "~1") for step in steps)


def steps_of(member: str) -> list[str]:
    """The steps that a text of `pointer` was made of; none of an empty one."""
    return [step.replace("~1", "/").replace("~0", "~") for step in member.split("/")] if member else []


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
    return f"the value is {values.TOO_DEEP}" if values.deeper_than(values.MAX_DEPTH, value) else None


def ttl_fault(ttl: object) -> str | None:
    """A time to live is a number of seconds, with a fraction or without; true is none, and null is not its absence."""
    if isinstance(ttl, bool) or not isinstance(ttl, int | float):
        return "the ttl is not a number of seconds; leave it out for a record that stays"
    if not 0 < ttl <= MAX_TTL_S:
        return f"the ttl is {shown(ttl)} s; it is above 0 and at most {MAX_TTL_S} s (ten years)"
    return None


def current_fault(version: object) -> str | None:
    """The version that must be there: an integer, also when it is written as 1.0 (as in JSON Schema); true is none."""
    if not is_integer(version):
        return "the version is not an integer"
    if not 0 <= version <= MAX_VERSION:
        return f"the version is {shown(version)}; it is 0 (the key must be absent) to {MAX_VERSION}"
    return None


def version_fault(version: object) -> str | None:
    """The version that must be there, where it need not be given."""
    if not is_integer(version):
        return "the version is not an integer; leave it out to save whatever is there"
    return current_fault(version)


def restore_fault(version: object) -> str | None:
    """A version that was there once."""
    if not is_integer(version):
        return "the version to restore is not an integer"
    if not 1 <= version <= MAX_VERSION:
        return f"the version to restore is {shown(version)}; it is 1 to {MAX_VERSION}"
    return None


def bound_fault(bound: object) -> str | None:
    """A bound is a whole number, or null for none."""
    if bound is not None and not (is_integer(bound) and 0 <= bound <= MAX_VERSION):
        return f"the bound is {shown(bound)}; it is a whole number from 0 to {MAX_VERSION}, or null for none"
    return None


def is_integer(number: object) -> TypeGuard[float]:
    """Whether it is a whole number, also when it is written as 1.0 (as in JSON Schema); true is none."""
    return not isinstance(number, bool) and isinstance(number, int | float) and number == number // 1


SAVE: Mapping[str, Rule] = {"key": key_fault, "value": value_fault, "ttl": ttl_fault, "version": version_fault}
QUOTA: Mapping[str, Rule] = {"max_keys": bound_fault, "max_bytes": bound_fault}
RESTORE: Mapping[str, Rule] = {"restore": restore_fault}
