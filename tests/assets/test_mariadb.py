"""The index in MariaDB: names compared as bytes, and its own locks, which all hosts share."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.assets.test_models import NAMES
from tests.live import PROJECT, environment

pytestmark = pytest.mark.service("mariadbd")
WORK = """
import json, sys, threading
from buildserver.builder import get_asset, list_assets, put_asset
for name in json.load(sys.stdin):
    put_asset(name, name)
    put_asset(name, name + "!", replace=True)
put_asset("text", "\\0 \\U0001f600")

from assets import locks, services
from django.db import connection
locks.WAIT_S = 0

def second():
    try:
        with locks.held("a"):
            found.append("held")
    except locks.Busy:
        found.append("busy")
    connection.close()

found = []
for number in range(2):
    thread = threading.Thread(target=second)
    if number == 0:
        with locks.held("a"):
            thread.start(), thread.join()
    else:
        thread.start(), thread.join()
below = [row.name for row in services.every("a")]
json.dump({"listed": list_assets(), "below": below, "got": get_asset("text"), "locks": found}, sys.stdout)
"""


def run(home: Path, url: str, *arguments: str, data: str = "") -> str:
    variables = environment(home, ASSETS_MIN_FREE_BYTES="0", DATABASE_URL=url, PYTHONPATH=str(PROJECT))
    command = [sys.executable, *arguments]
    done = subprocess.run(command, input=data, capture_output=True, env=variables, check=False, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_names_are_bytes_and_one_writer_holds_a_name(mariadb: str, tmp_path: Path) -> None:
    run(tmp_path, mariadb, str(PROJECT / "manage.py"), "migrate", "assets", "-v0")
    found = json.loads(run(tmp_path, mariadb, "-c", WORK, data=json.dumps(NAMES)))
    every = sorted([*NAMES, "text"], key=str.encode)
    assert [name for name, _image in found["listed"]] == every
    assert dict(found["listed"]) == {name: f"{name}!" for name in NAMES} | {"text": "\0 \U0001f600"}
    assert found["below"] == [name for name in every if name.startswith("a")]
    assert found["got"] == "\0 \U0001f600"
    assert found["locks"] == ["busy", "held"]
