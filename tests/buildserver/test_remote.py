"""What is sent to a server; the commands' own tests send it to one."""

import io
from typing import Any

import pytest

from buildserver.remote import http


@pytest.mark.parametrize(("data", "length"), [(b"", "0"), (b"123", "3"), (b"1234", None), (b"123456789", None)])
def test_tells_the_length_of_a_short_stream(data: bytes, length: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not every server takes chunks."""
    monkeypatch.setattr(http, "AHEAD_BYTES", 4)
    sent: list[Any] = []

    def ask(*arguments: Any, **options: Any) -> None:
        sent.extend([*arguments, options["chunked"]])

    server = http.Server("http://localhost", "")
    monkeypatch.setattr(server, "ask", ask)
    server.send("/a", {}, io.BytesIO(data), None, {})
    _, _, _, body, headers, chunked = sent
    assert (body if isinstance(body, bytes) else b"".join(body)) == data
    assert (headers.get("Content-Length"), chunked) == (length, length is None)
