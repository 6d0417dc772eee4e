"""`manage.py put_asset`, `get_asset`, `list_assets`."""

import hashlib
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from assets import services
from assets.stores.base import AssetStore, StoreAway
from tests.live import PROJECT, environment

DATA = bytes(range(256))
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def used(db: None, store: AssetStore) -> AssetStore:
    return store


def run(command: str, *arguments: str) -> bytes:
    out = io.TextIOWrapper(io.BytesIO(), write_through=True, newline="")
    call_command(command, *arguments, stdout=out)
    return out.buffer.getvalue()  # type: ignore[attr-defined, no-any-return]


def ends_with(code: int, sentence: str, command: str, *arguments: str) -> None:
    with pytest.raises(CommandError, match=sentence) as fault:
        run(command, *arguments)
    assert fault.value.returncode == code


def test_a_file_that_is_put_can_be_got_and_is_listed(used: AssetStore, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(DATA)
    assert run("put_asset", "b", str(file)) == f"stored\tb\t256\t{SHA256}\n".encode()
    assert run("put_asset", "b", str(file)) == f"unchanged\tb\t256\t{SHA256}\n".encode()
    assert run("get_asset", "b") == DATA
    run("put_asset", "a/1", str(file))
    assert run("list_assets") == f"a/1\t256\t{SHA256}\nb\t256\t{SHA256}\n".encode()
    assert run("list_assets", "--prefix", "a/") == f"a/1\t256\t{SHA256}\n".encode()
    file.write_bytes(b"other")
    assert run("put_asset", "--replace", "b", str(file)).startswith(b"stored\tb\t5\t")
    assert run("get_asset", "b") == b"other"


@pytest.mark.parametrize("arguments", [["a"], ["a", "-"]])
def test_without_a_file_standard_input_is_stored(
    used: AssetStore, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(DATA)))
    run("put_asset", *arguments)
    assert run("get_asset", "a") == DATA


def test_a_fault_ends_with_its_code_and_a_sentence(used: AssetStore, tmp_path: Path, settings: Any) -> None:
    file = tmp_path / "file"
    file.write_bytes(DATA)
    run("put_asset", "a/1", str(file))
    ends_with(1, "missing cannot be read: No such file or directory", "put_asset", "b", str(tmp_path / "missing"))
    ends_with(1, "segment 2 of the name is empty", "put_asset", "a/", str(file))
    ends_with(3, "there is no asset 'b'", "get_asset", "b")
    file.write_bytes(b"other")
    ends_with(4, "'a/1' has other bytes", "put_asset", "a/1", str(file))
    ends_with(4, "'a' cannot be a name while 'a/1' is one", "put_asset", "a", str(file))
    settings.ASSETS_MAX_BYTES = 4
    ends_with(1, "more came than the 4 bytes that are taken", "put_asset", "b", str(file))


def test_a_full_store_refuses(db: None, directory: AssetStore, settings: Any, tmp_path: Path) -> None:
    settings.ASSETS_MIN_FREE_BYTES = 2**62
    (tmp_path / "file").write_bytes(b"")
    ends_with(1, "must stay free", "put_asset", "a", str(tmp_path / "file"))


def test_a_store_that_is_away_is_code_5(used: AssetStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_arguments: Any, **_options: Any) -> None:
        raise StoreAway("the server does not answer")

    (tmp_path / "file").write_bytes(b"")
    run("put_asset", "a", str(tmp_path / "file"))
    monkeypatch.setattr(type(used), "read", away)
    ends_with(5, "the server does not answer", "get_asset", "a")


def manage(home: Path, *arguments: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """The command as a user gives it, in a home of its own."""
    variables = environment(home, ASSETS_MIN_FREE_BYTES="0")
    command = [sys.executable, str(PROJECT / "manage.py"), *arguments]
    return subprocess.run(command, input=data, capture_output=True, env=variables, check=False)


def test_works_from_a_shell_with_exact_bytes_and_exit_codes(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    assert manage(tmp_path, "migrate", "assets", "-v0").returncode == 0
    put = manage(tmp_path, "put_asset", "a", data=DATA)
    assert (put.returncode, put.stdout.decode().split(), put.stderr) == (0, ["stored", "a", "256", SHA256], b"")
    got = manage(tmp_path, "get_asset", "a")
    assert (got.returncode, got.stdout, got.stderr) == (0, DATA, b"")
    missing = manage(tmp_path, "get_asset", "b")
    assert (missing.returncode, missing.stdout) == (3, b"")
    assert b"there is no asset 'b'" in missing.stderr
    assert manage(tmp_path, "put_asset", "a", data=b"other").returncode == 4
    assert manage(tmp_path, "put_asset").returncode == 2


def test_tells_where_its_rows_come_from(used: AssetStore) -> None:
    assert list(services.every()) == []
