import io
from typing import Any

import pytest
from django.core.exceptions import RequestDataTooBig
from hypothesis import given
from hypothesis import strategies as st

from buildserver import bodies
from buildserver.bodies import Body, BodyCutShort, Request

DATA = bytes(range(256)) * 4


class Trickle(io.BytesIO):
    """A stream that gives at most seven bytes at a time, as sockets may."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(7 if size is None or size < 0 else min(7, size))


class Broken(io.RawIOBase):
    """A stream whose client has gone."""

    def read(self, _size: int | None = -1) -> bytes:
        raise ConnectionResetError("reset by peer")


def request(stream: Any, **headers: str) -> Request:
    environ = {
        "REQUEST_METHOD": "PUT",
        "PATH_INFO": "/x",
        "SERVER_NAME": "h",
        "SERVER_PORT": "80",
        "wsgi.input": stream,
    }
    return Request({**environ, **headers})


def chunked(data: bytes) -> Request:
    return request(io.BytesIO(data), HTTP_TRANSFER_ENCODING="chunked")


@given(st.binary(max_size=600), st.integers(1, 100))
def test_reads_the_declared_bytes_and_no_more(data: bytes, step: int) -> None:
    body = Body(io.BytesIO(data + b"the next request"), len(data))
    read = b"".join(iter(lambda: body.read(step), b""))
    assert (read, body.ended) == (data, True)


def test_reads_lines_and_all_at_once() -> None:
    body = Body(Trickle(b"one\ntwo\nthree"), 13)
    assert (body.readline(), body.readline(2), body.read()) == (b"one\n", b"tw", b"o\nthree")
    assert (body.read(), body.readline()) == (b"", b"")


@pytest.mark.parametrize("read", [lambda body: body.read(), lambda body: [body.read(100) for _ in range(20)]])
def test_says_how_much_of_a_short_body_came(read: Any) -> None:
    with pytest.raises(BodyCutShort, match="the body ended after 1024 of 2048 bytes"):
        read(Body(io.BytesIO(DATA), 2048))


def test_says_that_the_client_went_away_and_reads_no_more() -> None:
    body = Body(Broken(), 10)
    with pytest.raises(BodyCutShort, match="the body could not be read after 0 bytes: reset by peer"):
        body.read()
    assert body.ended


def test_a_request_without_length_has_an_empty_body() -> None:
    assert request(io.BytesIO(DATA)).read() == b""


def test_a_length_that_is_no_number_counts_as_none() -> None:
    assert request(io.BytesIO(DATA), CONTENT_LENGTH="many").read() == b""


def test_a_chunked_body_is_read_to_its_end() -> None:
    assert chunked(DATA).read() == DATA


def test_a_chunked_body_is_read_however_its_coding_is_written() -> None:
    assert request(io.BytesIO(DATA), HTTP_TRANSFER_ENCODING="Chunked").body == DATA


def test_a_header_that_only_looks_like_the_length_is_none() -> None:
    assert "HTTP_CONTENT_LENGTH" not in request(io.BytesIO(DATA), HTTP_CONTENT_LENGTH="5").META


def test_a_chunked_body_too_large_for_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "CHUNKED_BYTES", 1000)
    with pytest.raises(RequestDataTooBig, match="a chunked body is larger than 1000 bytes"):
        chunked(DATA).read()


def test_drops_what_is_left_up_to_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "DROP_BYTES", 500)
    monkeypatch.setattr(bodies, "STEP_BYTES", 100)
    left = Body(io.BytesIO(DATA), len(DATA))
    bodies.drop(left)
    assert (left.taken, left.ended) == (500, False)
    whole = Body(io.BytesIO(DATA), 400)
    bodies.drop(whole)
    assert whole.ended


def test_dropping_survives_a_client_that_has_gone() -> None:
    body = Body(Broken(), 10)
    bodies.drop(body)
    assert body.ended
