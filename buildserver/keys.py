"""Pre-shared keys: their file, their scopes, and finding the one that was sent.

A key is kept as its SHA-256 only. `PRESHARED_KEYS` is `name:key,name2:key2`, each with scope `*`;
a line of the file is `name key scope…`, with `key` in clear or as `sha256:HEX`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ACTIONS = (
    "kv:read", "kv:write", "assets:read", "assets:write", "cache:read", "cache:write", "plan", "process", "admin",
)  # fmt: skip
# Of these the first segment of a resource is a namespace and is compared whole.
WITH_NAMESPACE = ("kv:", "cache:")
WITH_PLACE = ("kv:", "cache:", "assets:")
NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
COMMENT = re.compile(r"(^|\s)#.*")
HASHED = re.compile(r"sha256:([0-9a-fA-F]{64})")


class BadKeys(ValueError):
    """A key's line cannot be taken; the message names the place, never the key."""


@dataclass(frozen=True)
class Scope:
    """What may be done (`kv:write`, or `*` for all) and where (`team-a/ci/`; empty: everywhere)."""

    action: str
    place: str = ""

    def __str__(self) -> str:
        """As it is written."""
        return f"{self.action}@{self.place}" if self.place else self.action

    def allows(self, action: str) -> bool:
        """Whether the action is this scope's, wherever."""
        return self.action in ("*", action)

    def covers(self, resource: str) -> bool:
        """Whether the resource is inside the place: a prefix, after a whole namespace where there is one."""
        if not self.place:
            return True
        if self.action.startswith(WITH_NAMESPACE) and "/" not in self.place:
            return resource == self.place or resource.startswith(self.place + "/")
        return resource.startswith(self.place)


@dataclass(frozen=True)
class Key:
    """A key by its name, the SHA-256 of its text, and its scopes."""

    name: str
    digest: bytes
    scopes: tuple[Scope, ...]


class KeyRing:
    """All keys in force."""

    def __init__(self, keys: Sequence[Key]) -> None:
        """Take the keys; raises BadKeys for a name or a key that comes twice."""
        self.keys = tuple(keys)
        names, digests = Counter(key.name for key in keys), Counter(key.digest for key in keys)
        for what, twice in (
            ("name", {key.name for key in keys if names[key.name] > 1}),
            ("key", {key.name for key in keys if digests[key.digest] > 1}),
        ):
            require(not twice, f"the same {what} is given twice: {', '.join(sorted(twice))}")

    def find(self, sent: str) -> Key | None:
        """The key with this text. Compares with each one, in constant time, so that time tells nothing."""
        digest = hash_of(sent)
        found = None
        for key in self.keys:
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found


def require(fits: bool, message: str) -> None:  # noqa: FBT001 - it reads as a sentence
    """Pass, or raise BadKeys."""
    if not fits:
        raise BadKeys(message)


@contextmanager
def placed(place: str) -> Iterator[None]:
    """Put the place before the message of a BadKeys."""
    try:
        yield
    except BadKeys as fault:
        raise BadKeys(f"{place}: {fault}") from None


def hash_of(text: str) -> bytes:
    """The SHA-256 of a key's text, which is latin-1 as header values are."""
    return hashlib.sha256(text.encode("latin-1", "replace")).digest()


def read_scope(text: str) -> Scope:
    """`kv:write@team-a/ci/` as a Scope; raises BadKeys."""
    action, at, place = text.partition("@")
    if action not in (*ACTIONS, "*"):
        raise BadKeys(f"{action!r} is no scope; there are * {' '.join(ACTIONS)}")
    if at and not (place and action.startswith(WITH_PLACE)):
        raise BadKeys(f"scope {text!r}: only kv, assets and cache scopes can be narrowed, to a place after the @")
    return Scope(action, place)


def make(name: str, key: str, scopes: Iterable[str]) -> Key:
    """A key from its name, its text or `sha256:HEX`, and its scopes; raises BadKeys."""
    if not NAME.fullmatch(name):
        raise BadKeys("a key's name is 1 to 64 of A-Z a-z 0-9 . _ -")
    hashed = HASHED.fullmatch(key)
    if not hashed and (key.startswith("sha256:") or not re.fullmatch(r"[!-~]+", key)):
        raise BadKeys(f"key {name!r} is neither printable ASCII without blanks nor sha256: and 64 hex digits")
    digest = bytes.fromhex(hashed[1]) if hashed else hash_of(key)
    return Key(name, digest, tuple(read_scope(scope) for scope in scopes))


def inline(text: str) -> Iterator[Key]:
    """The keys of `name:key,name2:key2`, each with scope `*`; raises BadKeys."""
    for number, part in enumerate(filter(None, map(str.strip, text.split(","))), 1):
        name, colon, key = part.partition(":")
        with placed(f"PRESHARED_KEYS, entry {number}"):
            require(bool(colon), "there is no colon between name and key")
            yield make(name.strip(), key.strip(), ["*"])


def lines(text: str, source: str) -> Iterator[Key]:
    """The keys of a file's text, one a line, `#` starting a comment; raises BadKeys naming `source` and line."""
    for number, line in enumerate(text.splitlines(), 1):
        words = COMMENT.sub("", line).split()
        if not words:
            continue
        with placed(f"{source}, line {number}"):
            require(len(words) > 1, "no key")
            require(len(words) > 2, "a line is: name key scope…, and there is no scope")  # noqa: PLR2004
            yield make(words[0], words[1], words[2:])


def load(text: str, file: Path | None) -> KeyRing:
    """The keys of `PRESHARED_KEYS` and of its file together; raises BadKeys."""
    found = list(inline(text))
    if file is not None:
        try:
            content = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            raise BadKeys(f"PRESHARED_KEYS_FILE: {file} cannot be read: {fault}") from None
        found += lines(content, str(file))
    return KeyRing(found)


def new(name: str, scopes: Sequence[str]) -> tuple[str, str]:
    """A new random key and its line for the file, which holds only the hash; raises BadKeys."""
    text = secrets.token_urlsafe(32)
    key = make(name, text, scopes)
    if not scopes:
        raise BadKeys("a key needs at least one scope; * is all")
    return text, f"{name} sha256:{key.digest.hex()} {' '.join(scopes)}"
