"""The mock: in a process, and as a server that all workers share."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import IO

import pytest

from buildserver.mock_s3 import IMAGE, SAMPLES, overrides
from tests.buildserver.test_builder import ALL, done, variables_of
from tests.live import PROJECT

EXPECTED = sorted([build, IMAGE.format(tag=tag)] for build, tag in SAMPLES.items())
LIST = ALL + "print(json.dumps(list_assets()))"


@pytest.fixture
def child(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The server, not yet asked for anything."""
    command = [sys.executable, "-m", "buildserver.mock_s3", "--port", "0"]
    environment = variables_of(tmp_path)
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def told(child: subprocess.Popen[str]) -> dict[str, str]:
    """The variables that it prints."""
    output: IO[str] | None = child.stdout
    assert output
    variables: dict[str, str] = json.loads(output.readline())
    return variables


def test_commands_of_django_see_the_samples_too(tmp_path: Path) -> None:
    command = [sys.executable, str(PROJECT / "manage.py"), "list_assets"]
    environment = variables_of(tmp_path, BUILDSERVER_MOCK_S3="1", PYTHONWARNINGS="")
    listed = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
    assert [line.split("\t")[0] for line in listed.stdout.splitlines()] == [build for build, _image in EXPECTED]
    assert (listed.stderr, [file for file in tmp_path.rglob("*") if file.is_file()]) == ("", [])


def test_nothing_is_mocked_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BUILDSERVER_MOCK_INDEX", raising=False)
    assert overrides(SimpleNamespace(BUILDSERVER_MOCK_S3=False, DATABASES={})) == {}


def test_there_are_thirteen_samples() -> None:
    assert len(SAMPLES) == 13
    assert SAMPLES["ci-main-3233"] == 324
    assert IMAGE.format(tag=324) == "asset: 1234.dkr.ecr.us-east-1.amazonaws.com/energyhub/dotcom:324"


def test_processes_share_one_server(child: subprocess.Popen[str], tmp_path: Path) -> None:
    variables = told(child)
    home = tmp_path / "home"
    assert json.loads(done(home, LIST, **variables)) == EXPECTED
    done(home, ALL + "put_asset('mine', 'bytes ' * 2_000_000)", **variables)
    assert done(home, ALL + "print(len(get_asset('mine')))", **variables) == "12000000\n"
    assert json.loads(done(home, LIST, **variables)) == sorted([*EXPECTED, ["mine", None]])
    assert json.loads(done(home, LIST)) == []


def test_listens_on_loopback_only_and_needs_no_mock_in_the_workers(child: subprocess.Popen[str]) -> None:
    variables = told(child)
    assert variables["ASSETS_URL"].startswith("s3://energyhub-assets?endpoint_url=http://127.0.0.1:")
    assert variables["BUILDSERVER_MOCK_S3"] == ""


def test_outlives_the_signals_of_a_terminal_but_not_its_holder(child: subprocess.Popen[str], tmp_path: Path) -> None:
    index = Path(told(child)["BUILDSERVER_MOCK_INDEX"])
    assert index.is_relative_to(tmp_path)
    assert index.exists()
    for sign in (signal.SIGINT, signal.SIGTERM):
        child.send_signal(sign)
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(0.2)
    assert child.stdin
    assert child.stderr
    child.stdin.close()
    assert child.wait(10) == 0
    assert child.stderr.read() == ""
    assert not index.parent.exists()


def test_a_port_that_is_taken_is_said(child: subprocess.Popen[str], tmp_path: Path) -> None:
    port = told(child)["ASSETS_URL"].partition("127.0.0.1:")[2].partition("&")[0]
    command = [sys.executable, "-m", "buildserver.mock_s3", "--port", port]
    environment = variables_of(tmp_path)
    ended = subprocess.run(command, cwd=PROJECT, env=environment, input="", capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "is in use by another program" in ended.stderr
    assert ended.stdout == ""
