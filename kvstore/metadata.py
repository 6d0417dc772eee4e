"""What users keep beside a value: `X-Meta-*` headers, stored as JSON text and sent back as they came.

Values are UTF-8, as in keys, so that lists and exports can show them; bytes that are not are refused, and no control
character is taken, so that none can end a header.
"""

import re
from collections.abc import Mapping

import msgspec

from kvstore.values import shown

MAX_BYTES = 1024
MAX_NAME_CHARACTERS = 64
NAME = re.compile(rf"[a-z0-9-]{{1,{MAX_NAME_CHARACTERS}}}")
UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
IN_WSGI = "HTTP_X_META_"
IN_HTTP = "X-Meta-"


class BadMetadata(ValueError):
    """A name or a value is not taken: 400; the message says what would be right."""


class MetadataTooLarge(ValueError):
    """Names and values together have more than MAX_BYTES: 431, as for headers that the server itself refuses."""


def read(environ: Mapping[str, object]) -> dict[str, str]:
    """The metadata among the headers of a request.

    environ  headers as WSGI has them (`HTTP_X_META_FOO`, bytes as latin-1), and whatever else is there
    returns  values by name in lower case, in the order of names; blanks around a value are HTTP's and dropped
    raises   BadMetadata, MetadataTooLarge
    """
    headers = ((name, str(value)) for name, value in environ.items() if name.startswith(IN_WSGI))
    sent = {name.removeprefix(IN_WSGI).lower().replace("_", "-"): value for name, value in headers}
    found = {name: value_of(name, value) for name, value in sent.items()}
    check(found)
    return dict(sorted(found.items()))


def value_of(name: str, sent: str) -> str:
    """The text of a header's value, or BadMetadata."""
    try:
        return sent.encode("latin-1").decode().strip(" \t")
    except UnicodeError:
        raise BadMetadata(f"the value of X-Meta-{shown(name)} is not UTF-8") from None


def check(metadata: Mapping[str, str]) -> None:
    """Pass metadata that can be stored and sent back, or raise BadMetadata, MetadataTooLarge."""
    for name, value in metadata.items():
        if not NAME.fullmatch(name):
            raise BadMetadata(
                f"{shown(name)!a} is no name after X-Meta-; that is 1 to {MAX_NAME_CHARACTERS} of a-z 0-9 -"
            )
        if found := UNSAFE.search(value):
            what = f"U+{ord(found[0]):04X} at character {found.start() + 1}"
            raise BadMetadata(f"the value of X-Meta-{name} has {what}; control characters are not taken")
    size_bytes = sum(len(name) + len(value.encode()) for name, value in metadata.items())
    if size_bytes > MAX_BYTES:
        raise MetadataTooLarge(f"the names after X-Meta- and their values have {size_bytes} bytes; at most {MAX_BYTES}")


def text_of(metadata: Mapping[str, str]) -> str:
    """The JSON text to be stored, empty for none."""
    return msgspec.json.encode(metadata).decode() if metadata else ""


def of_text(text: str) -> dict[str, str]:
    """The metadata of a stored text."""
    return msgspec.json.decode(text, type=dict[str, str]) if text else {}


def headers_of(text: str) -> dict[str, str]:
    """The headers of an answer for a stored text, values as WSGI has them: the bytes of UTF-8 as latin-1."""
    return {IN_HTTP + name: value.encode().decode("latin-1") for name, value in of_text(text).items()}
