"""The shared cache where its file, its process or its memory is not as usual."""

import errno
import logging
import os
import subprocess
import sys
from pathlib import Path as File

import pytest
from django.db import OperationalError

from kvstore.cache import shared
from kvstore.cache.base import CacheAway
from kvstore.cache.shared import Shared
from kvstore.cache.stamps import Stamps, slot_of
from kvstore.keys import Path
from tests.kvstore.cache.conftest import MAX_BYTES, Database
from tests.kvstore.cache.rows import row
from tests.live import PROJECT

A = Path("default/a")


@pytest.fixture
def file(tmp_path: File) -> File:
    return tmp_path / "cache"


@pytest.fixture
def cache(file: File) -> Shared:
    return Shared(lambda: Stamps(file, 0), MAX_BYTES)


def test_a_hit_is_one_only_while_both_stamps_are_as_they_were(cache: Shared, load: Database) -> None:
    cache.read(A, load)
    stamps = cache._here.stamps
    assert cache.ask(A) == (True, None, None)
    for slot in (slot_of(A), 2**16):
        before = stamps.values[slot]
        stamps.values[slot] += 2
        assert not cache.ask(A)[0]
        stamps.values[slot] = before
        assert cache.ask(A)[0]


def test_no_lease_is_given_while_a_stamp_is_odd(cache: Shared) -> None:
    for paths in ([A], None):
        with cache.changing(paths):
            assert cache.ask(A) == (False, None, None)
        assert cache.ask(A)[2]


def test_a_reader_opens_what_a_killed_writer_left(cache: Shared, load: Database) -> None:
    write = cache.begin([A])
    for stripe in write.write.stripes:
        write.stamps._unlock(stripe)
    assert [cache.ask(A)[2] is None, cache.ask(A)[2] is None] == [True, False]


def test_attaches_to_the_new_file_when_its_own_was_removed(
    file: File, cache: Shared, load: Database, caplog: pytest.LogCaptureFixture
) -> None:
    cache.read(A, load)
    file.unlink()
    other = Shared(lambda: Stamps(file, 0), MAX_BYTES)
    with other.changing([A]):
        load.row = row(1)
    assert cache.read(A, load) == row(1)
    with other.changing([A]):
        load.row = row(2)
    assert cache.read(A, load) == row(2)
    with cache.changing([A]):
        load.row = row(3)
    assert other.read(A, load) == row(3)
    assert [record.getMessage() for record in caplog.records] == ["the cache's file was removed, another one is made"]


def test_a_write_during_which_the_file_was_removed_is_told_in_the_new_one(
    file: File, cache: Shared, load: Database
) -> None:
    others = []
    with cache.changing([A]):
        file.unlink()
        others.append(Shared(lambda: Stamps(file, 0), MAX_BYTES))
        others[0].read(A, load)
        load.row = row(1)
    assert others[0].read(A, load) == row(1)


def test_what_was_loaded_before_the_file_was_removed_is_not_kept_after_it(
    file: File, cache: Shared, load: Database
) -> None:
    _, _, lease = cache.ask(A)
    file.unlink()
    with cache.changing([]):
        pass
    cache.fill(A, lease, row(1))
    assert cache.read(A, load) is None


def test_a_writer_gives_up_where_others_of_its_slot_take_too_long(
    cache: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "WAIT_S", 0)
    write = cache.begin([A])
    with pytest.raises(OperationalError, match=r"^writers of the same records wait for one another: other writes of"):
        cache.begin([A])
    assert cache.ask(A) == (False, None, None)
    cache.end(write, known=True)
    cache.end(cache.begin([A]), known=True)
    assert cache.ask(A)[2] is not None


@pytest.fixture
def lost(file: File, cache: Shared, load: Database) -> Shared:
    """A cache whose file was removed, and whose directory as well."""
    cache.read(A, load)
    file.unlink()
    cache._attach = lambda: Stamps(file / "nowhere", 0)
    return cache


def test_asks_the_database_where_no_new_file_can_be_made(lost: Shared, load: Database) -> None:
    load.row = row(1)
    assert lost.read(A, load) == row(1)


def test_refuses_writes_where_no_new_file_can_be_made(lost: Shared) -> None:
    told = "^the cache cannot be told of the write: .*No such file or directory: .*nowhere'$"
    with pytest.raises(CacheAway, match=told), lost.changing([A]):
        raise AssertionError("it began")


def test_a_write_under_way_ends_well_where_no_new_file_can_be_made(
    file: File, cache: Shared, caplog: pytest.LogCaptureFixture
) -> None:
    with cache.changing([A]):
        file.unlink()
        cache._attach = lambda: Stamps(file / "nowhere", 0)
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING][-1] == (
        "the cache cannot be told of a write"
    )


def test_refuses_a_write_that_cannot_be_locked(cache: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.lockf", full)
    told = r"^the cache cannot be told of the write: \[Errno 37\] No locks available$"
    with pytest.raises(CacheAway, match=told), cache.changing([A]):
        raise AssertionError("it began")


FORK = """
import os, sys, threading
from pathlib import Path
import django
django.setup()
from kvstore.cache import cache, identity
from django.conf import settings
from tests.kvstore.cache.rows import owner, row
identity.name_of_database = owner  # there is no database
settings.KVSTORE_CACHE_URL, settings.KVSTORE_CACHE_FILE = sys.argv[1:]
settings.DATABASES["default"]["NAME"] = "/nowhere/db"

def load():
    return row(1)
def never():
    raise AssertionError("it was not kept")

mine = cache()
mine.read("default/a", load)
mine.read("default/b", load)
held, let_go = threading.Event(), threading.Event()
def hold():
    with mine.changing(["default/b"]):
        held.set()
        let_go.wait()
writer = threading.Thread(target=hold)
writer.start()
held.wait()
told, tell = os.pipe()
child = os.fork()
if not child:
    assert cache() is mine
    mine.read("default/a", never)                     # kept, and right: nobody wrote to it
    with mine.changing(["default/c"]):                # the parent's locks are not the child's
        pass
    assert mine.read("default/b", lambda: row(2)) == row(2)  # the parent is writing
    assert mine.ask("default/b") == (False, None, None)
    with mine.changing(["default/a"]):
        os.write(tell, b"x")
    with mine.changing(["default/b"]):                # once the parent has let go
        pass
    os._exit(0)
os.read(told, 1)
let_go.set()
writer.join()
assert os.waitpid(child, 0)[1] == 0
assert mine.read("default/a", lambda: row(2)) == row(2)  # the child wrote
print("right")
"""


@pytest.mark.parametrize("url", ["shm://", pytest.param("redis", marks=pytest.mark.service("redis-server"))])
def test_what_was_kept_before_a_fork_is_right_after_it(request: pytest.FixtureRequest, file: File, url: str) -> None:
    if url == "redis":
        request.getfixturevalue("redis")
        url = request.getfixturevalue("redis_url")
    ended = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORK, url, str(file)],
        cwd=PROJECT, env={**os.environ, "DJANGO_SETTINGS_MODULE": "buildserver.settings"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ended.stdout == "right\n", ended.stderr
