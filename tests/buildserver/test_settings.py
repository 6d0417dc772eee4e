"""What the variables make of the database and its cache, in processes of their own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.live import PROJECT, environment

pytestmark = pytest.mark.live
MYSQL = {"DATABASE_URL": "mysql://a:b@127.0.0.1:3306/c"}
TELL = """
import json
from buildserver import settings
print(json.dumps([settings.CACHE_URL, settings.KVSTORE_CACHE_URL]))
"""
PRAGMAS = """
import json
from django.db import connection
told = [connection.cursor().execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
print(json.dumps([*told, connection.transaction_mode]))
"""


def told(home: Path, *arguments: str, **variables: str) -> Any:
    """What a process printed as JSON."""
    line = [sys.executable, *arguments]
    ended = subprocess.run(
        line, cwd=PROJECT, env=environment(home, **variables), capture_output=True, text=True, check=True
    )
    return json.loads(ended.stdout)


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({}, "shm://"),
        ({"CACHE_URL": ""}, "shm://"),
        (MYSQL, "none://"),
        ({**MYSQL, "CACHE_URL": "shm://"}, "shm://"),
        ({"CACHE_URL": "none://"}, "none://"),
        ({"CACHE_URL": "redis://h:1/0"}, "redis://h:1/0"),
    ],
)
def test_the_cache_is_shared_memory_with_sqlite_and_none_with_mysql_unless_it_is_chosen(
    variables: dict[str, str], url: str, tmp_path: Path
) -> None:
    assert told(tmp_path, "-c", TELL, **variables) == [url, url]


@pytest.mark.parametrize(("chosen", "synchronous"), [("", 2), ("FULL", 2), ("NORMAL", 1)])
def test_sqlite_keeps_a_log_syncs_each_commit_and_locks_at_once(chosen: str, synchronous: int, tmp_path: Path) -> None:
    found = told(
        tmp_path,
        "manage.py",
        "shell",
        "--no-imports",
        "-c",
        PRAGMAS,
        **({"KVSTORE_SYNCHRONOUS": chosen} if chosen else {}),
    )
    assert found == ["wal", synchronous, "IMMEDIATE"]
