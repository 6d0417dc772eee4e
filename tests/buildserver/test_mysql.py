"""Kept connections to MariaDB that live, and that the server has closed meanwhile."""

import select
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, ProgrammingError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from environ import Env
from pytest_django import DjangoDbBlocker

pytestmark = pytest.mark.service("mariadbd")
ALIAS = "kept"


@pytest.fixture
def kept(mariadb: str, django_db_blocker: DjangoDbBlocker) -> Iterator[BaseDatabaseWrapper]:
    """A connection that was used in a request before this one."""
    config = {**Env.db_url_config(mariadb), "ENGINE": "buildserver.mysql", "CONN_HEALTH_CHECKS": True}
    config["CONN_MAX_AGE"] = None
    default = settings.DATABASES["default"]
    connections.settings[ALIAS] = connections.configure_settings({"default": default, ALIAS: config})[ALIAS]
    with django_db_blocker.unblock():
        connection = connections[ALIAS]
        assert asked(connection) == 1
        connection.close_if_unusable_or_obsolete()
        yield connection
        connection.close()
        del connections[ALIAS], connections.settings[ALIAS]


def asked(connection: BaseDatabaseWrapper) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return int(cursor.fetchone()[0])


def end(connection: Any) -> None:
    """Have the server close it, and wait until this end could see it."""
    poll = select.poll()
    poll.register(connection.connection.fileno(), select.POLLIN)
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute(f"KILL {connection.connection.thread_id()}")
    other.close()
    assert poll.poll(30_000)


def pings(connection: BaseDatabaseWrapper) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW SESSION STATUS LIKE 'Com_admin_commands'")
        return int(cursor.fetchone()[1])


def test_a_living_connection_is_kept_without_a_ping(kept: Any) -> None:
    before, number = kept.connection, pings(kept)
    for _ in range(3):
        kept.close_if_unusable_or_obsolete()  # a request ends, and another begins
        assert asked(kept) == 1
    assert kept.connection is before
    assert pings(kept) == number


def test_a_read_goes_to_a_new_connection_where_the_server_has_closed_the_kept_one(kept: Any) -> None:
    before = kept.connection
    end(kept)
    assert asked(kept) == 1
    assert kept.connection is not before


def test_a_transaction_does_too(kept: Any) -> None:
    before = kept.connection
    end(kept)
    with transaction.atomic(using=ALIAS, durable=True):
        assert asked(kept) == 1
    assert kept.connection is not before


def test_one_that_is_closed_within_a_request_fails_once_and_is_replaced_in_the_next(kept: Any) -> None:
    before = kept.connection
    assert asked(kept) == 1
    end(kept)
    with pytest.raises(OperationalError):
        asked(kept)
    kept.close_if_unusable_or_obsolete()
    assert kept.connection is None
    assert asked(kept) == 1
    assert kept.connection is not before


def test_after_an_error_a_ping_decides(kept: Any) -> None:
    number = pings(kept)
    with pytest.raises(ProgrammingError), kept.cursor() as cursor:
        cursor.execute("SELECT 1 FROM no_such_table")
    kept.close_if_unusable_or_obsolete()
    assert pings(kept) == number + 1


def test_a_connection_that_is_closed_here_is_not_usable(kept: Any) -> None:
    kept.connection.close()
    assert not kept.is_usable()
    kept.connection = None
