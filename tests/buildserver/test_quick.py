"""The short way answers as the long one does, to the byte, or leaves it to that."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoDbBlocker, Settings

from buildserver.bodies import Handler
from buildserver.quick import Application
from kvstore import quick, store
from kvstore.keys import path_of
from tests.conftest import KEY, READER
from tests.kvstore.conftest import MIGRATED, RecordsHere, add, remove, sqlite_settings

NAMESPACE = "/api/v1/namespaces/team-a/keys/"
KEYS = ["plain", "a/b", "json", "meta", "expires", "é", "a b", "gone"]
ENVIRON = {
    "REQUEST_METHOD": "GET", "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8888", "HTTP_HOST": "127.0.0.1:8888",
    "SERVER_PROTOCOL": "HTTP/1.1", "SCRIPT_NAME": "", "REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http",
    "HTTP_AUTHORIZATION": f"Bearer {KEY}", "HTTP_X_REQUEST_ID": "the-id", "QUERY_STRING": "",
}  # fmt: skip
Answer = tuple[str, list[tuple[str, str]], bytes]


def ask(application: Any, **environ: str) -> Answer:
    told: list[Any] = []
    whole = {**ENVIRON, "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO(), **environ}
    response = application(whole, lambda status, headers: told.extend([status, headers]))
    body = b"".join(response)
    if hasattr(response, "close"):
        response.close()
    return told[0], sorted(told[1]), body


@pytest.fixture
def known(tmp_path: Path, settings: Settings, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Records of all kinds that this process has read."""
    add("quick", sqlite_settings(tmp_path / "db.sqlite3"))
    settings.DATABASE_ROUTERS = [RecordsHere("quick")]
    with django_db_blocker.unblock():
        MigrationExecutor(connections["quick"]).migrate(MIGRATED)
        now, long = timezone.now(), Handler()
        for namespace in ("team-a", "default"):
            for key in KEYS:
                kind = "text/plain" if key == "plain" else "application/json"
                value = store.Value(b'{"a": [1,  2]}', kind, '{"who":"me \\u00e9"}' if key == "meta" else "")
                store.put(path_of(namespace, key), value, ttl_s=100 if key == "expires" else None, now=now)
            store.delete(path_of(namespace, "gone"), now=now)
        for path in [prefix + key for prefix in ("/get/", NAMESPACE) for key in KEYS]:
            ask(long, PATH_INFO=path.encode().decode("latin-1"))
        yield
        remove("quick")


@pytest.fixture
def ways() -> tuple[Application, Handler]:
    return Application(), Handler()


def went_short(application: Application, **environ: str) -> tuple[Answer, bool]:
    with patch.object(Handler, "__call__", autospec=True, side_effect=Handler.__call__) as long:
        return ask(application, **environ), not long.called


USUAL = [
    {"PATH_INFO": "/get", "QUERY_STRING": "key=json"},
    {"PATH_INFO": "/get/a/b"},
    {"PATH_INFO": "/get/expires"},
    *({"PATH_INFO": NAMESPACE + key} for key in ("plain", "a/b", "json", "meta", "expires")),
    {"PATH_INFO": NAMESPACE + "json", "HTTP_AUTHORIZATION": "", "HTTP_X_API_KEY": READER},
    {"PATH_INFO": NAMESPACE + "json", "CONTENT_LENGTH": "0"},
    {"PATH_INFO": NAMESPACE + "json", "HTTP_AUTHORIZATION": "Bearer narrow-key"},
]
UNUSUAL: list[dict[str, str]] = [
    {"PATH_INFO": "/get", "QUERY_STRING": "key=plain"},  # 406
    {"PATH_INFO": "/get", "QUERY_STRING": "key=json&key=json"},
    {"PATH_INFO": "/get", "QUERY_STRING": "key=js%6Fn"},
    {"PATH_INFO": "/get", "QUERY_STRING": "key=a+b"},
    {"PATH_INFO": "/get"},
    {"PATH_INFO": "/get/json", "QUERY_STRING": "x=1"},
    {"PATH_INFO": "/get/gone"},
    {"PATH_INFO": "/get/never"},
    {"PATH_INFO": NAMESPACE + "\xc3\xa9"},
    {"PATH_INFO": NAMESPACE + "a b"},
    {"PATH_INFO": NAMESPACE + "\xff"},
    {"PATH_INFO": NAMESPACE},
    {"PATH_INFO": "/api/v1/namespaces/Team/keys/json"},
    {"PATH_INFO": NAMESPACE + "json", "HTTP_IF_NONE_MATCH": '"1"'},
    {"PATH_INFO": NAMESPACE + "json", "HTTP_IF_MATCH": '"7"'},
    {"PATH_INFO": NAMESPACE + "json", "HTTP_RANGE": "bytes=0-1"},
    {"PATH_INFO": NAMESPACE + "json", "HTTP_AUTHORIZATION": "Bearer wrong"},
    {"PATH_INFO": "/get/json", "HTTP_AUTHORIZATION": "Bearer narrow-key"},
    {"PATH_INFO": NAMESPACE + "json", "REQUEST_METHOD": "HEAD"},
    {"PATH_INFO": NAMESPACE + "json", "REQUEST_METHOD": "PATCH"},
    {"PATH_INFO": NAMESPACE + "json", "HTTP_TRANSFER_ENCODING": "chunked"},
]
REFUSED_BY_THE_LAYERS = [
    {"PATH_INFO": NAMESPACE + "json", "HTTP_HOST": "elsewhere.example"},
    {"PATH_INFO": NAMESPACE + "json", "HTTP_X_LONG": "a" * 9000},
    {"PATH_INFO": "/get/json", "RAW_URI": "/get/" + "a" * 9000},
]


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("environ", USUAL + REFUSED_BY_THE_LAYERS, ids=str)
def test_the_short_way_is_taken_and_answers_the_same(
    environ: dict[str, str], ways: tuple[Application, Handler]
) -> None:
    short, long = ways
    answer, was_short = went_short(short, **environ)
    assert was_short
    assert answer == ask(long, **environ)
    assert answer[0][:3] == ("200" if environ in USUAL else answer[0][:3])


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("environ", UNUSUAL, ids=str)
def test_what_is_unusual_goes_the_long_way(environ: dict[str, str], ways: tuple[Application, Handler]) -> None:
    short, long = ways
    answer, was_short = went_short(short, **environ)
    assert not was_short
    assert answer == ask(long, **environ)


@pytest.mark.usefixtures("known")
def test_closed_routes_and_tls_change_nothing(ways: tuple[Application, Handler], settings: Settings) -> None:
    settings.CLOSED_ROUTES = ["/get", "/api/"]
    settings.SECURE_HSTS_SECONDS = 60
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    short, long = Application(), Handler()
    for proto in ("https", "http"):
        environ = {"PATH_INFO": "/get/json", "HTTP_X_FORWARDED_PROTO": proto}
        answer = ask(short, **environ)
        assert answer == ask(long, **environ)
        assert ("Strict-Transport-Security" in dict(answer[1])) == (proto == "https")


@pytest.mark.usefixtures("known")
def test_what_this_process_has_not_read_goes_the_long_way(ways: tuple[Application, Handler]) -> None:
    store.put(path_of("team-a", "json"), store.Value(b"2", "application/json"), now=timezone.now())
    environ = {"PATH_INFO": NAMESPACE + "json"}
    assert went_short(ways[0], **environ)[1] is False
    answer, was_short = went_short(ways[0], **environ)
    assert was_short
    assert (answer[2], dict(answer[1])["ETag"]) == (b"2", '"2"')


@pytest.mark.usefixtures("known")
def test_any_request_is_answered_alike_both_ways(ways: tuple[Application, Handler]) -> None:
    short, long = ways
    names = [*KEYS, "never", "..", "a//b", "", "%41", "+"]
    prefixes = ["/get/", "/get", NAMESPACE, "/api/v1/namespaces/default/keys/", "/api/v1/namespaces//keys/"]
    queries = st.sampled_from(["", "key=json", "key=a%2Fb", "key=", "key=never", "x=1", "values=true"])
    headers = ["IF_NONE_MATCH", "ACCEPT", "RANGE", "X_API_KEY", "AUTHORIZATION"]
    more = st.dictionaries(
        st.sampled_from(["CONTENT_LENGTH", "CONTENT_TYPE", *(f"HTTP_{name}" for name in headers)]),
        st.sampled_from(['"1"', "*", "0", "", "text/html", f"Bearer {READER}", READER]),
        max_size=3,
    )

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(["GET", "HEAD"]), st.sampled_from(prefixes), st.sampled_from(names), queries, more)
    def same(method: str, prefix: str, key: str, query: str, more: dict[str, str]) -> None:
        path = (prefix + key).encode().decode("latin-1")
        environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, **more}
        assert ask(short, **environ) == ask(long, **environ)

    same()


def test_asks_for_a_record_of_the_cache_alone(settings: Settings) -> None:
    assert quick.found({"PATH_INFO": "/ping"}) is None
    settings.KVSTORE_CACHE_URL = "memory://"
    assert quick.found({"PATH_INFO": "/get/a"})
    settings.KVSTORE_CACHE_URL = "none://"
    assert quick.found({"PATH_INFO": "/get/a"}) is None
