"""The commands in the documents do what the documents say.

Each ```console block of README.md and INSTRUCTIONS.md is typed into one shell, in a checkout of its own (its files are
links to ours, its `.env` and `var/` are new) whose `./runapp` serves on a free port in the place of 8888. `...` in an
expected output stands for anything.
"""

import doctest
import hashlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import PROJECT, environment
from tests.services import free_port

pytestmark = pytest.mark.live
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Blocks of these kinds are not typed: text to read, files, and commands that would change this machine.
READ_ONLY = {"text", "ini", "yaml", "sh", "json"}
END = "--- end of output, status "


class Shell:
    """A bash that is told one command after the other, as a reader types them."""

    def __init__(self, checkout: Path) -> None:
        self.port = str(free_port())
        variables = environment(checkout, PORT=self.port, PYTHONUNBUFFERED="1")
        variables["PATH"] = f"{checkout / '.venv' / 'bin'}{os.pathsep}{variables['PATH']}"
        self.bash = subprocess.Popen(
            ["bash", "--norc"], cwd=checkout, env=variables, text=True, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.server: subprocess.Popen[str] | None = None
        self.checkout = checkout
        self.variables = variables

    def type(self, command: str) -> str:
        """What the command prints."""
        command = command.replace("8888", self.port)
        if command.startswith("./runapp"):
            return self.serve(command)
        assert self.bash.stdin
        assert self.bash.stdout
        self.bash.stdin.write(f"{command}\necho; echo '{END}'$?\n")
        self.bash.stdin.flush()
        output = ""
        for line in self.bash.stdout:
            if line.startswith(END):
                return output.removesuffix("\n").replace(self.port, "8888")
            output += line
        raise AssertionError(f"the shell ended at {command!r}: {output}")

    def serve(self, command: str) -> str:
        """Start the service, ending the one before; what it prints until it has told its address."""
        self.stop_server()
        self.server = subprocess.Popen(
            ["bash", "-c", f"exec {command}"], cwd=self.checkout, env=self.variables, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        output = ""
        assert self.server.stdout
        for line in self.server.stdout:
            output += line
            if line.startswith("  curl "):
                return output.replace(self.port, "8888")
        raise AssertionError(f"{command!r} ended: {output}")

    def stop_server(self) -> None:
        if self.server:
            self.server.send_signal(signal.SIGINT)
            output, _ = self.server.communicate(timeout=60)
            assert '"level":"ERROR"' not in output, output
            self.server = None

    def close(self) -> None:
        self.stop_server()
        self.bash.communicate(timeout=60)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    installed = Path(sys.prefix, "installed.txt").read_text()
    own = hashlib.sha256(PROJECT.joinpath("pyproject.toml").read_bytes()).hexdigest()
    assert own in installed, "run `make setup`: else the checkout's ./runapp would install itself into this environment"
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    tracked = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    for name in {line.partition("/")[0] for line in tracked.splitlines()}:
        (checkout / name).symlink_to(PROJECT / name)
    (checkout / ".venv").symlink_to(sys.prefix)
    shell = Shell(checkout)
    yield shell
    shell.close()


def blocks(document: str) -> list[tuple[str, str]]:
    return BLOCK.findall((PROJECT / document).read_text(encoding="utf-8"))


def commands(block: str) -> Iterator[tuple[str, str]]:
    """Each command of a block (lines that end with a backslash go on) with its expected output."""
    command, expected = "", ""
    for line in block.splitlines(keepends=True):
        if command.endswith("\\\n"):
            command += line
        elif line.startswith("$ "):
            if command:
                yield command.strip(), expected
            command, expected = line[2:], ""
        else:
            expected += line
    yield command.strip(), expected


@pytest.mark.parametrize("document", ["README.md", "INSTRUCTIONS.md"])
def test_each_command_prints_what_the_document_says(document: str, shell: Shell) -> None:
    checker, typed = doctest.OutputChecker(), 0
    for kind, block in blocks(document):
        if kind != "console":
            continue
        for command, expected in commands(block):
            printed = shell.type(command)
            # A trailing line that is all dots matches nothing too.
            got, want = (text.rstrip("\n") + "\n" for text in (printed, expected))
            assert checker.check_output(want, got, doctest.ELLIPSIS), (
                f"$ {command}\n{printed}\n-- documented:\n{expected}"
            )
            typed += 1
    assert typed >= 2


@pytest.mark.parametrize("document", ["README.md", "INSTRUCTIONS.md", "NOTES.md", "SECURITY.md", "CHANGELOG.md"])
def test_a_block_is_typed_or_says_that_it_is_not(document: str) -> None:
    assert {kind for kind, _ in blocks(document)} <= READ_ONLY | {"console"}


@pytest.mark.parametrize("document", ["README.md", "INSTRUCTIONS.md", "NOTES.md", "SECURITY.md", "CHANGELOG.md"])
def test_what_a_document_points_to_is_there(document: str) -> None:
    text = (PROJECT / document).read_text(encoding="utf-8")
    pointed = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
    named = re.findall(r"`((?:assets|buildserver|kvstore|powerplant|tests|requirements|docs)/[\w./-]*)`", text)
    missing = [path for path in pointed + named if not (PROJECT / path).exists()]
    assert not missing
