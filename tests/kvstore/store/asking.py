"""How the tests of the store write and read."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections

from kvstore import store
from kvstore.conditions import of_version
from kvstore.keys import Path, path_of
from tests.kvstore.conftest import ALIAS

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
K = path_of("default", "k")


def put(
    path: Path = K, value: bytes = b"1", now: datetime = START, *, version: int | None = None, **more: Any
) -> store.Written:
    condition = None if version is None else of_version(version)
    return store.put(path, store.Value(value, "application/json"), condition=condition, now=now, **more)


def absent(path: Path = K, now: datetime = START) -> int:
    """The revision that reading an absent key tells."""
    with pytest.raises(store.Absent) as raised:
        store.get(path, now)
    return raised.value.revision


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What the calls return or raise when each runs in a thread of its own, all started together."""
    barrier, results = threading.Barrier(len(calls)), [None] * len(calls)

    def run(at: int) -> None:
        try:
            barrier.wait()
            results[at] = calls[at]()
        except Exception as fault:  # noqa: BLE001 - the test looks at it
            results[at] = fault  # type: ignore[call-overload]
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[at]) for at in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def impatient(call: Callable[[], Any]) -> Any:
    """What the call returns on a connection that does not wait for a lock, nor for its turn."""
    wait = "PRAGMA busy_timeout = 0" if connections[ALIAS].vendor == "sqlite" else "SET innodb_lock_wait_timeout = 0"
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(wait)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("kvstore.backends.writers.wait_s_of", lambda _: 0)
        return call()
