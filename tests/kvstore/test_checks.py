"""Settings with which the app would answer wrongly are told by a check."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import connections
from pytest_django import Settings

from kvstore import checks
from tests.kvstore.conftest import ALIAS


def found(**more: Any) -> list[tuple[str | None, str, str | None]]:
    """Ids, messages and hints of the app's checks."""
    return [(fault.id, fault.msg, fault.hint) for fault in run_checks(**more) if str(fault.id).startswith("kvstore.")]


def test_the_project_is_right() -> None:
    assert found() == []


def test_a_project_that_sets_nothing_is_right(settings: Settings) -> None:
    del settings.KVSTORE_MAX_VALUE_BYTES
    assert found() == []


@pytest.mark.parametrize("limit", [0, -1, 750_000_001, "1048576", 1.5, True, None])
def test_refuses_a_limit_that_no_database_holds(settings: Settings, limit: object) -> None:
    settings.KVSTORE_MAX_VALUE_BYTES = limit
    hint = "Set it to a whole number of bytes from 1 to 750000000; 1048576 is the default."
    assert found() == [("kvstore.E001", f"KVSTORE_MAX_VALUE_BYTES is {limit!r}", hint)]


@pytest.mark.parametrize("limit", [1, 750_000_000])
def test_takes_a_limit_within_what_databases_hold(settings: Settings, limit: int) -> None:
    settings.KVSTORE_MAX_VALUE_BYTES = limit
    assert found() == []


@pytest.mark.parametrize("allow", ["kv:read", ["kv:reed"], ["kv:read", None], None, {"kv:read": True}])
def test_refuses_actions_that_there_are_not(settings: Settings, allow: object) -> None:
    settings.KVSTORE_ALLOW = allow
    hint = "Set it to a list of kv:read and kv:write and admin, or leave it out: then nobody may do anything."
    assert found() == [("kvstore.E002", f"KVSTORE_ALLOW is {allow!r}", hint)]


@pytest.mark.parametrize("allow", [[], ("kv:read",), ["kv:write", "kv:read"]])
def test_takes_a_list_of_actions(settings: Settings, allow: object) -> None:
    settings.KVSTORE_ALLOW = allow
    assert found() == []


def test_refuses_a_transaction_around_each_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connections["default"].settings_dict, "ATOMIC_REQUESTS", True)
    hint = "Set it to False: each write of the store is a transaction of its own."
    assert found() == [("kvstore.E003", "DATABASES['default'] has ATOMIC_REQUESTS", hint)]


def test_refuses_times_without_a_zone(settings: Settings) -> None:
    settings.USE_TZ = False
    assert found() == [("kvstore.E004", "USE_TZ is False", "Set it to True: the times of records are aware, in UTC.")]


@pytest.mark.usefixtures("records")
def test_the_databases_of_the_tests_are_taken() -> None:
    assert checks.check_database([ALIAS]) == []


@pytest.mark.parametrize(
    ("database", "what"),
    [
        ({"vendor": "mysql", "mysql_is_mariadb": True, "mysql_version": (10, 4, 30)}, "MariaDB 10.4.30"),
        ({"vendor": "mysql", "mysql_is_mariadb": False, "mysql_version": (8, 4, 0)}, "MySQL 8.4.0"),
        (
            {"vendor": "postgresql", "display_name": "PostgreSQL", "get_database_version": lambda: (17, 1)},
            "PostgreSQL 17.1",
        ),
    ],
)
def test_refuses_a_database_whose_insert_returns_nothing(
    monkeypatch: pytest.MonkeyPatch, database: dict[str, Any], what: str
) -> None:
    monkeypatch.setattr(checks, "connections", {"default": SimpleNamespace(**database)})
    (fault,) = checks.check_database(["default"])
    assert fault.id == "kvstore.E005"
    assert fault.msg == f"the database 'default' is {what}, where INSERT has no RETURNING"
    assert fault.hint == "Use sqlite 3.35 or MariaDB 10.5, or later ones."


@pytest.mark.usefixtures("records")
def test_refuses_values_that_do_not_fit_into_a_packet_of_mariadb(settings: Settings) -> None:
    with connections[ALIAS].cursor() as cursor:
        if connections[ALIAS].vendor == "sqlite":
            settings.KVSTORE_MAX_VALUE_BYTES = checks.MAX_VALUE_BYTES
            assert checks.check_database([ALIAS]) == []
            return
        cursor.execute("SELECT @@global.max_allowed_packet")
        packet = cursor.fetchone()[0]
    settings.KVSTORE_MAX_VALUE_BYTES = largest = (packet - 2**20) // 2
    assert checks.check_database([ALIAS]) == []
    settings.KVSTORE_MAX_VALUE_BYTES += 1
    (fault,) = checks.check_database([ALIAS])
    assert fault.id == "kvstore.E006"
    assert fault.msg == f"a value of {largest + 1} bytes may not fit into max_allowed_packet, which is {packet}"
    assert fault.hint == (
        f"Set max_allowed_packet of the server to {packet + 2} or more, or KVSTORE_MAX_VALUE_BYTES lower."
    )


def test_refuses_an_old_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks.sqlite3, "sqlite_version_info", (3, 34, 1))
    assert found(databases=["default"])[0][:2] == (
        "kvstore.E005", "the database 'default' is sqlite 3.34.1, where INSERT has no RETURNING",
    )  # fmt: skip


def test_asks_no_database_that_is_not_to_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "OLDEST", {})
    assert found() == []
    assert found(databases=["other"]) == [] if "other" in connections else True
