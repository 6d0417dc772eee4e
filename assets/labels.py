"""What may be said of an asset: labels `key=value`, and tags."""

import re
from collections.abc import Mapping

MAX_KEY_BYTES = 63
MAX_VALUE_BYTES = 255
MAX_LABELS = 32
MAX_TAG_BYTES = 128
KEY_PATTERN = r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?"
TAG_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"
KEY = re.compile(KEY_PATTERN)
TAG = re.compile(TAG_PATTERN)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
HEADER = "HTTP_X_LABEL_"


class BadLabel(ValueError):
    """A label cannot be kept; the message says what would be right."""


class BadTag(ValueError):
    """The text cannot be a tag; the message says what would be right."""


def check(given: Mapping[str, str]) -> None:
    """Pass, or raise BadLabel with the first fault."""
    if len(given) > MAX_LABELS:
        raise BadLabel(f"there are {len(given)} labels; at most {MAX_LABELS} are kept")
    for key, value in given.items():
        if not KEY.fullmatch(key):
            raise BadLabel(
                f"the key {key[:100]!r} is not 1 to {MAX_KEY_BYTES} of a-z 0-9 . - with a letter or digit at both ends"
            )
        check_value(key, value)


def check_value(key: str, value: str) -> None:
    """Pass, or raise BadLabel."""
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise BadLabel(f"the value of {key} is not text that UTF-8 can express") from None
    if not 1 <= size <= MAX_VALUE_BYTES:
        raise BadLabel(f"the value of {key} has {size} bytes of UTF-8; 1 to {MAX_VALUE_BYTES} are kept")
    if CONTROL.search(value):
        raise BadLabel(f"the value of {key} has a control character; none is kept")


def check_tag(tag: str) -> None:
    """Pass, or raise BadTag."""
    if not TAG.fullmatch(tag):
        raise BadTag(f"a tag is 1 to {MAX_TAG_BYTES} of A-Z a-z 0-9 . _ - and begins with a letter or digit")


def of_headers(environ: Mapping[str, object]) -> dict[str, str]:
    """The labels of `X-Label-KEY: VALUE` in a WSGI environment, keys in lower case; raises BadLabel.

    WSGI hands on the bytes of a header as Latin-1 (PEP 3333); what they are is UTF-8.
    """
    found = {}
    for name, sent in environ.items():
        if not name.startswith(HEADER):
            continue
        key = name.removeprefix(HEADER).replace("_", "-").lower()
        try:
            found[key] = str(sent).encode("latin-1").decode()
        except UnicodeError:
            raise BadLabel(f"the value of {key[:100]} is not UTF-8 text") from None
    check(found)
    return found


def read_filter(text: str) -> tuple[str, str | None]:
    """`key=value`, or `key` for any value, which is None then; raises BadLabel."""
    key, equals, value = text.partition("=")
    check({key: value if equals else "any"})
    return key, value if equals else None
