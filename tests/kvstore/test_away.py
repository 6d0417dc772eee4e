"""Every route of records while the database is away, and while the cache is: 503 for what needs it, never a 500."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connections
from django.urls import URLPattern
from pytest_django import Settings

from kvstore import cache as caches
from kvstore import urls
from kvstore.backends import Rows
from kvstore.backends.writers import close_writers
from tests.kvstore.conftest import ALIAS
from tests.kvstore.hostile import JSON, ROOT, get, put, save, txn, with_value
from tests.kvstore.test_hostile import dump, txn_of
from tests.kvstore.views.conftest import document
from tests.kvstore.wire import Answer, Request, is_problem, send
from tests.services import free_port

pytestmark = pytest.mark.usefixtures("records")
KEY = f"{ROOT}/ns/keys/a"
STREAM = get(f"{ROOT}/ns/changes?since=1", Accept="text/event-stream")
# For each operation of the OpenAPI document what a client asks of the key `a`, which is there in both namespaces.
ASKED: dict[str, list[Request]] = {
    "kv_save": [
        save(with_value("1")), save('{"key": "a", "value": 1, "version": 1}'), save('{"key": "b", "value": 1}'),
    ],
    "kv_get": [get("/get?key=a"), get("/get?key=%61")],
    "kv_get_by_path": [get("/get/a"), get("/get/%61")],
    "kv_delete": [Request("DELETE", "/delete?key=a")],
    "kv_delete_by_path": [Request("DELETE", "/delete/a")],
    "kv_read": [get(KEY), get(KEY, If_None_Match='"1"')],
    "kv_write": [put(), put(If_Match='"1"'), put(target=f"{ROOT}/ns/keys/b", If_None_Match="*")],
    "kv_remove": [Request("DELETE", KEY), Request("DELETE", KEY, headers={"If-Match": "*"})],
    "kv_touch": [Request("POST", f"{KEY}?touch&ttl=60")],
    "kv_list": [get(f"{ROOT}/ns/keys"), get(f"{ROOT}/ns/keys?values=true&delimiter=/")],
    "kv_txn": [txn(txn_of('{"put": {"key": "a", "value": 1}}, {"get": {"key": "a"}}'))],
    "kv_changes": [get(f"{ROOT}/ns/changes"), get(f"{ROOT}/ns/changes?since=1&wait=0.01")],
    "kv_history": [get(f"{ROOT}/ns/history/a"), get(f"{ROOT}/ns/history/a?version=1")],
    "kv_restore": [Request("POST", f"{ROOT}/ns/history/a", b'{"restore": 1}', JSON)],
    "kv_quota": [get(f"{ROOT}/ns/quota")],
    "kv_set_quota": [Request("PUT", f"{ROOT}/ns/quota", b"{}", JSON)],
    "kv_delete_namespace": [Request("DELETE", f"{ROOT}/ns")],
    "kv_namespaces": [get(ROOT)],
}  # fmt: skip
# What changes no record, and so needs no cache to be told.
CHANGES_NO_RECORD = {"kv_set_quota"}


def operations() -> dict[str, tuple[str, str]]:
    """Verb and path of each operation of the document, by its name."""
    paths = document()["paths"]
    return {one["operationId"]: (verb, path) for path, verbs in paths.items() for verb, one in verbs.items()}


OPERATIONS = sorted(ASKED)


def asked(operation: str) -> Iterator[Request]:
    """All that is asked of an operation: with HEAD for GET, and with an Idempotency-Key where one is taken."""
    for request in ASKED[operation]:
        yield request
        if request.verb == "GET":
            yield replace(request, verb="HEAD")
        if request.verb == "POST":
            yield replace(request, headers={**request.headers, "Idempotency-Key": "one"})


def refused(request: Request) -> Answer:
    """503, as it is documented."""
    answer = send(request)
    assert (answer.status, answer.headers.get("Retry-After")) == (503, "5"), (request, answer)
    assert is_problem(answer) or request.verb == "HEAD"
    return answer


@pytest.fixture(autouse=True)
def something(records: str) -> None:
    """The key a, in both namespaces."""
    for request in (save(with_value("0")), put(b"0")):
        assert send(request).status == 201


def test_each_route_has_its_operations_in_the_document_and_each_operation_is_asked() -> None:
    assert sorted(operations()) == OPERATIONS
    found = {(verb.upper(), path) for verb, path in operations().values()}
    for route in urls.urlpatterns:
        assert isinstance(route, URLPattern)
        path = "/" + str(route.pattern).replace("<str:", "{").replace("<kvstore_key:", "{").replace(">", "}")
        verbs = {verb.upper() for verb in route.callback.view_class.http_method_names} - {"HEAD"}  # type: ignore[attr-defined]
        assert {(verb, path) for verb in verbs} <= found
        found -= {(verb, path) for verb in verbs}
    assert not found
    for name, (verb, _) in operations().items():
        assert {request.verb for request in ASKED[name]} == {verb.upper()}


# --- the database


@contextmanager
def database_away(kind: str) -> Iterator[None]:
    """Nothing is where the database was."""
    connection: Any = connections[ALIAS]
    kept = dict(connection.settings_dict)
    connection.close()
    away = {"NAME": "/proc/no/such/database"} if kind == "sqlite" else {"PORT": str(free_port())}
    connection.settings_dict.update(away)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.clear()
        connection.settings_dict.update(kept)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_without_the_database_each_route_is_503_and_works_again_after(
    records: str, operation: str, settings: Settings
) -> None:
    settings.KVSTORE_CACHE_URL = "none://"
    settings.MAX_WATCHERS = 1
    before = dump()
    with database_away(records):
        for request in [*asked(operation), *([STREAM] if operation == "kv_changes" else [])]:
            answer = refused(request)
            assert request.verb == "HEAD" or answer.json()["detail"] == "the database is away"
    assert dump() == before
    assert send(ASKED[operation][0]).status < 300


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_connection_that_is_lost_between_two_requests_is_503_at_most_once(records: str, operation: str) -> None:
    if records == "sqlite":
        return  # there is none that could be lost
    request = ASKED[operation][0]
    lose_connection()
    answer = send(request)
    if answer.status >= 300:
        assert refused_as_away(answer)
        assert send(request).status < 300


def lose_connection() -> None:
    """The server ends the one that is kept."""
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("SELECT CONNECTION_ID()")
        (number,) = cursor.fetchone()
    other = connections[ALIAS].copy()
    with other.cursor() as cursor:
        cursor.execute(f"KILL {number}")
    other.close()


def refused_as_away(answer: Answer) -> bool:
    return (answer.status, answer.headers.get("Retry-After")) == (503, "5") and is_problem(answer)


def test_a_database_without_room_is_507_and_has_what_it_had(records: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = dump()
    with full(records, monkeypatch):
        for request in (put(b"x" * 2**20), save(with_value(f'"{"x" * 2**19}"'))):
            answer = send(request)
            assert (answer.status, is_problem(answer)) == (507, True), answer
            assert "Retry-After" not in answer.headers
            assert answer.json()["detail"] == "the database is full"
        assert send(get(KEY)).body == b"0"
    assert dump() == before
    assert send(put(b"x" * 2**20)).status == 200


@contextmanager
def full(kind: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Sqlite may take no page more; MariaDB, whose disk is ours too, says what it would say."""
    connection: Any = connections[ALIAS]
    with monkeypatch.context() as patched:
        if kind == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("VACUUM")
                cursor.execute("PRAGMA page_count")
                bound = f"PRAGMA max_page_count = {cursor.fetchone()[0]};"
            options = connection.settings_dict["OPTIONS"]
            patched.setitem(
                connection.settings_dict, "OPTIONS", {**options, "init_command": options["init_command"] + bound}
            )
            connection.close()
            close_writers()
            yield
            connection.close()
            close_writers()
            return

        def fail(*_: Any) -> None:
            raise OperationalError(1114, "The table 'kvstore_record' is full")

        patched.setattr(Rows, "put", fail)
        yield


@pytest.fixture
def cache_here(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A cache of this process; it has no file, whose name would be the database's."""
    settings.KVSTORE_CACHE_FILE = str(tmp_path / "none")
    monkeypatch.setattr(caches, "_made", {})
    settings.KVSTORE_CACHE_URL = "memory://"


def test_without_the_database_the_cache_answers_what_it_knows(records: str, cache_here: None) -> None:
    known = [get("/get?key=a"), get("/get/a"), get(f"{ROOT}/ns/keys/a"), get(f"{ROOT}/ns/keys/a", If_None_Match='"1"')]
    told = [send(request) for request in known]
    assert [answer.status for answer in told] == [200, 200, 200, 304]
    with database_away(records):
        assert [send(request) for request in known] == told
        refused(get("/get?key=never-read"))
        refused(save(with_value("1")))
        refused(get("/get?key=a"))  # after a write that may have happened


# --- the cache


@pytest.fixture(params=["nothing listens", "nothing answers", "it refuses", "the file is closed"])
def cache_away(request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A cache that other processes may have, and that this one does not reach."""
    monkeypatch.setattr(caches, "_made", {})
    with socket.socket() as listener:
        if request.param == "the file is closed":
            settings.KVSTORE_CACHE_URL = "shm://"
            settings.KVSTORE_CACHE_FILE = "/proc/no/such/file"
        else:
            port = free_port()
            if request.param != "nothing listens":
                listener.bind(("127.0.0.1", port))
                listener.listen(1)
            settings.KVSTORE_CACHE_URL = f"redis://127.0.0.1:{port}/0"
        yield request.param


@pytest.mark.parametrize("operation", OPERATIONS)
def test_without_the_cache_reads_come_from_the_database_and_writes_are_503(cache_away: str, operation: str) -> None:
    before = dump()
    for request in asked(operation):
        if request.verb in ("GET", "HEAD") or operation in CHANGES_NO_RECORD:
            assert send(request).status in (200, 304), request
        else:
            assert "the cache is away" in refused(request).json()["detail"]
    assert operation in CHANGES_NO_RECORD or dump() == before


def test_without_the_cache_a_txn_that_only_reads_is_answered(cache_away: str) -> None:
    reads = txn('{"compare": [{"key": "a", "version": 1}], "success": [{"get": {"key": "a"}}]}')
    answer = send(reads)
    assert (answer.status, answer.json()["succeeded"]) == (200, True)


def test_a_kept_answer_is_given_without_the_cache(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    request = Request("POST", "/save", with_value("1").encode(), {**JSON, "Idempotency-Key": "one"})
    told = send(request)
    monkeypatch.setattr(caches, "_made", {})
    settings.KVSTORE_CACHE_URL = f"redis://127.0.0.1:{free_port()}/0"
    assert send(request) == told
    refused(replace(request, headers={**JSON, "Idempotency-Key": "two"}))
