"""Values as a person reads them, and after they were typed over."""

import pytest

from kvstore.admin.contents import PRETTY_BYTES, as_shown, typed

JSON = "application/json"
SOON = b"\xe2\x82"  # the first two bytes of a letter of three


@pytest.mark.parametrize(
    ("data", "kind", "whole", "shown"),
    [
        (b'{"a":[1,2.50],"b":123456789012345678901234567890}', JSON, True,
         '{\n  "a": [\n    1,\n    2.50\n  ],\n  "b": 123456789012345678901234567890\n}'),
        (b'{"a":1}', "application/json; charset=utf-8", True, '{\n  "a": 1\n}'),
        (b'{"a":1}', JSON, False, '{"a":1}'),
        (b'{"a":1}', "text/plain", True, '{"a":1}'),
        (b"{", JSON, True, "{"),
        ("é\n€".encode(), "text/plain", True, "é\n€"),
        (b"", "text/plain", True, ""),
        (b"a" + SOON, "text/plain", False, "a"),
        (b"a" + SOON, "text/plain", True, "00000000  61 e2 82                                         a.."),
        (b"a\xff", "text/plain", False, "00000000  61 ff                                            a."),
        (b"a\0", "text/plain", True, "00000000  61 00                                            a."),
        (bytes(range(17)), "image/png", True,
         ("00000000  00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f  ................\n"
          "00000010  10                                               .")),
    ],
)  # fmt: skip
def test_shows_json_over_lines_text_as_it_is_and_the_rest_in_hexadecimal(
    data: bytes, kind: str, whole: bool, shown: str
) -> None:
    assert as_shown(data, kind, whole=whole) == shown


def test_shows_only_the_start_of_what_is_no_text() -> None:
    assert len(as_shown(b"\xff" * 10_000, "image/png", whole=True).splitlines()) == 32


def test_does_not_blow_up_json_that_is_large() -> None:
    nested = b"[" + b"[" * 90 + b"1" + b"]" * 90 + b",1" * (PRETTY_BYTES // 2) + b"]"
    assert as_shown(nested, JSON, whole=True) == nested.decode()


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("a\r\nb", b"a\nb", b"a\nb"),
        ("a\r\nc", b"a\nb", b"a\nc"),
        ("a\r\nb", b"a\r\nb", b"a\r\nb"),
        ("a\r\nc", b"a\r\nb", b"a\r\nc"),
        ("a\r\nb\r\nc", b"a\rb\nc", b"a\rb\nc"),
        ("a\r\nb\r\nd", b"a\rb\nc", b"a\nb\nd"),
        ("a\r\nb\r\nd", b"a\r\nb\nc", b"a\nb\nd"),
        ("a\r\nb", b"", b"a\nb"),
        ("a\r\nb", b"a", b"a\nb"),
        (" é ", b" e ", " é ".encode()),
    ],
)
def test_what_is_typed_keeps_the_line_ends_that_were_there(text: str, before: bytes, after: bytes) -> None:
    assert typed(text, before) == after
