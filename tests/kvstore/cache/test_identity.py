"""What a database is called outside of it."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from pytest_django import Settings
from redis import Redis

from kvstore.cache import cache
from kvstore.cache.identity import name_of_database
from kvstore.keys import Path as KeyPath
from kvstore.models import Identity
from tests.kvstore.cache.conftest import Database, run_of
from tests.kvstore.conftest import ALIAS, MIGRATED, RecordsHere, add, remove, sqlite_settings


@pytest.mark.usefixtures("records")
def test_it_is_drawn_once() -> None:
    Identity.objects.using(ALIAS).all().delete()
    name = name_of_database()
    assert re.fullmatch("kvstore:[0-9a-f]{32}", name)
    assert name_of_database() == name


@pytest.mark.usefixtures("records")
def test_those_who_draw_at_the_same_time_agree() -> None:
    Identity.objects.using(ALIAS).all().delete()

    def ask(_: int) -> str:
        try:
            return name_of_database()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1


@pytest.mark.usefixtures("records")
def test_another_database_has_another(tmp_path: Path, settings: Settings) -> None:
    name = name_of_database()
    add("another", sqlite_settings(tmp_path / "another.sqlite3"))
    settings.DATABASE_ROUTERS = [RecordsHere("another")]
    MigrationExecutor(connections["another"]).migrate(MIGRATED)
    assert name_of_database() != name
    remove("another")


@pytest.mark.service("redis-server")
@pytest.mark.usefixtures("records")
def test_what_is_in_a_redis_is_under_it(settings: Settings, redis: Redis, redis_url: str, load: Database) -> None:
    settings.KVSTORE_CACHE_URL = redis_url
    redis.flushall()
    cache().read(KeyPath("default/a"), load)
    assert {name.decode().rpartition(f":{run_of(redis)}:")[0] for name in redis.scan_iter()} == {name_of_database()}


@pytest.mark.usefixtures("records")
def test_it_is_not_made_up_while_the_database_is_away(settings: Settings, tmp_path: Path) -> None:
    add("away", sqlite_settings(tmp_path / "no directory" / "db.sqlite3"))
    settings.DATABASE_ROUTERS = [RecordsHere("away")]
    with pytest.raises(DatabaseError, match="unable to open database file"):
        name_of_database()
    remove("away")
