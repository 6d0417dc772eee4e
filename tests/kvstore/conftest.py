"""The records in a database of their own, on each database that there is; and a clock that a test moves."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from environ import Env
from pytest_django import DjangoDbBlocker, Settings

ALIAS = "records"
MIGRATED = [("kvstore", "0004_fewer_pages")]
TABLES = ("kvstore_record", "kvstore_change", "kvstore_answer", "kvstore_namespace")
MYSQL = {
    "charset": "utf8mb4",
    "isolation_level": "read committed",
    "init_command": "SET sql_mode='STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE'",
}


class RecordsHere:
    """A router that sends the app's models to one alias."""

    def __init__(self, alias: str = ALIAS) -> None:
        self.alias = alias

    def db_for_read(self, model: Any, **_hints: Any) -> str | None:
        return self.alias if model._meta.app_label == "kvstore" else None

    db_for_write = db_for_read


def sqlite_settings(path: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": settings.DATABASES["default"]["OPTIONS"],
    }


def add(alias: str, config: dict[str, Any]) -> None:
    """Make `connections[alias]`, which DATABASES does not know."""
    configured = connections.configure_settings({"default": settings.DATABASES["default"], alias: config})
    connections.settings[alias] = configured[alias]


def remove(alias: str) -> None:
    from kvstore.backends.writers import close_writers  # noqa: PLC0415 - pytest may read this file before Django knows its apps

    close_writers()
    connections[alias].close()
    del connections[alias]
    del connections.settings[alias]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("mariadb", marks=pytest.mark.service("mariadbd"))])
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker
) -> Iterator[str]:
    """The kind of a migrated database, reached as ALIAS."""
    if request.param == "sqlite":
        add(ALIAS, sqlite_settings(tmp_path_factory.mktemp("records") / "db.sqlite3"))
    else:
        url = request.getfixturevalue("mariadb")
        add(ALIAS, dict(Env.db_url_config(url)) | {"OPTIONS": MYSQL})
    with django_db_blocker.unblock():
        MigrationExecutor(connections[ALIAS]).migrate(MIGRATED)
        yield request.param
        empty()  # the first release had no namespaces without a write
        MigrationExecutor(connections[ALIAS]).migrate([("kvstore", None)])
        remove(ALIAS)


@pytest.fixture
def records(database: str, settings: Settings, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The kind of the database, empty, where the app's models are for one test."""
    settings.DATABASE_ROUTERS = [RecordsHere()]
    with django_db_blocker.unblock():
        clear()
        yield database


def clear() -> None:
    """Empty the tables, past the store."""
    from kvstore.store import sweeping  # noqa: PLC0415 - pytest may read this file before Django knows its apps

    empty()
    sweeping.forget_cached()


def empty() -> None:
    """Delete every row."""
    with connections[ALIAS].cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DELETE FROM {table}")


class Clock:
    """Time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

    def move(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of the views."""
    moved = Clock()
    monkeypatch.setattr(timezone, "now", lambda: moved.now)
    return moved
