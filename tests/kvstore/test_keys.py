"""What a key may be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvstore import keys

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=128)


@pytest.mark.parametrize(
    "key",
    [
        "a",
        "a/b/c",
        "/",
        "//a/",
        "..",
        ".",
        " ",
        "a ",
        "\u00e9",
        "e\u0301",
        "\u2028",
        "😀",
        "%2F",
        "a?b#c",
        "k" * 512,
        "é" * 256,
    ],
)
def test_takes_up_to_512_bytes_of_any_text(key: str) -> None:
    assert keys.path_of("default", key) == f"default/{key}"


@pytest.mark.parametrize(
    ("key", "fault", "message"),
    [
        ("", keys.BadKey, "the key is empty; it has 1 to 512 bytes of UTF-8"),
        ("k" * 513, keys.KeyTooLong, "the key has 513 bytes of UTF-8; at most 512 are allowed"),
        ("é" * 257, keys.KeyTooLong, "the key has 514 bytes of UTF-8; at most 512 are allowed"),
        ("a\0", keys.BadKey, "the control character U+0000 at character 2; it has none of U+0000-001F and U+007F-009F"),
        ("a\n", keys.BadKey, "the control character U+000A at character 2"),
        ("\x1f", keys.BadKey, "the control character U+001F at character 1"),
        ("ab\x7f", keys.BadKey, "the control character U+007F at character 3"),
        ("\x9f", keys.BadKey, "the control character U+009F at character 1"),
        ("a\ud800", keys.BadKey, "the key has a lone surrogate at character 2; it is UTF-8 text"),
    ],
)
def test_refuses_what_is_no_key_and_says_why(key: str, fault: type[Exception], message: str) -> None:
    with pytest.raises(fault) as raised:
        keys.path_of("default", key)
    assert message in str(raised.value)
    assert type(raised.value) is fault


@pytest.mark.parametrize("namespace", ["a", "0", "default", "team-a", "a.b_c-", "n" * 64])
def test_takes_a_namespace_of_up_to_64_safe_characters(namespace: str) -> None:
    assert keys.split(keys.path_of(namespace, "a/b")) == (namespace, "a/b")


@pytest.mark.parametrize("namespace", ["", "A", "-a", ".a", "_a", "a/b", "a b", "é", "a\n", "n" * 65, "\ud800"])
def test_refuses_what_is_no_namespace_and_says_what_one_is(namespace: str) -> None:
    with pytest.raises(
        keys.BadNamespace, match=r"is no namespace; that is 1 to 64 of a-z 0-9 \. _ -, first a letter or digit$"
    ) as raised:
        keys.path_of(namespace, "k")
    assert len(str(raised.value)) < 200


def test_shows_only_the_start_of_an_endless_namespace() -> None:
    for length, told in ((64, "A" * 64), (65, "A" * 64 + ".u2026"), (10_000, "A" * 64 + ".u2026")):
        with pytest.raises(keys.BadNamespace, match=f"^'{told}' is no namespace"):
            keys.path_of("A" * length, "k")


@given(st.sampled_from(["a", "a.b", "team-a"]), TEXT)
def test_gives_namespace_and_key_back(namespace: str, key: str) -> None:
    assert keys.split(keys.path_of(namespace, key)) == (namespace, key)


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_a_range_holds_exactly_the_texts_with_its_prefix(prefix: str, text: str) -> None:
    low, high = keys.prefix_range(prefix)
    for candidate in (text, prefix + text, prefix[:-1] + text):
        inside = low.encode() <= candidate.encode() and (high is None or candidate.encode() < high.encode())
        assert inside == candidate.startswith(prefix)


@pytest.mark.parametrize(
    ("prefix", "end"),
    [("a/", "a0"), ("\ud7ff", "\ue000"), ("a\U0010ffff", "b"), ("\U0010ffff", None), ("", None)],
)
def test_a_range_ends_at_the_next_character_there_is(prefix: str, end: str | None) -> None:
    assert keys.prefix_range(prefix) == (prefix, end)
