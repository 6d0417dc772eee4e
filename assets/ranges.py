"""The header Range (RFC 9110, section 14) for one range of bytes."""

import re

ONE = re.compile(r"\s*bytes\s*=\s*(\d{0,30})\s*-\s*(\d{0,30})\s*")


class Unsatisfiable(ValueError):
    """The range lies outside the bytes there are."""

    def __init__(self, size_bytes: int) -> None:
        """The size is part of the message and of the answer's Content-Range."""
        super().__init__(f"the range lies outside the {size_bytes} bytes there are")
        self.size_bytes = size_bytes


def read(header: str, size_bytes: int) -> tuple[int, int] | None:
    """First and past-last byte; None: send everything, as for an absent, a malformed, or a list of ranges."""
    match = ONE.fullmatch(header)
    if not match or match[1] == match[2] == "":
        return None
    first = max(0, size_bytes - int(match[2])) if not match[1] else int(match[1])
    last = int(match[2]) if match[1] and match[2] else size_bytes - 1
    if match[1] and match[2] and last < first:
        return None
    if first >= size_bytes:
        raise Unsatisfiable(size_bytes)
    return first, min(last + 1, size_bytes)
