"""A value as a person reads it, and as it is after it was typed over."""

import msgspec

from kvstore import values

TEXT_BYTES = 256 * 2**10  # a value up to this is shown whole, and can be typed over if it is text
START_BYTES = 2**10  # of a larger one
PRETTY_BYTES = 64 * 2**10  # JSON above it is shown as it is: with an indentation it could be fifty times as large
DUMPED_BYTES = 512
ROW_BYTES = 16


def as_shown(start: bytes, content_type: str, *, whole: bool) -> str:
    """JSON over several lines, other text as it is, anything else in hexadecimal; of a start, the part that can be."""
    text = text_of(start, whole=whole)
    if text is None:
        return dump(start[:DUMPED_BYTES])
    if whole and values.is_json(content_type) and len(start) <= PRETTY_BYTES:
        try:
            return msgspec.json.format(start, indent=2).decode()
        except msgspec.DecodeError:
            return text
    return text


def text_of(data: bytes, *, whole: bool) -> str | None:
    """The text in UTF-8 that the bytes are, without NUL; where they are only a start, it may end within a letter."""
    try:
        text = data.decode()
    except UnicodeDecodeError as fault:
        if whole or fault.reason != "unexpected end of data":
            return None
        text = data[: fault.start].decode()
    return None if "\0" in text else text


def dump(data: bytes) -> str:
    """A line for each ROW_BYTES: where it is, its bytes, and those that are letters of ASCII."""
    rows = ((at, data[at : at + ROW_BYTES]) for at in range(0, len(data), ROW_BYTES))
    return "\n".join(
        f"{at:08x}  {row.hex(' '):<{3 * ROW_BYTES}} {''.join(chr(byte) if 32 <= byte < 127 else '.' for byte in row)}"  # noqa: PLR2004
        for at, row in rows
    )


def typed(text: str, before: bytes) -> bytes:
    """The bytes of a text that came from a form, in which every line ends alike.

    before  the value that was in the form: its own line ends are kept, and all of it where nothing was typed
    """
    lines = unified(text)
    old = before.decode("utf-8", "replace")
    if lines == unified(old):
        return before
    crlf = "\r\n" in old and "\n" not in old.replace("\r\n", "")
    return (lines.replace("\n", "\r\n") if crlf else lines).encode()


def unified(text: str) -> str:
    """The text with a line feed alone at the end of each line, as browsers show it."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
