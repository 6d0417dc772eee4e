import errno
import gc
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.http import HttpRequest, StreamingHttpResponse
from django.test import RequestFactory
from django.test.utils import override_settings

from buildserver import watchers
from buildserver.checks import check_watchers
from buildserver.watchers import LOST_AFTER_MS, SEND_TIMEOUT_S, NoPlace, Place, Places
from tests.live import PROJECT, environment
from tests.waiting import until

pytestmark = pytest.mark.django_db  # closing an answer makes Django look after its connections
Connection = tuple[socket.socket, socket.socket]


@pytest.fixture
def connection() -> Iterator[Connection]:
    """Both ends of a connection: the server's and the client's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server = listener.accept()[0]
        with client, server:
            yield server, client


def request_on(server: socket.socket | None = None) -> HttpRequest:
    return RequestFactory().get("/", **({"gunicorn.socket": server} if server else {}))  # type: ignore[arg-type]


@override_settings(MAX_WATCHERS=2)
def test_gives_no_more_places_than_there_are_and_says_when_to_ask_again() -> None:
    places = Places()
    held = [places.take(request_on()), places.take(request_on())]
    with pytest.raises(NoPlace) as refused:
        places.take(request_on())
    assert str(refused.value) == "all 2 places for watchers of this worker are taken"
    assert (refused.value.status_code, refused.value.headers) == (503, {"Retry-After": "5"})
    held[0].close()
    held[0].close()
    held.append(places.take(request_on()))
    with pytest.raises(NoPlace):
        places.take(request_on())


@override_settings(MAX_WATCHERS=0)
def test_without_places_there_is_none_to_take() -> None:
    with pytest.raises(NoPlace, match="all 0 places"):
        Places().take(request_on())


@override_settings(MAX_WATCHERS=1)
def test_a_place_is_given_back_at_the_end_of_a_with() -> None:
    places = Places()
    with places.take(request_on()):
        assert len(places.taken) == 1
    assert not places.taken


def answer_of(place: Place) -> Iterator[bytes]:
    try:
        yield b"first"
        yield b"second"
    finally:
        place.close()


@pytest.mark.parametrize("reads", [0, 1, 2])
@override_settings(MAX_WATCHERS=1)
def test_a_place_is_given_back_with_an_answer_that_was_never_begun_or_never_ended(reads: int) -> None:
    places = Places()
    response = StreamingHttpResponse(answer_of(places.take(request_on())))
    for _ in zip(range(reads), response, strict=False):
        pass
    response.close()
    del response
    gc.collect()
    places.take(request_on())


def test_a_place_is_over_when_the_client_has_gone(connection: Connection) -> None:
    server, client = connection
    with Places().take(request_on(server)) as place:
        assert not place.over()
        client.sendall(b"more")
        assert not place.over()
        client.close()
        until(place.over)


def test_a_place_is_over_when_the_connection_was_reset(connection: Connection) -> None:
    server, client = connection
    with Places().take(request_on(server)) as place:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        until(place.over)


def test_every_place_is_over_and_none_is_given_once_the_process_is_told_to_stop() -> None:
    places = Places()
    with places.take(request_on()) as place:
        assert not place.over()
        places.stop()
        assert place.over()
    with pytest.raises(NoPlace, match="this worker is about to stop"):
        places.take(request_on())


def test_neither_a_client_that_takes_nothing_nor_one_that_vanished_holds_its_place(connection: Connection) -> None:
    server, _ = connection
    with Places().take(request_on(server)):
        assert server.gettimeout() == SEND_TIMEOUT_S
        assert server.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == LOST_AFTER_MS


def test_what_a_client_of_a_server_that_hides_its_connection_leaves_unread_ends_it(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchers, "LOST_AFTER_MS", 200)
    server, client = connection
    poll = select.poll()
    poll.register(server, select.POLLOUT)
    with Places().take(RequestFactory().get("/", REMOTE_ADDR="127.0.0.1")):
        server.setblocking(False)
        while poll.poll(0):  # room to send
            server.send(bytes(2**20))
        poll.modify(server, select.POLLERR)
        until(lambda: poll.poll(0))
    assert server.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ETIMEDOUT
    client.close()


def test_only_connections_of_that_client_are_bounded_and_nothing_is_left_open(connection: Connection) -> None:
    server, _ = connection
    one, other = socket.socketpair()
    with one, other, Path("/dev/null").open():
        before = open_files()
        watchers.bound_what_is_unread("192.0.2.1")
        assert server.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 0
        watchers.bound_what_is_unread("")
        watchers.bound_what_is_unread("127.0.0.1")
        assert server.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == LOST_AFTER_MS
        assert open_files() == before


def open_files() -> set[str]:
    return {file.name for file in Path("/proc/self/fd").iterdir()}


def test_a_socket_of_another_kind_has_its_end_told_too() -> None:
    server, client = socket.socketpair()
    with server, Places().take(request_on(server)) as place:
        assert not place.over()
        client.close()
        until(place.over)


def test_a_client_that_is_cut_off_sees_the_end(connection: Connection) -> None:
    server, client = connection
    with Places().take(request_on(server)) as place:
        place.cut()
        assert client.recv(1) == b""
        client.close()
        place.cut()
    with Places().take(request_on()) as place:
        place.cut()


@pytest.mark.parametrize(("threads", "places"), [(1, 0), (2, 1), (8, 2), (40, 10)])
def test_a_quarter_of_the_threads_may_watch_and_never_all_of_them(threads: int, places: int, tmp_path: Path) -> None:
    variables = environment(tmp_path, WEB_THREADS=str(threads), DJANGO_SETTINGS_MODULE="buildserver.settings")
    command = [sys.executable, "-c", "from django.conf import settings; print(settings.MAX_WATCHERS)"]
    ended = subprocess.run(command, cwd=PROJECT, env=variables, capture_output=True, text=True, check=True)
    assert ended.stdout == f"{places}\n"


@pytest.mark.parametrize(("places", "said"), [(7, []), (8, ["MAX_WATCHERS=8 can take every thread"])])
def test_as_many_places_as_threads_are_warned_of(places: int, said: list[str]) -> None:
    with override_settings(WEB_THREADS=8, MAX_WATCHERS=places):
        assert [found.msg for found in check_watchers()] == said
