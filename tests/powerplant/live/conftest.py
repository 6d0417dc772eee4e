"""The carriers of each kind, as many as there are processes; a hub that a test has for itself."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from environ import Env
from pytest_django import DjangoDbBlocker
from redis import Redis

from powerplant.live import hub
from powerplant.live.carriers import Carrier, Channel, File, Table
from powerplant.live.hub import Hub

MYSQL = {
    "charset": "utf8mb4",
    "isolation_level": "read committed",
    "init_command": "SET sql_mode='STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE'",
}
Make = Callable[[], Carrier]
EACH = ["sqlite", pytest.param("mariadb", marks=pytest.mark.service("mariadbd")),
        pytest.param("redis", marks=pytest.mark.service("redis-server"))]  # fmt: skip
LOGS = EACH[:2]


def aliases(url: str) -> Iterator[str]:
    """Aliases of one database, each with a connection of its own, as two processes have."""
    config = {**Env.db_url_config(url), "OPTIONS": MYSQL}
    number = 0
    while True:
        alias = f"live{number}"
        everything: dict[str, Any] = {"default": settings.DATABASES["default"], alias: dict(config)}
        connections.settings[alias] = connections.configure_settings(everything)[alias]
        number += 1
        yield alias


@pytest.fixture
def tables(request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker) -> Iterator[Iterator[str]]:
    """Aliases of a MariaDB in which the app is migrated."""
    made = aliases(request.getfixturevalue("mariadb"))
    first = next(made)
    with django_db_blocker.unblock():
        MigrationExecutor(connections[first]).migrate([("powerplant", "0002_live")])
        yield made
        MigrationExecutor(connections[first]).migrate([("powerplant", None)])
        for alias in [alias for alias in connections.settings if alias.startswith("live")]:
            connections[alias].close()
            del connections[alias], connections.settings[alias]


@pytest.fixture(params=EACH)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Makes carriers of one kind that reach one another, and closes them."""
    made: list[Carrier] = []
    kind = request.param
    if kind == "redis":
        with Redis.from_url(request.getfixturevalue("redis_url")) as client:
            client.flushall()
    tables = request.getfixturevalue("tables") if kind == "mariadb" else iter(())

    def make() -> Carrier:
        carrier: Carrier = {
            "sqlite": lambda: File(tmp_path / "live.sqlite3"),
            "mariadb": lambda: Table(next(tables)),
            "redis": lambda: Channel(request.getfixturevalue("redis_url")),
        }[kind]()
        made.append(carrier)
        return carrier

    yield make
    for carrier in made:
        carrier.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hubs that do not wait between their rounds."""
    monkeypatch.setattr(hub, "PACE_S", 0.001)
    monkeypatch.setattr(hub, "RETRY_S", 0.001)


@pytest.fixture
def own_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Hub:
    """The hub of the views for one test, with a file of its own."""
    own = Hub(lambda: File(tmp_path / "live.sqlite3"))
    monkeypatch.setattr("powerplant.live.HUB", own)
    monkeypatch.setattr("powerplant.live.views.HUB", own)
    return own
