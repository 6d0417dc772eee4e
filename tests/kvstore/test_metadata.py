"""What users keep beside a value."""

from contextlib import suppress

import pytest
from django.http import HttpResponse
from hypothesis import given, settings
from hypothesis import strategies as st

from kvstore import metadata
from kvstore.metadata import BadMetadata, MetadataTooLarge

NAMES = st.from_regex(metadata.NAME, fullmatch=True)
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=40).map(
    lambda text: text.strip(" \t")
)


def header(value: bytes) -> dict[str, str]:
    return {"HTTP_X_META_A": value.decode("latin-1")}


def test_reads_the_headers_that_begin_with_x_meta() -> None:
    environ = {
        "HTTP_X_META_OWNER": "ci",
        "HTTP_X_META_BUILD_2": " a, b\t",
        "HTTP_X_METADATA": "no",
        "X_META_A": "no",
        "HTTP_HOST": "localhost",
        "wsgi.input": object(),
    }
    assert list(metadata.read(environ).items()) == [("build-2", "a, b"), ("owner", "ci")]
    assert metadata.read({}) == {}


@pytest.mark.parametrize("text", ["", "é😀", "\u00a0", "a  b", 'say "hi" \\', "\u2028", "%0d%0a", "=?utf-8?q?x?="])
def test_takes_any_printable_utf_8(text: str) -> None:
    assert metadata.read(header(text.encode())) == {"a": text}


@pytest.mark.parametrize("name", ["", "A.B", "A B", "É", "A\n", "A" * 65, "A:", "\ud800"])
def test_refuses_a_name_that_is_none_and_says_what_one_is(name: str) -> None:
    with pytest.raises(BadMetadata, match=r"is no name after X-Meta-; that is 1 to 64 of a-z 0-9 -$") as raised:
        metadata.read({f"HTTP_X_META_{name}": "x"})
    assert len(str(raised.value)) < 150


@pytest.mark.parametrize("value", [b"\xe9", b"\xff", b"\xed\xa0\x80", b"\xc3"])
def test_refuses_bytes_that_are_not_utf_8(value: bytes) -> None:
    with pytest.raises(BadMetadata, match=r"^the value of X-Meta-a is not UTF-8$"):
        metadata.read(header(value))


def test_refuses_text_that_wsgi_cannot_have() -> None:
    with pytest.raises(BadMetadata, match=r"^the value of X-Meta-a is not UTF-8$"):
        metadata.read({"HTTP_X_META_A": "\u20ac"})


@pytest.mark.parametrize(
    ("value", "shown"),
    [("a\nb", "U+000A"), ("a\rb", "U+000D"), ("a\0", "U+0000"), ("a\tb", "U+0009"), ("a\x7f", "U+007F"),
     ("a\x85", "U+0085"), ("a\x9f", "U+009F"), ("\n", "U+000A")],
)  # fmt: skip
def test_refuses_every_control_character(value: str, shown: str) -> None:
    at = 2 if value[0] == "a" else 1
    message = f"the value of X-Meta-a has {shown} at character {at}; control characters are not taken"
    for refused in (lambda: metadata.read(header(value.encode())), lambda: metadata.check({"a": value})):
        with pytest.raises(BadMetadata) as raised:
            refused()
        assert str(raised.value) == message


def test_refuses_a_lone_surrogate_that_came_another_way() -> None:
    with pytest.raises(BadMetadata, match=r"has U\+D800 at character 1"):
        metadata.check({"a": "\ud800"})


def test_takes_1024_bytes_of_names_and_values_together_and_not_one_more() -> None:
    most = {"HTTP_X_META_ABCD": ("é" * 256).encode().decode("latin-1"), "HTTP_X_META_B": "x" * 507}
    assert sum(len(name) + len(value.encode()) for name, value in metadata.read(most).items()) == 1024
    for more in ({"HTTP_X_META_B": "x" * 508}, {"HTTP_X_META_BB": "x" * 507, "HTTP_X_META_B": ""}):
        with pytest.raises(MetadataTooLarge, match=r"have 102[56] bytes; at most 1024$"):
            metadata.read(most | more)


@settings(deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=8))
def test_gives_back_what_was_stored_as_headers_that_read_the_same(wanted: dict[str, str]) -> None:
    with suppress(MetadataTooLarge):
        metadata.check(wanted)
        text = metadata.text_of(wanted)
        assert metadata.of_text(text) == wanted
        assert (text == "") == (wanted == {})
        answer = HttpResponse(headers=metadata.headers_of(text))
        environ = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in answer.headers.items()}
        assert metadata.read(environ) == wanted


def test_sends_the_bytes_of_utf_8() -> None:
    assert metadata.headers_of('{"owner":"é"}') == {"X-Meta-owner": "\xc3\xa9"}
    assert metadata.headers_of("") == {}


@settings(deadline=None)
@given(st.dictionaries(st.text().map(lambda name: f"HTTP_X_META_{name}"), st.text() | st.text("a\xc3\xa9\x80 \t\n")))
def test_raises_nothing_else_for_any_headers(environ: dict[str, str]) -> None:
    with suppress(BadMetadata, MetadataTooLarge):
        for name, value in metadata.headers_of(metadata.text_of(metadata.read(environ))).items():
            assert name.removeprefix("X-Meta-").isascii()
            assert not set(value) & {"\r", "\n", "\0"}
