"""System checks: settings with which the app would answer wrongly, each with an id and a hint."""

import importlib.util
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, Warning, register  # noqa: A004 - Django's name
from django.db import connections, router

from kvstore.conf import ACTIONS, STATEMENT_BYTES, conf

# A quarter below the largest row that sqlite takes by default, 10^9 bytes.
MAX_VALUE_BYTES = 750_000_000
OLDEST = {"sqlite": (3, 35), "MariaDB": (10, 5)}
CACHES = ("none", "shm", "redis", "rediss", "memory")


@register()
def check_settings(**_kwargs: Any) -> list[CheckMessage]:
    """E001 to E004: what the settings alone tell."""
    return [*check_max_value_bytes(), *check_allow(), *check_atomic_requests(), *check_use_tz()]


def check_max_value_bytes() -> list[CheckMessage]:
    """KVSTORE_MAX_VALUE_BYTES is a whole number that the database can hold."""
    limit = getattr(settings, "KVSTORE_MAX_VALUE_BYTES", 1)
    if isinstance(limit, int) and not isinstance(limit, bool) and 1 <= limit <= MAX_VALUE_BYTES:
        return []
    hint = f"Set it to a whole number of bytes from 1 to {MAX_VALUE_BYTES}; 1048576 is the default."
    return [Error(f"KVSTORE_MAX_VALUE_BYTES is {limit!r}", hint=hint, id="kvstore.E001")]


def check_allow() -> list[CheckMessage]:
    """KVSTORE_ALLOW lists actions that there are."""
    allow = getattr(settings, "KVSTORE_ALLOW", ())
    if isinstance(allow, list | tuple) and all(action in ACTIONS for action in allow):
        return []
    hint = f"Set it to a list of {' and '.join(ACTIONS)}, or leave it out: then nobody may do anything."
    return [Error(f"KVSTORE_ALLOW is {allow!r}", hint=hint, id="kvstore.E002")]


def check_atomic_requests() -> list[CheckMessage]:
    """A write is committed when the store returns, so no transaction may be around it."""
    alias = records_alias()
    if not connections[alias].settings_dict["ATOMIC_REQUESTS"]:
        return []
    hint = "Set it to False: each write of the store is a transaction of its own."
    return [Error(f"DATABASES[{alias!r}] has ATOMIC_REQUESTS", hint=hint, id="kvstore.E003")]


def check_use_tz() -> list[CheckMessage]:
    """Times are aware."""
    if settings.USE_TZ:
        return []
    return [Error("USE_TZ is False", hint="Set it to True: the times of records are aware, in UTC.", id="kvstore.E004")]


@register(Tags.database)
def check_database(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """E005, E006: the database of the records, where it is among `databases`, can do what the statements ask."""
    alias = records_alias()
    if alias not in (databases or ()):
        return []
    name, version = engine(alias)
    if name in OLDEST and version >= OLDEST[name]:
        return check_packet(alias) if name == "MariaDB" else []
    what = f"{name} {'.'.join(map(str, version))}"
    hint = "Use sqlite 3.35 or MariaDB 10.5, or later ones."
    return [Error(f"the database {alias!r} is {what}, where INSERT has no RETURNING", hint=hint, id="kvstore.E005")]


def check_packet(alias: str) -> list[CheckMessage]:
    """MariaDB takes a statement with the largest value, each of whose bytes may be escaped."""
    needed = 2 * max(conf.max_value_bytes, STATEMENT_BYTES) + 2**20
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT @@global.max_allowed_packet")
        packet = cursor.fetchone()[0]
    if packet >= needed:
        return []
    hint = f"Set max_allowed_packet of the server to {needed} or more, or KVSTORE_MAX_VALUE_BYTES lower."
    what = f"a value of {conf.max_value_bytes} bytes may not fit into max_allowed_packet, which is {packet}"
    return [Error(what, hint=hint, id="kvstore.E006")]


@register(Tags.caches)
def check_cache(**_kwargs: Any) -> list[CheckMessage]:
    """E010 to E014, W010, I010: what the cache's settings promise, and whether they can keep it."""
    wrong = [
        *check_whole("KVSTORE_CACHE_BYTES", 64 * 2**20, "kvstore.E012"),
        *check_whole("KVSTORE_PROCESSES", 1, "kvstore.E013"),
        *check_cache_url(),
        *check_cache_file(),
    ]
    return wrong or [*check_one_process(), *check_one_host(), *check_cache_is_possible()]


def check_whole(name: str, default: int, check_id: str) -> list[CheckMessage]:
    """A setting is a whole number from 1."""
    number = getattr(settings, name, default)
    if isinstance(number, int) and not isinstance(number, bool) and number >= 1:
        return []
    hint = f"Set it to a whole number from 1; {default} is the default."
    return [Error(f"{name} is {number!r}", hint=hint, id=check_id)]


def check_cache_url() -> list[CheckMessage]:
    """KVSTORE_CACHE_URL names a cache that there is. It may hold a password, and is not shown."""
    scheme, separator, _ = conf.cache_url.partition("://")
    hint = "Set it to none://, shm://, redis://host:port/number, rediss://host:port/number or memory://."
    if not separator or scheme not in CACHES:
        shown = f"has the scheme {scheme!a}" if separator else "has no scheme"
        return [Error(f"KVSTORE_CACHE_URL {shown}", hint=hint, id="kvstore.E010")]
    if scheme.startswith("redis"):
        from redis.connection import parse_url  # noqa: PLC0415 - loaded where it is used

        try:
            parse_url(conf.cache_url)  # type: ignore[no-untyped-call]
        except ValueError:
            hint = "Write it as redis://user:password@host:port/number, what is special in a password as %XX."
            return [Error("KVSTORE_CACHE_URL cannot be read", hint=hint, id="kvstore.E010")]
    return []


def check_cache_file() -> list[CheckMessage]:
    """KVSTORE_CACHE_FILE is the same file for every process, wherever it is started."""
    file = str(getattr(settings, "KVSTORE_CACHE_FILE", ""))
    if not file or Path(file).is_absolute():
        return []
    hint = "Set it to an absolute path, or leave it empty with sqlite: the file is then beside the database's."
    return [Error(f"KVSTORE_CACHE_FILE is {file!r}, which is relative", hint=hint, id="kvstore.E014")]


def check_one_process() -> list[CheckMessage]:
    """A cache of a process shows others' writes never."""
    if not conf.cache_url.startswith("memory://") or conf.processes == 1:
        return []
    hint = "Set KVSTORE_CACHE_URL to shm://, redis://… or none://, or serve with one process and write with no other."
    return [Error(f"memory:// is the cache of one process, and {conf.processes} serve", hint=hint, id="kvstore.E011")]


def check_one_host() -> list[CheckMessage]:
    """A file of stamps is seen by one host, a database server by many."""
    if not conf.cache_url.startswith("shm://") or not conf.database_is_apart:
        return []
    hint = "Use redis:// or none://, unless all servers, commands and shells that write run on this host."
    return [Warning("shm:// is right only when every writer shares this host", hint=hint, id="kvstore.W010")]


def check_cache_is_possible() -> list[CheckMessage]:
    """Where there is no shared file, every read asks the database."""
    if not conf.cache_url.startswith("shm://"):
        return []
    if importlib.util.find_spec("fcntl") is None:
        why, hint = "this system has no fcntl", "Set KVSTORE_CACHE_URL to none://, or to redis://…"
    elif not conf.cache_file:
        why = "KVSTORE_CACHE_FILE is not set" if conf.database_is_apart else "the database is in memory"
        hint = "Set it to a path of this host." if conf.database_is_apart else "Nothing needs to be done."
    else:
        return []
    return [Info(f"shm:// is not possible, so there is no cache: {why}", hint=hint, id="kvstore.I010")]


def records_alias() -> str:
    """The alias of the database in which the records are."""
    return router.db_for_write(apps.get_model("kvstore", "Record"))


def engine(alias: str) -> tuple[str, tuple[int, ...]]:
    """The name and the version of a database."""
    connection: Any = connections[alias]
    if connection.vendor == "sqlite":
        return "sqlite", sqlite3.sqlite_version_info
    if connection.vendor == "mysql":
        return "MariaDB" if connection.mysql_is_mariadb else "MySQL", connection.mysql_version
    return connection.display_name, connection.get_database_version()
