"""From one database to the other and back."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from environ import Env
from pytest_django import DjangoDbBlocker, Settings

from kvstore import exports, metadata, store
from kvstore.keys import path_of
from kvstore.store import importing, namespaces, sweeping
from kvstore.store.exporting import export
from kvstore.store.merging import OnConflict, Wanted
from tests.kvstore.conftest import ALIAS, MIGRATED, MYSQL, RecordsHere, add, clear, remove, sqlite_settings

pytestmark = pytest.mark.service("mariadbd")

OTHER = "other"
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ALPHABET = "aAéÉ/ .~\\%_😀"


@pytest.fixture
def both(mariadb: str, tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """ALIAS is sqlite, OTHER is MariaDB."""
    add(ALIAS, sqlite_settings(tmp_path / "db.sqlite3"))
    add(OTHER, dict(Env.db_url_config(mariadb)) | {"OPTIONS": MYSQL})
    with django_db_blocker.unblock():
        for alias in (ALIAS, OTHER):
            MigrationExecutor(connections[alias]).migrate(MIGRATED)
        yield
        for alias in (OTHER, ALIAS):
            MigrationExecutor(connections[alias]).migrate([("kvstore", None)])
            remove(alias)


def fill(random: Random) -> None:
    """A thousand writes of all kinds."""
    types = ["application/json", "text/plain; charset=utf-8", "application/octet-stream"]
    for number in range(1000):
        now = START + timedelta(microseconds=random.randrange(10**12))
        path = path_of(random.choice(["ci", "ci-2", "z"]), "".join(random.choices(ALPHABET, k=random.randint(1, 2))))
        if number % 5 == 4:
            try:
                store.delete(path, now=now)
            except store.Absent:
                continue
            continue
        kind = random.choice(types)
        data = b"%d" % random.randrange(10**30) if kind == types[0] else random.randbytes(random.choice([0, 1, 9, 999]))
        meta = metadata.text_of({"owner": "é\\\"'", "n": str(number)}) if number % 3 else ""
        ttl_s = random.choice([None, None, 1e7, 1e7 + 1e-6, 1.5])
        store.put(path, store.Value(data, kind, meta), ttl_s=ttl_s, now=now, author=random.choice(["", "laptop", "é"]))
    namespaces.delete("z", now=START + timedelta(30))


@pytest.mark.parametrize("history", [False, True])
def test_from_sqlite_to_mariadb_and_back_nothing_is_lost(both: None, history: bool, settings: Settings) -> None:
    def use(alias: str) -> None:
        settings.DATABASE_ROUTERS = [RecordsHere(alias)]

    def exported() -> bytes:
        return b"".join(map(exports.encode, export(history=history, now=now)))

    def copy(data: bytes) -> None:
        wanted = Wanted(OnConflict.FAIL, lambda: now, 2**20, history=history)
        assert importing.run(io.BytesIO(data), wanted).created > 99

    now = START + timedelta(30)
    use(ALIAS)
    fill(Random(4))  # noqa: S311 - the same each time
    assert sum(sweeping.expire(now))
    first = exported()
    use(OTHER)
    copy(first)
    there = exported()
    use(ALIAS)
    clear()
    copy(there)
    back = exported()
    assert back == there
    assert without_revisions(there) == without_revisions(first)
    assert history or there == first


def without_revisions(data: bytes) -> list[exports.Item]:
    """The items, with the place in the file as the revision of each old value."""
    items = [item for _, item in exports.read(io.BytesIO(data), 2**20)]
    return [replace(item, revision=at) if isinstance(item, exports.Change) else item for at, item in enumerate(items)]
