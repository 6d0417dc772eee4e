"""What the current version must be for a write to happen, as `/save` and the headers of RFC 9110 say it.

A version is its own ETag: version 7 is `"7"`. An absent key has the version 0, which is no ETag.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kvstore.values import shown

MAX_VERSION = 2**63 - 1
# An element of a list, with the comma after it; it may be empty.
ELEMENT = re.compile(r'[ \t]*(?:(W/)?"([!#-~\x80-\xff]*)"[ \t]*)?(?:,|\Z)')
OURS = re.compile(r"[1-9][0-9]{0,18}")


class BadETag(ValueError):
    """The header is no list of ETags; the message says what would be right."""

    def __init__(self, header: str, sent: str) -> None:
        """The header's name, and what was sent in it."""
        right = 'a version in quotes, as in "7", several with commas, or *'
        super().__init__(f"{header} is {shown(sent)!a}; it is {right}")
        self.header = header


@dataclass(frozen=True)
class Condition:
    """Holds for the versions listed or, negated, for all others."""

    versions: frozenset[int]
    negated: bool = False

    def holds(self, version: int) -> bool:
        """Whether a write may happen where this version is the current one, 0: the key is absent."""
        return (version in self.versions) is not self.negated

    def holds_for_some(self) -> bool:
        """Whether it holds for a version that a key may have, and not for absent keys alone."""
        return self.negated or any(self.versions - {0})

    def __str__(self) -> str:
        """What the version is to be, in words."""
        listed = " or ".join(map(str, sorted(self.versions)))
        if not self.negated:
            return listed or "one that any of the ETags is for"
        return "any" if self.versions == {0} else f"any but {listed}"

    def __and__(self, other: "Condition") -> "Condition":
        """Holds where both do."""
        if self.negated and other.negated:
            return Condition(self.versions | other.versions, negated=True)
        if self.negated:
            return Condition(other.versions - self.versions)
        if other.negated:
            return Condition(self.versions - other.versions)
        return Condition(self.versions & other.versions)


ALWAYS = Condition(frozenset(), negated=True)


def of_version(version: int) -> Condition:
    """Holds for this version alone; 0: the key must be absent."""
    return Condition(frozenset({version}))


def etag_of(version: int) -> str:
    """The ETag of a version, 1 or above."""
    return f'"{version}"'


def read_if_match(header: str | None) -> Condition:
    """The condition of an `If-Match`: one of these is the current version; `*`: there is one. None: no header.

    The comparison is strong: a weak tag matches nothing, like a tag that is no version of ours.
    raises  BadETag
    """
    if header is None:
        return ALWAYS
    if header.strip(" \t") == "*":
        return Condition(frozenset({0}), negated=True)
    return Condition(versions_of(tag for weak, tag in tags_of("If-Match", header) if not weak))


def read_if_none_match(header: str | None) -> Condition:
    """The condition of an `If-None-Match`: none of these is the current version; `*`: there is none. None: no header.

    The comparison is weak: `W/"7"` is version 7 too.
    raises  BadETag
    """
    if header is None:
        return ALWAYS
    if header.strip(" \t") == "*":
        return of_version(0)
    return Condition(versions_of(tag for _, tag in tags_of("If-None-Match", header)), negated=True)


def not_modified(if_none_match: str | None, version: int) -> bool:
    """Whether a reader that sent this `If-None-Match` has the version, 1 or above, already; raises BadETag."""
    return not read_if_none_match(if_none_match).holds(version)


def tags_of(name: str, header: str) -> list[tuple[bool, str]]:
    """Whether it is weak, and the text between the quotes, of each tag; raises BadETag."""
    tags = []
    at = 0
    while at < len(header):
        element = ELEMENT.match(header, at)
        if element is None:
            raise BadETag(name, header)
        if element[2] is not None:
            tags.append((element[1] is not None, element[2]))
        at = element.end()
    if not tags:
        raise BadETag(name, header)
    return tags


def versions_of(tags: Iterator[str]) -> frozenset[int]:
    """The versions that these are the ETags of; `0`, `07` and whatever else is not ours are those of none."""
    return frozenset(version for tag in tags if OURS.fullmatch(tag) and (version := int(tag)) <= MAX_VERSION)
