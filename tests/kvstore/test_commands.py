"""`manage.py kv_export`, `kv_import` and `kv_sweep`."""

import io
import json
import os
import stat
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from pytest_django import Settings

from kvstore import store
from kvstore.cache import CacheAway
from kvstore.keys import path_of
from kvstore.management import progress
from kvstore.management.commands import kv_import
from kvstore.models import Record
from kvstore.store import exporting, history, merging, namespaces, sweeping
from tests.kvstore.conftest import clear

pytestmark = pytest.mark.usefixtures("records")

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def put(key: str, value: bytes = b"1", namespace: str = "ci") -> None:
    store.put(path_of(namespace, key), store.Value(value, "application/json"), now=NOW)


def run(command: str, *arguments: str) -> bytes:
    out = io.TextIOWrapper(io.BytesIO(), write_through=True, newline="")
    call_command(command, *arguments, stdout=out, stderr=io.StringIO())
    return out.buffer.getvalue()  # type: ignore[attr-defined, no-any-return]


def ends_with(code: int, sentence: str, command: str, *arguments: str) -> None:
    with pytest.raises(CommandError, match=sentence) as fault:
        run(command, *arguments)
    assert fault.value.returncode == code


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
def test_an_export_leaves_a_pipe_a_pipe_and_a_link_a_link(tmp_path: Path) -> None:
    put("a")
    os.mkfifo(tmp_path / "pipe")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_bytes()), daemon=True)
    reader.start()
    run("kv_export", "-o", str(tmp_path / "pipe"))
    reader.join(10)
    assert (len(read), (tmp_path / "pipe").is_fifo()) == (1, True)
    (tmp_path / "aim").write_bytes(b"old")
    (tmp_path / "link").symlink_to("aim")
    run("kv_export", "-o", str(tmp_path / "link"))
    assert ((tmp_path / "link").is_symlink(), (tmp_path / "aim").read_bytes()) == (True, read[0])


def test_what_is_exported_can_be_imported(tmp_path: Path) -> None:
    put("a")
    put("b", namespace="team")
    file = tmp_path / "records"
    assert run("kv_export", "-o", str(file)) == b""
    assert file.read_bytes() == run("kv_export")
    assert [entry.name for entry in tmp_path.iterdir()] == ["records"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    data = file.read_bytes()
    clear()
    said = b"2 created, 0 replaced, 0 unchanged, 0 skipped, 0 expired\n"
    assert run("kv_import", str(file), "--on-conflict", "fail") == said
    assert run("kv_export", "--output", "-") == data
    assert b'"namespace":"team"' not in run("kv_export", "--namespace", "ci")
    assert b'"op":"put"' in run("kv_export", "--history")


def test_tells_what_was_exported_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    put("a")
    put("b")
    call_command("kv_export", stdout=io.TextIOWrapper(io.BytesIO()))
    assert capsys.readouterr().err == "2 records of 1 namespaces\n"


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_standard_input_is_imported(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    put("a")
    put("a")
    data = run("kv_export", "--history")
    clear()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    told = run("kv_import", *arguments, "--on-conflict", "skip", "--history", "--json")
    assert json.loads(told) == {
        "created": 1, "replaced": 0, "unchanged": 0, "skipped": 0, "expired": 0, "history": 2, "history_left_out": 0,
    }  # fmt: skip
    assert len(history.entries(path_of("ci", "a"), 9).items) == 2


def test_a_namespace_goes_under_another_name(tmp_path: Path) -> None:
    put("a")
    put("b", namespace="team")
    put("c", namespace="left")
    run("kv_export", "-o", str(tmp_path / "f"))
    clear()
    run("kv_import", str(tmp_path / "f"), "--on-conflict", "skip", "--namespace", "ci=new", "--namespace", "team")
    assert [record.path for record in Record.objects.all()] == ["new/a", "team/b"]
    ends_with(3, "^the file has no namespace none$", "kv_import", str(tmp_path / "f"), "--on-conflict", "skip",
              "--namespace", "none=x")  # fmt: skip


def test_an_export_that_cannot_be_written_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("a")
    ends_with(1, "nowhere/f cannot be written: No such file", "kv_export", "-o", str(tmp_path / "nowhere" / "f"))
    (tmp_path / "f").write_text("old")

    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    ends_with(1, "f cannot be written: No space left on device", "kv_export", "-o", str(tmp_path / "f"))
    assert [(entry.name, entry.read_text()) for entry in tmp_path.iterdir()] == [("f", "old")]


class Full(io.RawIOBase):
    def writable(self) -> bool:
        return True

    def write(self, _data: Any) -> int:
        raise BrokenPipeError(32, "Broken pipe")


def test_an_output_that_nobody_reads_ends_an_export() -> None:
    put("a")
    with pytest.raises(CommandError, match=r"^standard output cannot be written: Broken pipe$") as fault:
        call_command("kv_export", stdout=io.TextIOWrapper(io.BufferedWriter(Full(), 1)), stderr=io.StringIO())
    assert fault.value.returncode == 1


def test_of_nothing_there_is_no_export(tmp_path: Path) -> None:
    ends_with(3, "^there is nothing to export$", "kv_export")
    ends_with(3, "^there is nothing to export$", "kv_export", "-o", str(tmp_path / "f"))
    assert not (tmp_path / "f").exists()
    put("a")
    ends_with(3, "^there is no namespace team$", "kv_export", "--namespace", "ci", "--namespace", "team")
    ends_with(1, "^'Team' is no namespace; that is", "kv_export", "--namespace", "Team")


def test_faults_of_an_import_have_their_exit_codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put("a")
    run("kv_export", "-o", str(tmp_path / "f"))
    put("a", b"2")
    file, skip = str(tmp_path / "f"), ("--on-conflict", "skip")
    ends_with(4, "^line 2: ci/a is there with another value$", "kv_import", file, "--on-conflict", "fail")
    ends_with(3, "none cannot be read: No such file", "kv_import", str(tmp_path / "none"), *skip)
    ends_with(1, "^'B' is no namespace", "kv_import", file, *skip, "--namespace", "a=B")
    (tmp_path / "cut").write_bytes((tmp_path / "f").read_bytes()[:-9])
    ends_with(1, "^line 3: the line is not JSON", "kv_import", str(tmp_path / "cut"), *skip)
    namespaces.set_quota("new", 0, None, now=NOW)
    ends_with(1, "^stopped before line 2: the namespace new would have 1 keys; its quota is 0; until there: 0 created",
              "kv_import", file, *skip, "--namespace", "ci=new")  # fmt: skip

    def fail(*_: Any) -> None:
        raise OperationalError("gone away")

    monkeypatch.setattr(merging, "place", fail)
    ends_with(5, "^stopped before line 2: gone away; until", "kv_import", file, *skip, "--namespace", "ci=x")
    monkeypatch.setattr(exporting, "key_count", fail)
    ends_with(5, "^gone away$", "kv_export")


def test_a_wrong_namespace_is_told_in_a_sentence_to_who_typed_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        kv_import.Command().run_from_argv(
            ["manage.py", "kv_import", "none", "--on-conflict", "skip", "--namespace", "a=B"]
        )
    assert ended.value.code == 1
    assert "CommandError: 'B' is no namespace; that is" in capsys.readouterr().err


def test_the_limit_of_values_is_that_of_this_project(tmp_path: Path, settings: Settings) -> None:
    put("a", b'"12345"')
    run("kv_export", "-o", str(tmp_path / "f"))
    settings.KVSTORE_MAX_VALUE_BYTES = 6
    ends_with(1, "^line 2: the value has 7 bytes; at most 6", "kv_import", str(tmp_path / "f"), "--on-conflict", "skip")


@pytest.mark.parametrize("arguments", [["f"], ["f", "--on-conflict", "whatever"]])
def test_what_happens_to_a_conflict_must_be_said(arguments: list[str]) -> None:
    with pytest.raises(CommandError, match="--on-conflict"):
        run("kv_import", *arguments)


# --- progress -------------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_drawn_on_a_terminal_and_gone_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EVERY_S", 0)
    with progress.Progress(terminal := Terminal()) as bar:
        bar.show("counting", 0, 4)
        bar.show("counting", 3, 4)
        bar.show("counting", 9, 4)
        bar.show("counting", 0, 0)
    assert terminal.getvalue().split("\r") == [
        "",
        "counting [                              ]   0%",
        "counting [######################        ]  75%",
        "counting [##############################] 100%",
        "counting [##############################] 100%",
        "\x1b[K",
    ]


def test_progress_is_drawn_now_and_then() -> None:
    with progress.Progress(terminal := Terminal()) as bar:
        bar.show("counting", 0, 4)
        first = terminal.getvalue()
        for number in range(4):
            bar.show("counting", number, 4)
        assert terminal.getvalue() == first


def test_nothing_is_drawn_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EVERY_S", 0)
    with progress.Progress(file := io.StringIO()) as bar:
        bar.show("counting", 3, 4)
    assert file.getvalue() == ""


def test_both_commands_draw_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(progress, "EVERY_S", 0)
    put("a")
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    run("kv_export", "-o", str(tmp_path / "f"))
    run("kv_import", str(tmp_path / "f"), "--on-conflict", "skip")
    words = [line.split("[")[0].strip() for line in terminal.getvalue().split("\r") if "%" in line]
    assert sorted(set(words)) == ["checked", "exporting", "imported"]


# --- kv_sweep -------------------------------------------------------------------------------------------------------


def test_what_is_over_is_swept_and_counted(settings: Settings) -> None:
    settings.KVSTORE_HISTORY_COUNT, settings.KVSTORE_HISTORY_DAYS = 1, 30
    now = datetime.now(UTC)
    path, value = path_of("ci", "a"), store.Value(b"1", "application/json")
    for age in (timedelta(days=31), timedelta(days=2), timedelta(hours=23)):
        store.put(path, value, now=now - age, once=store.Once(str(age), "", lambda _: (201, b"")))
    store.put(path_of("ci", "b"), value, ttl_s=1, now=now - timedelta(seconds=1))
    assert json.loads(run("kv_sweep", "--json")) == {"expired": 1, "keys_trimmed": 2, "log_lines": 1, "answers": 2}
    again = b"0 expired records deleted, history of 0 keys trimmed, 0 lines of the log and 0 answers forgotten"
    assert run("kv_sweep").rstrip() == again


@pytest.mark.parametrize("fault", [OperationalError("the database is locked"), CacheAway("the cache is away")])
def test_a_sweep_without_a_backend_ends_with_5(monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    def away(*_args: object) -> None:
        raise fault

    monkeypatch.setattr(sweeping, "expire", away)
    ends_with(5, str(fault), "kv_sweep")
