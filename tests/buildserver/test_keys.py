from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildserver import keys

HEX = "ab" * 32


def ring(text: str = "", file: Path | None = None) -> keys.KeyRing:
    return keys.load(text, file)


def test_finds_a_key_of_the_variable_and_gives_it_every_scope() -> None:
    found = ring("ci:one, deploy:t:wo ").find("t:wo")
    assert found
    assert (found.name, found.scopes) == ("deploy", (keys.Scope("*"),))


def test_finds_a_key_of_the_file_in_clear_or_by_its_hash(tmp_path: Path) -> None:
    text, line = keys.new("hashed", ["kv:read@team-a"])
    file = tmp_path / "keys"
    file.write_text(f"# who may what\n\nclear in#clear kv:read assets:write@releases/ # a comment\n{line}\n")
    loaded = ring("third:key", file)
    names = [found.name if (found := loaded.find(sent)) else None for sent in ("in#clear", text, "key", "other", "")]
    assert names == ["clear", "hashed", "third", None, None]
    assert [str(scope) for scope in loaded.keys[1].scopes] == ["kv:read", "assets:write@releases/"]


def test_keeps_no_key_in_clear() -> None:
    assert "very-secret" not in repr(ring("ci:very-secret").keys)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ci", "PRESHARED_KEYS, entry 1: there is no colon between name and key"),
        ("a:b,c d:e", "PRESHARED_KEYS, entry 2: a key's name is 1 to 64 of A-Z a-z 0-9 . _ -"),
        (
            "ci:a b",
            "PRESHARED_KEYS, entry 1: key 'ci' is neither printable ASCII without blanks nor sha256: and 64 hex",
        ),
        ("ci:", "PRESHARED_KEYS, entry 1: key 'ci' is neither printable ASCII"),
        ("ci:sha256:12", "PRESHARED_KEYS, entry 1: key 'ci' is neither printable ASCII"),
        ("ci:one,ci:two", "the same name is given twice: ci"),
        ("ci:one,cd:one", "the same key is given twice: cd, ci"),
    ],
)
def test_refuses_a_wrong_variable_naming_the_place_and_not_the_key(text: str, message: str) -> None:
    with pytest.raises(keys.BadKeys) as refused:
        ring(text)
    assert str(refused.value).startswith(message)
    assert "one" not in str(refused.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("ci", "line 2: no key"),
        ("ci secret-text", "line 2: a line is: name key scope…, and there is no scope"),
        ("ci secret-text kv:reed", "line 2: 'kv:reed' is no scope; there are * kv:read kv:write"),
        ("ci secret-text plan@x", "line 2: scope 'plan@x': only kv, assets and cache scopes can be narrowed"),
        ("ci secret-text kv:read@", "line 2: scope 'kv:read@': only kv"),
        ("ci secret-text *@team", "line 2: scope '*@team': only kv"),
        (f"ci sha256:{HEX}0 *", "line 2: key 'ci' is neither"),
    ],
)
def test_refuses_a_wrong_line_naming_file_and_line(line: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"fine sha256:{HEX} *\n{line}\n")
    with pytest.raises(keys.BadKeys) as refused:
        ring("", file)
    assert str(refused.value).startswith(f"{file}, {message}")
    assert "secret-text" not in str(refused.value)


def test_refuses_a_name_that_stands_in_file_and_variable(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("ci one *\n")
    with pytest.raises(keys.BadKeys, match="the same name is given twice: ci"):
        ring("ci:two", file)


@pytest.mark.parametrize("content", [None, b"ci \xff *\n"])
def test_refuses_a_file_that_cannot_be_read(content: bytes | None, tmp_path: Path) -> None:
    if content:
        (tmp_path / "keys").write_bytes(content)
    with pytest.raises(keys.BadKeys, match=r"PRESHARED_KEYS_FILE: .* cannot be read"):
        ring("", tmp_path / "keys")


def test_a_new_key_needs_a_scope() -> None:
    with pytest.raises(keys.BadKeys, match="a key needs at least one scope"):
        keys.new("ci", [])


@pytest.mark.parametrize(
    ("scope", "resource", "covered"),
    [
        ("kv:write", "team-a/x", True),
        ("kv:write@team-a", "team-a/ci/x", True),
        ("kv:write@team-a", "team-a", True),
        ("kv:write@team-a", "team-ab/x", False),
        ("kv:write@team-a/ci/", "team-a/ci/x", True),
        ("kv:write@team-a/ci/", "team-a/cix", False),
        ("kv:write@team-a/ci", "team-a/cix", True),
        ("cache:write@ci", "ci", True),
        ("cache:write@ci", "ci2", False),
        ("assets:read@releases/", "releases/1", True),
        ("assets:read@releases/", "release", False),
        ("assets:read@rel", "releases/1", True),
    ],
)
def test_a_scope_covers_its_place_and_nothing_beside_it(scope: str, resource: str, covered: bool) -> None:
    assert keys.read_scope(scope).covers(resource) is covered


@given(st.lists(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1), unique=True, max_size=8))
def test_finds_each_key_and_no_other_text(texts: list[str]) -> None:
    loaded = keys.KeyRing([keys.make(f"n{index}", text, ["*"]) for index, text in enumerate(texts)])
    for index, text in enumerate(texts):
        found = loaded.find(text)
        assert found
        assert found.name == f"n{index}"
    assert loaded.find("".join(texts) + "-") is None
