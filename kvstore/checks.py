"""System checks: settings with which the app would answer wrongly, each with an id and a hint."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections, router

from kvstore.conf import ACTIONS

# A quarter below the largest row that sqlite takes by default, 10^9 bytes.
MAX_VALUE_BYTES = 750_000_000
OLDEST = {"sqlite": (3, 35), "MariaDB": (10, 5)}


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
    """E005: the database of the records, where it is among `databases`, can return what a statement wrote."""
    alias = records_alias()
    if alias not in (databases or ()):
        return []
    name, version = engine(alias)
    if name in OLDEST and version >= OLDEST[name]:
        return []
    what = f"{name} {'.'.join(map(str, version))}"
    hint = "Use sqlite 3.35 or MariaDB 10.5, or later ones."
    return [Error(f"the database {alias!r} is {what}, where INSERT has no RETURNING", hint=hint, id="kvstore.E005")]


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
