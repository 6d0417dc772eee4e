"""Real processes at one cache and one database, killed with -9 in the middle of what they do."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path as File

import pytest

from tests.kvstore.cache.conftest import NEEDS_REDIS
from tests.kvstore.cache.crowd import PROCESSES
from tests.kvstore.linearizable import NEVER, Operation, violations
from tests.live import PROJECT

pytestmark = pytest.mark.live


def crowd(kind: str, where: str, directory: File) -> tuple[int, int]:
    """Let it work: how many processes ended well, and how many were killed."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.kvstore.cache.crowd", kind, where, str(directory)],
        cwd=PROJECT, env={**os.environ, "DJANGO_SETTINGS_MODULE": "buildserver.settings"},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    well, killed = ended.stdout.split()
    return int(well), int(killed)


def lines(directory: File) -> Iterator[list[str]]:
    """What the processes told; a line that a killed one did not finish says nothing."""
    for log in directory.glob("*.log"):
        for line in log.read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                yield line.split()


def history(directory: File) -> tuple[list[Operation], int]:
    """What was asked and told, and how many reads were hits."""
    told, hits, reads = {}, 0, []
    for kind, *rest in lines(directory):
        if kind == "A":
            content, end, revision = rest
            told[content] = int(end), int(revision)
        elif kind == "R":
            key, start, end, revision, content, loaded = rest
            reads.append(Operation(key, int(start), int(end), int(revision), None if content == "-" else content))
            hits += loaded == "0"
    writes = []
    for kind, *rest in lines(directory):
        if kind == "W":
            key, start, content = rest
            end, revision = told.get(content, (NEVER, None))
            writes.append(Operation(key, int(start), end, revision, content, write=True))
    return reads + writes, hits


@pytest.mark.parametrize("kind", ["shm", pytest.param("redis", marks=NEEDS_REDIS)])
def test_no_process_reads_what_is_old_whoever_is_killed(
    request: pytest.FixtureRequest, kind: str, tmp_path: File
) -> None:
    where = str(tmp_path / "cache")
    if kind == "redis":
        request.getfixturevalue("redis")
        where = request.getfixturevalue("redis_url")
    well, killed = crowd(kind, where, tmp_path)
    operations, hits = history(tmp_path)
    assert well + killed == PROCESSES
    assert (killed >= PROCESSES / 4, hits >= len(operations) / 20) == (True, True), (killed, hits, len(operations))
    assert violations(operations) == []


def test_finds_that_a_cache_a_process_shows_what_is_old(tmp_path: File) -> None:
    crowd("memory", "", tmp_path)
    operations, _ = history(tmp_path)
    found = violations(operations)
    assert any("had been told before it began" in violation.why for violation in found)
