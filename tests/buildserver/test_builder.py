"""`buildserver.builder` from plain Python processes, as its users have them: nothing is set up before.

The counterpart of the exercise's `buildtest.test_builder`, whose assertions come first.
"""

import json
import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import pytest
from django.db import OperationalError, connection

from buildserver import builder, standalone
from buildserver.mock_s3 import IMAGE, SAMPLES
from tests.live import PROJECT, environment

EXERCISE = """
from buildserver import builder
from buildserver.builder import get_asset, get_asset_bytes, list_assets, put_asset

samples = {samples}
expected = sorted((build, "{image}".format(tag=tag)) for build, tag in samples.items())
assert builder.S3_ASSET_BUCKET == "energyhub-assets"
assert list_assets() == expected, list_assets()
assert get_asset("ci-main-3233") == "asset: 1234.dkr.ecr.us-east-1.amazonaws.com/energyhub/dotcom:324"
try:
    get_asset("ci-main-9999")
    raise SystemExit("an unknown build was found")
except KeyError as fault:
    assert type(fault) is builder.UnknownBuild
    assert str(fault) == "there is no asset 'ci-main-9999'"
put_asset("ci-main-9999", "asset: new")
assert get_asset("ci-main-9999") == "asset: new"
put_asset("ci-main-9998", b"\\xff")
assert get_asset_bytes("ci-main-9998") == b"\\xff"
assert dict(list_assets())["ci-main-9998"] is None
"""
ALL = "import json, sys; from buildserver.builder import *; "


def variables_of(home: Path, **variables: str) -> dict[str, str]:
    """Of a process that finds the project, and for which every warning is an error."""
    home.mkdir(exist_ok=True)
    usual = {"PYTHONPATH": str(PROJECT), "PYTHONWARNINGS": "error", "ASSETS_MIN_FREE_BYTES": "0"}
    return environment(home, **{**usual, **variables})


def run(home: Path, code: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A Python process of its own, in a directory that is not the project's."""
    command = [sys.executable, "-c", code, *arguments]
    env = variables_of(home, **variables)
    return subprocess.run(command, capture_output=True, text=True, cwd=home, env=env, check=False)


def done(home: Path, code: str, *arguments: str, **variables: str) -> str:
    """What it printed; it ended well and had nothing to complain about."""
    ended = run(home, code, *arguments, **variables)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def test_the_exercise_s_own_assertions_hold_on_the_mock(tmp_path: Path) -> None:
    done(tmp_path, EXERCISE.format(samples=SAMPLES, image=IMAGE), BUILDSERVER_MOCK_S3="1")


def test_the_mock_leaves_the_configured_store_and_index_as_they_are(tmp_path: Path) -> None:
    done(tmp_path, ALL + "put_asset('mine', 'bytes')")
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    done(tmp_path, ALL + "put_asset('other', 'bytes')", BUILDSERVER_MOCK_S3="1")
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before
    assert json.loads(done(tmp_path, ALL + "print(json.dumps(list_assets()))")) == [["mine", "bytes"]]


def test_the_mock_is_new_in_every_process(tmp_path: Path) -> None:
    for _ in range(2):
        done(tmp_path, ALL + "put_asset('ci', 'bytes'); assert len(list_assets()) == 14", BUILDSERVER_MOCK_S3="1")


def test_one_process_puts_and_another_gets(tmp_path: Path) -> None:
    sha256 = done(tmp_path, ALL + "print(put_asset('hello', 'asset-text'))").strip()
    assert len(sha256) == 64
    assert done(tmp_path, ALL + "print(get_asset('hello'), end='')") == "asset-text"
    assert (tmp_path / "var" / "assets" / "hello").read_text() == "asset-text"
    listed = done(tmp_path, ALL + "print(json.dumps(list_assets()))")
    assert json.loads(listed) == [["hello", "asset-text"]]


def test_only_what_is_needed_is_imported(tmp_path: Path) -> None:
    heavy = ["boto3", "botocore", "moto", "rest_framework", "numpy", "unfold", "django.contrib.auth", "requests"]
    code = ALL + f"put_asset('a', 'b'); print(sorted(set(sys.modules) & set({heavy})))"
    assert done(tmp_path, code).strip() == "[]"


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("get_asset('b')", "buildserver.builder.UnknownBuild: there is no asset 'b'"),
        ("put_asset('a', 'other')", "assets.services.putting.Conflict: 'a' has other bytes, with sha256"),
        ("put_asset('a/b', '')", "assets.stores.base.Tangled: 'a/b' cannot be a name while 'a' is one"),
        ("put_asset('a/', '')", "assets.names.BadName: segment 2 of the name is empty"),
        ("put_asset('x', b'\\xff'); get_asset('x')", "UnicodeDecodeError: 'utf-8' codec can't decode"),
    ],
)
def test_says_what_is_wrong(tmp_path: Path, code: str, fault: str) -> None:
    ended = run(tmp_path, ALL + f"put_asset('a', 'bytes'); {code}")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith(fault)


def test_replaces_when_asked_for(tmp_path: Path) -> None:
    code = ALL + "put_asset('a', 'one'); put_asset('a', 'two', replace=True); print(get_asset('a'))"
    assert done(tmp_path, code).strip() == "two"


def test_processes_that_start_at_once_on_a_fresh_checkout_do_not_break_each_other(tmp_path: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda n: done(tmp_path, ALL + f"put_asset('{n}', '{n}')"), range(6)))
    listed = json.loads(done(tmp_path, ALL + "print(json.dumps(list_assets()))"))
    assert listed == [[str(n), str(n)] for n in range(6)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("faults", "message", "waits"),
    [(3, "database is locked", 3), (10**6, "database is locked", 199), (1, "disk I/O error", 0)],
)
def test_a_database_that_another_process_is_making_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, faults: int, message: str, waits: int
) -> None:
    """sqlite itself does not wait for who turns a new database to its journal mode."""
    left, slept = iter(range(faults)), list[float]()

    def migrate(*_arguments: object) -> None:
        if next(left, None) is not None:
            raise OperationalError(message)

    monkeypatch.setattr(standalone, "migrate", migrate)
    monkeypatch.setattr(standalone.time, "sleep", slept.append)
    monkeypatch.setattr(connection, "close", lambda: None)
    with nullcontext() if faults == 3 else pytest.raises(OperationalError, match=message):
        standalone.make_tables("assets")
    assert slept == [0.05] * waits


def test_of_processes_that_put_other_bytes_at_once_one_wins(tmp_path: Path) -> None:
    done(tmp_path, ALL + "list_assets()")
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda n: run(tmp_path, ALL + f"put_asset('a', 'bytes {n}')"), range(4)))
    won = [n for n, process in enumerate(ended) if process.returncode == 0]
    assert len(won) == 1
    assert done(tmp_path, ALL + "print(get_asset('a'), end='')") == f"bytes {won[0]}"
    assert all("Conflict" in process.stderr for n, process in enumerate(ended) if n not in won)


REPLACE = """
import sys
from buildserver.builder import get_asset_bytes, put_asset
for number in range(30):
    put_asset("a", (f"{sys.argv[1]} {number} " * 300)[:1000], replace=True)
"""
READ = """
import hashlib
from buildserver.builder import ready
ready()
from assets import services
for _ in range(100):
    asset, pieces = services.read(services.find("a"))
    data = b"".join(pieces)
    assert hashlib.sha256(data).hexdigest() == asset.sha256, "the bytes are not those of the row"
"""


def test_what_is_read_while_others_replace_it_is_always_one_version(tmp_path: Path) -> None:
    done(tmp_path, ALL + "put_asset('a', '.' * 1000)")
    with ThreadPoolExecutor(4) as pool:
        tasks = [pool.submit(done, tmp_path, REPLACE, str(n)) for n in range(2)]
        tasks += [pool.submit(done, tmp_path, READ) for _ in range(2)]
        for task in tasks:
            task.result()
    done(tmp_path, READ)


def test_a_newer_version_s_migrations_are_applied_to_an_embedded_database(tmp_path: Path) -> None:
    done(tmp_path, ALL + "list_assets()")
    with sqlite3.connect(tmp_path / "var" / "db.sqlite3") as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'assets_%'")
        for (table,) in tables.fetchall():
            database.execute(f"DROP TABLE {table}")
        database.execute("DELETE FROM django_migrations WHERE app = 'assets'")
    database.close()
    done(tmp_path, ALL + "put_asset('a', 'b')")


def test_the_whole_project_migrates_on_what_was_made(tmp_path: Path) -> None:
    done(tmp_path, ALL + "put_asset('a', 'b')")
    command = [sys.executable, str(PROJECT / "manage.py"), "migrate", "-v0"]
    subprocess.run(command, env=variables_of(tmp_path, PYTHONWARNINGS=""), check=True)
    assert done(tmp_path, ALL + "print(get_asset('a'), end='')") == "b"


def test_logs_nothing_but_faults_and_leaves_a_process_s_own_logging_alone(tmp_path: Path) -> None:
    lose = "put_asset('a', 'b'); import os; os.remove('var/assets/a')\ntry: get_asset('a')\nexcept KeyError: pass"
    ended = run(tmp_path, ALL + lose)
    [line] = [json.loads(line) for line in ended.stderr.splitlines()]
    assert (line["level"], line["message"], line["asset"]) == ("WARNING", "the store has lost an asset", "a")
    own = "import logging; logging.basicConfig(format='mine: %(message)s')\n"
    ended = run(tmp_path, own + ALL + lose.replace("put_asset('a', 'b'); ", "put_asset('a', 'b', replace=True); "))
    assert ended.stderr == "mine: the store has lost an asset\n"


def test_works_where_django_is_set_up_already(tmp_path: Path) -> None:
    setup = "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'buildserver.settings'; django.setup(); "
    done(tmp_path, ALL + "put_asset('a', 'b')")
    assert done(tmp_path, setup + ALL + "print(get_asset('a'), end='')", PYTHONWARNINGS="") == "b"


@pytest.mark.django_db
def test_within_django_it_uses_what_is_there(settings: object, tmp_path: Path) -> None:
    settings.ASSETS_URL, settings.ASSETS_MIN_FREE_BYTES = str(tmp_path / "store"), 0  # type: ignore[attr-defined]
    assert builder.list_assets() == []
    builder.put_asset("a", "text")
    builder.put_asset("b", b"\xff")
    assert builder.list_assets() == [("a", "text"), ("b", None)]
    assert (builder.get_asset("a"), builder.get_asset_bytes("b")) == ("text", b"\xff")
    with pytest.raises(builder.UnknownBuild, match=r"^there is no asset 'c'$"):
        builder.get_asset("c")


def test_a_process_that_is_ready_for_one_app_says_so_when_it_is_asked_for_another(tmp_path: Path) -> None:
    ended = run(
        tmp_path, "from buildserver.standalone import ready; ready('kvstore'); ready('kvstore'); ready('assets')"
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == "RuntimeError: this process is ready for kvstore alone, not for assets"


FORK = """
import os
from buildserver.builder import *
put_asset("a", "b")
from django.db import connection
mine = connection.connection
child = os.fork()
if not child:
    ours = connection.connection
    assert get_asset("a") == "b"
    os._exit(0 if ours is None and connection.connection is not mine else 9)
assert os.waitpid(child, 0)[1] == 0
assert connection.connection is mine
assert get_asset("a") == "b"
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_opens_a_connection_of_its_own(tmp_path: Path) -> None:
    done(tmp_path, FORK)
