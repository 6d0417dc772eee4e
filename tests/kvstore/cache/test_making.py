"""Which cache the settings name, made once."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path as File
from typing import Any

import pytest
from django.db import connections
from pytest_django import Settings

from kvstore import cache as made_caches
from kvstore.cache import CacheAway, cache
from kvstore.cache.local import Local
from kvstore.cache.none import Closed, Nothing
from kvstore.cache.pending import Pending
from kvstore.cache.shared import Shared
from kvstore.conf import Conf
from kvstore.keys import Path
from tests.kvstore.cache.conftest import Database
from tests.kvstore.cache.rows import row

A = Path("default/a")
SQLITE, MYSQL = "django.db.backends.sqlite3", "django.db.backends.mysql"


@pytest.fixture(autouse=True)
def own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No cache of another test."""
    monkeypatch.setattr(made_caches, "_made", {})
    monkeypatch.setattr(made_caches, "_told", "")
    yield
    for made in made_caches._made.values():
        if isinstance(made, Pending):
            made.close()


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch, tmp_path: File) -> Any:
    """The settings of the records' database: sqlite in a file."""
    config = {**connections.settings["default"], "ENGINE": SQLITE, "NAME": tmp_path / "db.sqlite3"}
    monkeypatch.setitem(connections.settings, "default", config)
    return config


@pytest.fixture
def mysql(database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The records are in MySQL, whose client need not be there."""
    database.update(ENGINE=MYSQL, NAME="records")
    vendor_of = Conf._vendor
    monkeypatch.setattr(Conf, "_vendor", staticmethod(lambda engine: "mysql" if engine == MYSQL else vendor_of(engine)))


def test_without_a_setting_there_is_none(settings: Settings) -> None:
    del settings.KVSTORE_CACHE_URL
    assert type(cache()) is Nothing


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("none://", Nothing),
        ("shm://", Shared),
        ("memory://", Local),
        ("redis://127.0.0.1:1/0", Pending),
        ("rediss://127.0.0.1:1/0", Pending),
    ],
)
@pytest.mark.usefixtures("database")
def test_makes_what_the_url_names_once(settings: Settings, url: str, kind: type) -> None:
    settings.KVSTORE_CACHE_URL = url
    assert type(cache()) is kind
    assert cache() is cache()


def test_refuses_a_url_that_names_none(settings: Settings) -> None:
    settings.KVSTORE_CACHE_URL = "file:///somewhere"
    told = "^KVSTORE_CACHE_URL is none of none:// shm:// redis:// rediss:// memory://$"
    with pytest.raises(ValueError, match=told):
        cache()


def test_the_file_is_beside_that_of_the_database(settings: Settings, database: Any, tmp_path: File) -> None:
    settings.KVSTORE_CACHE_URL = "shm://"
    cache()
    assert (tmp_path / "db.sqlite3.kvcache").stat().st_size > 2**20


@pytest.mark.usefixtures("database")
def test_the_file_may_be_chosen(settings: Settings, tmp_path: File) -> None:
    settings.KVSTORE_CACHE_URL, settings.KVSTORE_CACHE_FILE = "shm://", str(tmp_path / "chosen")
    cache()
    assert [file.name for file in tmp_path.iterdir()] == ["chosen"]


@pytest.mark.parametrize("name", ["", ":memory:", "file:records?mode=memory&cache=shared"])
def test_a_database_in_memory_has_no_cache_for_others(settings: Settings, database: Any, name: str) -> None:
    settings.KVSTORE_CACHE_URL, settings.KVSTORE_CACHE_FILE = "shm://", "/nowhere/chosen"
    database["NAME"] = name
    assert type(cache()) is Nothing


@pytest.mark.usefixtures("database")
def test_a_system_without_byte_locks_has_none(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.KVSTORE_CACHE_URL = "shm://"
    monkeypatch.setattr(made_caches, "SHARES", False)
    assert type(cache()) is Nothing


def test_a_database_without_a_file_has_none_unless_one_is_named(
    settings: Settings, mysql: None, tmp_path: File
) -> None:
    settings.KVSTORE_CACHE_URL = "shm://"
    assert type(cache()) is Nothing
    settings.KVSTORE_CACHE_FILE = str(tmp_path / "chosen")
    assert type(cache()) is Shared


def lingers_s(made: Any) -> float:
    """For how long a slot stays closed whose writer is gone."""
    return made._here.stamps._linger_ns / 1e9


@pytest.mark.parametrize("url", ["shm://", "memory://"])
def test_a_writer_that_is_gone_may_be_committed_by_a_database_of_its_own_process_no_more(
    settings: Settings, database: Any, url: str
) -> None:
    settings.KVSTORE_CACHE_URL = url
    assert lingers_s(cache()) == 0


@pytest.mark.parametrize("url", ["shm://", "memory://"])
def test_a_writer_that_is_gone_may_be_committed_by_a_server_for_a_minute(
    settings: Settings, mysql: None, tmp_path: File, url: str
) -> None:
    settings.KVSTORE_CACHE_URL, settings.KVSTORE_CACHE_FILE = url, str(tmp_path / "chosen")
    assert lingers_s(cache()) == 60


@pytest.mark.usefixtures("database")
def test_keeps_as_many_bytes_as_the_setting_allows(settings: Settings, load: Database) -> None:
    settings.KVSTORE_CACHE_URL, settings.KVSTORE_CACHE_BYTES = "memory://", 1000
    load.row = row(1, bytes(2000))
    cache().read(A, load)
    cache().read(A, load)
    assert load.loads == 2


def test_where_the_file_cannot_be_made_reads_ask_the_database_and_writes_are_refused(
    settings: Settings, database: Any, tmp_path: File, load: Database, caplog: pytest.LogCaptureFixture
) -> None:
    settings.KVSTORE_CACHE_URL = "shm://"
    database["NAME"] = tmp_path / "later" / "db.sqlite3"
    assert type(cache()) is Closed
    load.row = row(1)
    assert cache().read(A, load) == row(1)
    told = "^the cache cannot be told of the write: .*No such file or directory: .*db.sqlite3.kvcache'$"
    with pytest.raises(CacheAway, match=told), cache().changing([A]):
        raise AssertionError("it began")
    assert [record.getMessage() for record in caplog.records] == ["the cache cannot be attached to"]
    (tmp_path / "later").mkdir()
    assert type(cache()) is Shared


@pytest.mark.usefixtures("database")
def test_threads_that_ask_first_get_the_same(settings: Settings) -> None:
    settings.KVSTORE_CACHE_URL = "shm://"
    found, together = [], threading.Barrier(8)

    def ask() -> None:
        together.wait()
        found.append(cache())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert made_caches._make(next(iter(made_caches._made))) is found[0]  # who waited for the lock


def test_who_reaches_the_database_by_a_link_meets_the_others(settings: Settings, database: Any, tmp_path: File) -> None:
    settings.KVSTORE_CACHE_URL = "shm://"
    first = cache()
    (tmp_path / "elsewhere").symlink_to(tmp_path)
    for name in (tmp_path / "elsewhere" / "db.sqlite3", f"file:{tmp_path}/elsewhere/db%2Esqlite3?cache=private"):
        database["NAME"] = name
        assert cache() is first


def test_a_new_process_makes_its_caches_fork_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    class Told(Nothing):
        def after_fork(self) -> None:
            told.append("forked")

    monkeypatch.setitem(made_caches._made, ("none://", "x"), Told())
    with made_caches._making:
        made_caches._after_fork()
        with made_caches._making:
            pass
    assert told == ["forked"]
    assert hasattr(os, "register_at_fork")
