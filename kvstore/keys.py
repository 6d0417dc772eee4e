"""What a key and a namespace may be, and the path that both make together."""

import re
from collections.abc import Iterable
from typing import NewType

MAX_KEY_BYTES = 512
MAX_NAMESPACE_BYTES = 64
MAX_PATH_BYTES = MAX_NAMESPACE_BYTES + 1 + MAX_KEY_BYTES
NAMESPACE_PATTERN = r"[a-z0-9][a-z0-9._-]{0,63}"
NAMESPACE = re.compile(NAMESPACE_PATTERN)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
HIGHEST = "\U0010ffff"
LAST_BEFORE_SURROGATES, FIRST_AFTER_SURROGATES = 0xD7FF, 0xE000

# `namespace/key`, checked. A namespace has no slash, so that no two pairs make the same path.
Path = NewType("Path", str)


class BadKey(ValueError):
    """The text cannot be a key; the message says what would be right."""


class KeyTooLong(BadKey):
    """The key has more than MAX_KEY_BYTES."""


class BadNamespace(ValueError):
    """The text cannot be a namespace; the message says what would be right."""


def check_key(key: str) -> None:
    """Pass 1 to 512 bytes of UTF-8 without control characters, or raise BadKey, KeyTooLong.

    Slashes, blanks, `..` and a leading slash mean nothing here. Keys are compared by bytes: U+00E9 and
    e with U+0301 look alike and are two keys.
    """
    if not key:
        raise BadKey(f"the key is empty; it has 1 to {MAX_KEY_BYTES} bytes of UTF-8")
    try:
        size_bytes = len(key.encode())
    except UnicodeEncodeError as fault:
        raise BadKey(f"the key has a lone surrogate at character {fault.start + 1}; it is UTF-8 text") from None
    if size_bytes > MAX_KEY_BYTES:
        raise KeyTooLong(f"the key has {size_bytes} bytes of UTF-8; at most {MAX_KEY_BYTES} are allowed")
    if found := CONTROL.search(key):
        what = f"U+{ord(found[0]):04X} at character {found.start() + 1}"
        raise BadKey(f"the key has the control character {what}; it has none of U+0000-001F and U+007F-009F")


def check_prefix(prefix: str) -> None:
    """Pass what a key may begin with or have in it, nothing too; or raise BadKey, KeyTooLong."""
    if prefix:
        check_key(prefix)


def check_namespace(namespace: str) -> None:
    """Pass a namespace, or raise BadNamespace."""
    if not NAMESPACE.fullmatch(namespace):
        shown = namespace if len(namespace) <= MAX_NAMESPACE_BYTES else f"{namespace[:MAX_NAMESPACE_BYTES]}…"
        raise BadNamespace(f"{shown!a} is no namespace; that is 1 to 64 of a-z 0-9 . _ -, first a letter or digit")


def path_of(namespace: str, key: str) -> Path:
    """`namespace/key`; raises BadNamespace, BadKey, KeyTooLong."""
    check_namespace(namespace)
    check_key(key)
    return Path(f"{namespace}/{key}")


def split(path: str) -> tuple[str, str]:
    """The namespace and the key of a path."""
    namespace, _, key = path.partition("/")
    return namespace, key


def narrowed(prefix: str, places: Iterable[str] | None) -> list[str]:
    """The prefixes of paths that lie both below `prefix` and below one of `places`, in byte order, none inside another.

    places  starts of paths, or whole namespaces where there is no slash, as scopes are written; None: everywhere
    """
    if places is None:
        return [prefix]
    starts = {place if "/" in place else f"{place}/" for place in places}
    inside = {max(prefix, start, key=len) for start in starts if prefix.startswith(start) or start.startswith(prefix)}
    return sorted(one for one in inside if not any(one != other and one.startswith(other) for other in inside))


def prefix_range(prefix: str) -> tuple[str, str | None]:
    """The texts that start with `prefix`, as low <= text < high in byte order; None: there is no upper end.

    UTF-8 orders bytes as characters are numbered, so the next text is that with its last character raised by one.
    """
    kept = prefix.rstrip(HIGHEST)
    if not kept:
        return prefix, None
    last = ord(kept[-1])
    after = FIRST_AFTER_SURROGATES if last == LAST_BEFORE_SURROGATES else last + 1
    return prefix, kept[:-1] + chr(after)
