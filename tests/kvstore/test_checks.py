"""Settings with which the app would answer wrongly are told by a check."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import connections
from pytest_django import Settings

from kvstore import checks
from kvstore.conf import Conf
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


# --- the cache ---------------------------------------------------------------------------------------------------

URLS = "Set it to none://, shm://, redis://host:port/number, rediss://host:port/number or memory://."


@pytest.fixture(autouse=True)
def without_a_cache(settings: Settings) -> None:
    """Where another test has put the database into memory, there is something to say of shm://."""
    settings.KVSTORE_CACHE_URL = "none://"


@pytest.fixture
def in_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """The settings of the database: sqlite in a file."""
    config = {**connections.settings["default"], "NAME": tmp_path / "db.sqlite3"}
    monkeypatch.setitem(connections.settings, "default", config)
    return config


@pytest.fixture
def apart(in_file: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The database is a server."""
    monkeypatch.setattr(Conf, "_vendor", staticmethod(lambda _engine: "mysql"))
    monkeypatch.setattr(Conf, "_file_beside", staticmethod(lambda _engine, _name, chosen: chosen))


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("", "has no scheme"),
        ("redis:secret@host", "has no scheme"),
        ("file://secret", "has the scheme 'file'"),
        ("SHM://", "has the scheme 'SHM'"),
    ],
)
def test_refuses_a_cache_that_there_is_not(settings: Settings, url: str, told: str) -> None:
    settings.KVSTORE_CACHE_URL = url
    assert found() == [("kvstore.E010", f"KVSTORE_CACHE_URL {told}", URLS)]


def test_refuses_an_address_of_redis_that_cannot_be_read_and_does_not_show_it(settings: Settings) -> None:
    settings.KVSTORE_CACHE_URL = "redis://user:se/cret@host"
    hint = "Write it as redis://user:password@host:port/number, what is special in a password as %XX."
    assert found() == [("kvstore.E010", "KVSTORE_CACHE_URL cannot be read", hint)]


@pytest.mark.parametrize("url", ["none://", "shm://", "memory://", "redis://h:1/0", "rediss://u:p@h:1/0"])
@pytest.mark.usefixtures("in_file")
def test_takes_the_caches_that_there_are(settings: Settings, url: str) -> None:
    settings.KVSTORE_CACHE_URL, settings.KVSTORE_PROCESSES = url, 1
    assert found() == []


def test_refuses_a_cache_a_process_where_several_serve(settings: Settings) -> None:
    settings.KVSTORE_CACHE_URL, settings.KVSTORE_PROCESSES = "memory://", 2
    hint = "Set KVSTORE_CACHE_URL to shm://, redis://… or none://, or serve with one process and write with no other."
    assert found() == [("kvstore.E011", "memory:// is the cache of one process, and 2 serve", hint)]


@pytest.mark.parametrize("number", [0, -1, "1", 1.5, True, None])
@pytest.mark.parametrize(
    ("name", "check_id", "default"),
    [("KVSTORE_CACHE_BYTES", "kvstore.E012", 67108864), ("KVSTORE_PROCESSES", "kvstore.E013", 1)],
)
def test_refuses_what_is_no_number_of_bytes_or_processes(
    settings: Settings, name: str, check_id: str, default: int, number: object
) -> None:
    settings.KVSTORE_CACHE_URL = "memory://"
    setattr(settings, name, number)
    hint = f"Set it to a whole number from 1; {default} is the default."
    assert found() == [(check_id, f"{name} is {number!r}", hint)]


@pytest.mark.usefixtures("apart")
def test_warns_that_a_server_may_have_writers_on_other_hosts(settings: Settings) -> None:
    settings.KVSTORE_CACHE_URL, settings.KVSTORE_CACHE_FILE = "shm://", "/var/cache/records"
    hint = "Use redis:// or none://, unless all servers, commands and shells that write run on this host."
    assert found() == [("kvstore.W010", "shm:// is right only when every writer shares this host", hint)]


@pytest.mark.usefixtures("apart")
def test_tells_that_a_server_needs_a_file_named(settings: Settings) -> None:
    settings.KVSTORE_CACHE_URL, settings.KVSTORE_CACHE_FILE = "shm://", ""
    told = "shm:// is not possible, so there is no cache: KVSTORE_CACHE_FILE is not set"
    assert found()[1] == ("kvstore.I010", told, "Set it to a path of this host.")


def test_tells_that_a_database_in_memory_has_no_cache(settings: Settings, in_file: dict[str, Any]) -> None:
    settings.KVSTORE_CACHE_URL = "shm://"
    in_file["NAME"] = ":memory:"
    told = "shm:// is not possible, so there is no cache: the database is in memory"
    assert found() == [("kvstore.I010", told, "Nothing needs to be done.")]


@pytest.mark.usefixtures("in_file")
def test_tells_that_a_system_without_fcntl_has_no_cache(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.KVSTORE_CACHE_URL = "shm://"
    monkeypatch.setattr(checks.importlib.util, "find_spec", lambda _name: None)
    told = "shm:// is not possible, so there is no cache: this system has no fcntl"
    assert found() == [("kvstore.I010", told, "Set KVSTORE_CACHE_URL to none://, or to redis://…")]


@pytest.mark.usefixtures("in_file")
def test_refuses_a_file_that_depends_on_where_a_process_was_started(settings: Settings) -> None:
    settings.KVSTORE_CACHE_URL, settings.KVSTORE_CACHE_FILE = "shm://", "var/cache"
    hint = "Set it to an absolute path, or leave it empty with sqlite: the file is then beside the database's."
    assert found() == [("kvstore.E014", "KVSTORE_CACHE_FILE is 'var/cache', which is relative", hint)]
