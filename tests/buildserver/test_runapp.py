"""The set-up script: what it chooses, what it installs anew, and what it says when it cannot."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.live import PROJECT

SCRIPT = PROJECT / "buildserver" / "runapp.py"


@pytest.fixture
def runapp(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("runapp_of_the_tests", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "requirements").mkdir()
    for name in ("requirements/base.txt", "requirements/dev.txt", "pyproject.toml"):
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(module, "ROOT", str(tmp_path))
    return module


def fake_pythons(runapp: ModuleType, monkeypatch: pytest.MonkeyPatch, found: dict[str, object]) -> None:
    monkeypatch.setattr(runapp, "candidates", lambda: [[name] for name in found])
    monkeypatch.setattr(runapp, "probe", lambda command: found[command[0]])


def test_takes_the_newest_python_that_can_make_environments(
    runapp: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {
        "a": ((3, 11, 9), True),
        "b": ((3, 13, 0), False),
        "c": ((3, 12, 1), True),
        "d": None,
        "e": ((3, 14, 0), True),
    }
    fake_pythons(runapp, monkeypatch, found)
    assert runapp.newest_python() == ["c"]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"a": ((3, 9, 2), True)}, "Python 3.11, 3.12 or 3.13 is needed and only 3.9.2 was found. Install one (Debian"),
        ({"a": ((3, 14, 0), True)}, "is needed and only 3.14.0 was found"),
        ({"a": None}, "is needed and only none was found"),
        (
            {"a": ((3, 11, 2), False)},
            "python3.11 has no venv module. Install it (Debian, Ubuntu: apt install python3.11-venv)",
        ),
    ],
)
def test_says_what_to_install_when_no_python_will_do(
    found: dict[str, object], said: str, runapp: ModuleType, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    fake_pythons(runapp, monkeypatch, found)
    with pytest.raises(SystemExit) as ended:
        runapp.newest_python()
    assert ended.value.code == 1
    assert said in capsys.readouterr().err


def test_probes_a_real_python_and_survives_what_is_none(runapp: ModuleType, tmp_path: Path) -> None:
    assert runapp.probe([sys.executable]) == (sys.version_info[:3], True)
    broken = tmp_path / "python3"
    broken.write_text("#!/bin/sh\necho 'not found' >&2\nexit 127\n")
    broken.chmod(0o755)
    assert runapp.probe([str(broken)]) is None
    assert runapp.probe([str(tmp_path / "absent")]) is None


def test_finds_the_pythons_that_hide_behind_shims(
    runapp: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = tmp_path / "pyenv" / "versions" / "3.13.0" / "bin" / "python3.13"
    hidden.parent.mkdir(parents=True)
    hidden.write_text("#!/bin/sh\n")
    hidden.chmod(0o755)
    (tmp_path / "pyenv" / "shims").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "pyenv" / "shims"))
    assert [str(hidden)] in list(runapp.candidates())


@pytest.fixture
def calls(runapp: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    made: list[list[str]] = []
    monkeypatch.setattr(runapp.subprocess, "call", lambda command, **_: made.append(command) or 0)
    return made


def test_installs_once_and_again_when_a_requirement_or_the_project_changed(
    runapp: ModuleType, calls: list[list[str]], tmp_path: Path
) -> None:
    venv = tmp_path / "venv"
    venv.mkdir()
    runapp.install(str(venv), ["dev"])
    assert len(calls) == 2
    assert {os.path.basename(word) for word in calls[0] if word.endswith(".txt")} == {"base.txt", "dev.txt"}  # noqa: PTH119
    assert "--require-hashes" in calls[0]
    runapp.install(str(venv), [])
    assert len(calls) == 2
    for changed in ("requirements/dev.txt", "pyproject.toml"):
        (tmp_path / changed).write_text("changed")
        before = len(calls)
        runapp.install(str(venv), [])
        assert len(calls) == before + 2


def test_a_failed_installation_is_told_and_tried_again(
    runapp: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runapp.subprocess, "call", lambda *_, **__: 1)
    for _ in range(2):
        with pytest.raises(SystemExit):
            runapp.install(str(tmp_path), [])
    assert capsys.readouterr().err.count("the packages could not be installed") == 2


def test_a_set_that_does_not_exist_is_told(runapp: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        runapp.wanted(["none"])
    assert "none.txt cannot be read" in capsys.readouterr().err


def test_an_environment_that_cannot_be_made_is_told(
    runapp: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runapp.subprocess, "call", lambda *_, **__: 1)
    with pytest.raises(SystemExit):
        runapp.make("venv", "python3")
    assert "the environment could not be made" in capsys.readouterr().err


def test_makes_a_broken_environment_anew(
    runapp: ModuleType, calls: list[list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "v").mkdir()
    monkeypatch.setattr(runapp, "works", lambda _: False)
    runapp.set_up(str(tmp_path / "v"), "python3", [])
    assert calls[0] == ["python3", "-m", "venv", "--clear", str(tmp_path / "v")]
    assert runapp.works is not None


def test_knows_an_environment_that_works(runapp: ModuleType, tmp_path: Path) -> None:
    assert runapp.works(sys.prefix)
    assert not runapp.works(str(tmp_path))


def test_takes_options_out_of_the_arguments(runapp: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--with", "dev", "--mock-s3", "--with", "mysql"]
    assert runapp.take(arguments, "--with") == ["dev", "mysql"]
    assert arguments == ["--mock-s3"]
    with pytest.raises(SystemExit):
        runapp.take(["--venv"], "--venv")
    assert "--venv needs a value" in capsys.readouterr().err


def test_hands_over_to_the_server(runapp: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runapp, "set_up", lambda *_: "/venv/bin/python")
    became: list[object] = []
    monkeypatch.setattr(runapp.os, "execv", lambda *command: became.extend(command))
    monkeypatch.setattr(runapp.subprocess, "call", lambda *_: 0)
    assert runapp.main(["--setup"]) == 0
    assert not became
    runapp.main(["--mock-s3"])
    assert became[1] == ["/venv/bin/python", "-P", "-m", "buildserver.cli", "serve", "--prepare", "--mock-s3"]


@pytest.mark.parametrize("python", ["python3.9", "python3.8", "python3.7", "python3.6"])
def test_its_syntax_is_that_of_old_pythons(python: str) -> None:
    """No newer syntax: the grammar of the old version reads it."""
    import ast  # noqa: PLC0415

    version = int(python.rpartition(".")[2])
    ast.parse(SCRIPT.read_text(encoding="ascii"), feature_version=(3, max(version, 7)))


def test_the_bash_script_says_what_to_do_without_any_python(tmp_path: Path) -> None:
    for name in ("bash", "dirname"):
        (tmp_path / name).symlink_to(
            Path("/usr/bin") / name if Path("/usr/bin", name).exists() else Path("/bin") / name
        )
    command = [str(tmp_path / "bash"), str(PROJECT / "runapp")]
    ended = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "found none: install one" in ended.stderr
