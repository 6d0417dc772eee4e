"""Input that no well-meaning client sends, over a raw socket to the real server; after each the next request works."""

import json
import re
import socket
from urllib.parse import urlsplit

import pytest

from tests.live import Service

pytestmark = pytest.mark.live
DEEP = b"[" * 10_000 + b"]" * 10_000


class Answer:
    """Status, headers and body as they came."""

    def __init__(self, received: bytes) -> None:
        head, _, self.body = received.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}

    def is_problem(self) -> bool:
        told = json.loads(self.body)
        fits = told["status"] == self.status and {"type", "title", "detail", "instance"} <= told.keys()
        return fits and self.headers["content-type"] == "application/problem+json" and "x-request-id" in self.headers


def send(service: Service, data: bytes, *, half_close: bool = False) -> Answer:
    """One connection: send all of it, then read to the end of the first answer."""
    url = urlsplit(service.url)
    with socket.create_connection((url.hostname, url.port), timeout=30) as connection:
        connection.sendall(data)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while not complete(received) and (step := connection.recv(65536)):
            received += step
    return Answer(received)


def complete(received: bytes) -> bool:
    """Whether an answer with a Content-Length is all there."""
    head, gap, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    return bool(gap and length and len(body) >= int(length[1]))


def raw(service: Service, line: str | bytes, body: bytes = b"", headers: str = "") -> bytes:
    """A request's bytes; `{key}` in the headers is the service's key."""
    start = line if isinstance(line, bytes) else line.encode()
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    fields = f" HTTP/1.1\r\nHost: 127.0.0.1\r\n{length}{headers.format(key=service.key)}\r\n"
    return start + fields.encode("latin-1") + body


KEY = "Authorization: Bearer {key}\r\n"
JSON = "Content-Type: application/json\r\n"
CASES = {
    "malformed JSON": ("POST /process", b"{", JSON, 400),
    "an array for an object": ("POST /process", b"[1]", JSON, 400),
    "a number for a string": ("POST /process", b'{"message": 1}', JSON, 400),
    "null for a string": ("POST /process", b'{"message": null}', JSON, 400),
    "no message": ("POST /process", b"{}", JSON, 400),
    "no body": ("POST /process", b"", JSON, 400),
    "a lone surrogate": ("POST /process", b'{"message": "\\ud800"}', JSON, 400),
    "invalid UTF-8": ("POST /process", b'{"message": "\xff"}', JSON, 400),
    "NaN": ("POST /productionplan", b'{"load": NaN}', JSON, 400),
    "10,000 levels": ("POST /productionplan", DEEP, JSON, 400),
    "10,000 levels in a value": ("POST /save", b'{"key": "k", "value": ' + DEEP + b"}", KEY + JSON, 400),
    "a form": ("POST /save", b"key=k&value=v", KEY + "Content-Type: application/x-www-form-urlencoded\r\n", 415),
    "no type": ("POST /save", b'{"key": "k", "value": 1}', KEY, 415),
    "an unknown route": ("GET /nothing", b"", "", 404),
    "a wrong verb": ("DELETE /save", b"", "", 405),
    "an unknown verb": ("BREW /ping", b"", "", 405),
    "no key": ("POST /save", b'{"key": "k", "value": 1}', JSON, 401),
    "a wrong key": ("GET /get?key=k", b"", "Authorization: Bearer wrong\r\n", 401),
    "a key of bytes that are no text": ("GET /get?key=k", b"", "X-API-Key: \xff\xfe\r\n", 401),
    "a path that is not UTF-8": ("GET /get/%FF%FE", b"", KEY, 400),
    "a NUL in the path": ("GET /get/a%00b", b"", KEY, 400),
    "a query that is not UTF-8": ("GET /get?key=%FF", b"", KEY, 400),
    "a NUL in the query": ("GET /get?key=a%00", b"", KEY, 400),
    "a long line": ("GET /get/" + "a" * 20_000, b"", KEY, 414),
    "a long query": ("GET /get?key=" + "a" * 20_000, b"", KEY, 414),
    "a long header": ("GET /ping", b"", "X-Long: " + "a" * 20_000 + "\r\n", 431),
    "a long key": ("GET /authorize", b"", "X-API-Key: " + "a" * 20_000 + "\r\n", 431),
    "another host": ("GET /ping", b"", "X-Forwarded-Host: a\r\n", 200),
    "a body over the limit": ("POST /process", b'{"message": "' + b"x" * 3_000_000 + b'"}', JSON, 413),
    "a value over the limit": ("POST /save", b'{"key": "k", "value": "' + b"x" * 2_000_000 + b'"}', KEY + JSON, 413),
    "a plan over the limit": ("POST /productionplan", b" " * (17 * 2**20), JSON, 413),
    "an absolute path to a parent": ("GET /../../etc/passwd", b"", "", 404),
    "a static file above the root": ("GET /static/../../../etc/passwd", b"", "", 404),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_answers_hostile_input_with_its_documented_problem(name: str, service: Service) -> None:
    line, body, headers, status = CASES[name]
    answer = send(service, raw(service, line, body, headers))
    assert answer.status == status, answer.body[:500]
    assert status == 200 or answer.is_problem()
    assert service.call("GET", "/ping").status_code == 200


def test_a_client_that_only_then_reads_sees_why_its_large_body_was_refused(service: Service) -> None:
    answer = send(service, raw(service, "POST /save", b"x" * (20 * 2**20), JSON))
    assert (answer.status, answer.is_problem()) == (401, True)


def test_the_connection_serves_the_next_request_after_a_refused_body(service: Service) -> None:
    refused = raw(service, "POST /save", b"x" * 500_000, JSON)
    url = urlsplit(service.url)
    with socket.create_connection((url.hostname, url.port), timeout=30) as connection:
        connection.sendall(refused + raw(service, "GET /ping", headers="Connection: close\r\n"))
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    assert re.findall(rb"HTTP/1.1 (\d+)", received) == [b"401", b"200"]


@pytest.mark.parametrize("headers", [JSON + "Content-Length: 100\r\n", JSON + "Transfer-Encoding: chunked\r\n"])
def test_a_body_cut_short_is_refused(headers: str, service: Service) -> None:
    part = b'1b\r\n{"message": "hello"} ' if "chunked" in headers else b'{"message": "hello"}'
    answer = send(service, raw(service, "POST /process", headers=headers) + part, half_close=True)
    assert (answer.status, answer.is_problem()) == (400, True)


def test_a_chunked_body_is_taken_whole(service: Service) -> None:
    chunks = b'b\r\n{"message":\r\n9\r\n "hello"}\r\n0\r\n\r\n'
    answer = send(service, raw(service, "POST /process", headers=JSON + "Transfer-Encoding: chunked\r\n") + chunks)
    assert json.loads(answer.body) == {"message": "The received message is: 'hello'"}


def test_a_chunked_body_over_the_limit_is_refused(service: Service) -> None:
    chunk = b"100000\r\n" + b"x" * 2**20 + b"\r\n"
    head = raw(service, "POST /process", headers=JSON + "Transfer-Encoding: chunked\r\n")
    answer = send(service, head + chunk * 20 + b"0\r\n\r\n")
    assert (answer.status, answer.is_problem()) == (413, True)


def test_a_malformed_chunk_is_refused(service: Service) -> None:
    head = raw(service, "POST /process", headers=JSON + "Transfer-Encoding: chunked\r\n")
    answer = send(service, head + b"zz\r\nhello\r\n0\r\n\r\n")
    assert (answer.status, answer.is_problem()) == (400, True)


def test_another_host_is_refused(service: Service) -> None:
    answer = send(service, b"GET /ping HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert (answer.status, answer.is_problem()) == (400, True)


def test_html_is_never_answered_on_the_api(service: Service) -> None:
    for line in ("GET /nothing", "GET /get?key=none", "POST /ping", "GET /get/%FF"):
        answer = send(service, raw(service, line, headers=KEY + "Accept: text/html\r\n"))
        assert answer.is_problem(), line
