from collections.abc import Iterator
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.middleware.security import SecurityMiddleware
from django.test import RequestFactory
from django.test.utils import override_settings
from rest_framework.test import APIClient

from buildserver import headers
from buildserver.bodies import Handler

OWN = {"X-Content-Type-Options": "own", "referrer-policy": "no-referrer", "Strict-Transport-Security": "max-age=1"}


@pytest.mark.parametrize("hsts_s", [0, 60])
@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("own", [{}, OWN])
def test_adds_what_djangos_middleware_would(hsts_s: int, secure: bool, own: dict[str, str]) -> None:
    request = RequestFactory().get("/", secure=secure)
    with override_settings(SECURE_HSTS_SECONDS=hsts_s):
        ours, theirs = HttpResponse(headers=own), HttpResponse(headers=own)
        headers.Policies().add(request, ours)
        SecurityMiddleware(lambda _: theirs)(request)
    assert list(ours.items()) == list(theirs.items())
    assert ("Strict-Transport-Security" in ours) == bool(own or (secure and hsts_s))


@pytest.mark.parametrize(
    "path", ["/", "/ping", "/nothing", "/authorize", "/admin/login/", "/static/none", "/api/docs/"]
)
@pytest.mark.django_db
def test_every_answer_of_a_route_has_them(path: str, anonymous: APIClient) -> None:
    answer = anonymous.get(path)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize(
    ("answer", "length"),
    [
        (HttpResponse(b"four"), "4"),
        (HttpResponse(b""), "0"),
        (HttpResponse(b"four", headers={"content-length": "9"}), "9"),
        (HttpResponse(status=204), None),
        (HttpResponse(status=304), None),
        (StreamingHttpResponse([b"a", b"b"]), None),
    ],
)
def test_tells_the_length_of_whole_answers(answer: HttpResponseBase, length: str | None) -> None:
    headers.add_length(answer)
    assert answer.headers.get("Content-Length") == length


@pytest.mark.parametrize("path", ["/", "/ping", "/nothing", "/authorize", "/api/docs/", "/static/none"])
@pytest.mark.django_db
def test_head_is_answered_as_get_is_but_for_the_body(path: str) -> None:
    got, body = asked("GET", path)
    told, nothing = asked("HEAD", path)
    assert (told, nothing) == (got, b"")
    assert body
    assert ("Content-Length", str(len(body))) in got[1]


def asked(method: str, path: str) -> tuple[tuple[str, list[tuple[str, str]]], bytes]:
    """Status and headers, without what differs each time, and all bytes that the application gives the server."""
    environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path, "HTTP_HOST": "testserver"}
    environ["HTTP_X_REQUEST_ID"] = "one"
    setup_testing_defaults(environ)
    started = list[Any]()
    answer = Handler()(environ, lambda *line: started.append(line))
    return (started[0][0], started[0][1]), b"".join(answer)


@pytest.mark.django_db
def test_what_an_answer_lasts_on_is_closed_though_nothing_of_it_is_sent() -> None:
    class Pieces:
        closed = False

        def __iter__(self) -> Iterator[bytes]:
            yield b"a"

        def close(self) -> None:
            self.closed = True

    pieces = Pieces()
    answer = StreamingHttpResponse(pieces)
    headers.drop_body(RequestFactory().head("/"), answer)
    assert list(answer) == []
    answer.close()
    assert pieces.closed
    kept = StreamingHttpResponse([b"a"])
    headers.drop_body(RequestFactory().get("/"), kept)
    assert list(kept) == [b"a"]
