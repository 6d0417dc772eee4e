"""Asking a server: its good answers, and its refusals as exceptions."""

import http.client
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import IO, Any, TypeVar
from urllib.parse import urlencode, urlsplit

STEP_BYTES = 2**20
AHEAD_BYTES = 16 * 2**20
TIMEOUT_S = 60
BAD_REQUEST, NOT_FOUND, CONFLICT, PRECONDITION_FAILED, FULL = 400, 404, 409, 412, 507
OCTETS, JSON = "application/octet-stream", "application/json"
T = TypeVar("T")


class Unreachable(OSError):
    """The server did not answer, or something else did."""


class Refused(ValueError):
    """The server answered with a problem; `status` is its HTTP status."""

    def __init__(self, status: int, detail: str) -> None:
        """Of an answer."""
        super().__init__(detail)
        self.status = status


class Server:
    """The one at `url`, asked with `key`."""

    def __init__(self, url: str, key: str) -> None:
        """Raises ValueError for what is no http or https URL."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"BUILDSERVER_URL: {url!r} is not like https://host:port")
        if not re.fullmatch(r"[!-~]*", key):
            raise ValueError("BUILDSERVER_KEY: a key is printable ASCII without blanks")
        self.url = url
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=TIMEOUT_S)
        self._base = parts.path.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def close(self) -> None:
        """Ask no more."""
        self._connection.close()

    def ask(
        self, method: str, path: str, query: Mapping[str, str], body: Any = None,
        headers: Mapping[str, str | bytes] | None = None, *, chunked: bool = False,
    ) -> http.client.HTTPResponse:  # fmt: skip
        """The answer when it is a good one; raises Refused or Unreachable."""
        target = f"{self._base}{path}{'?' if query else ''}{urlencode(query)}"
        try:
            # A server that refuses a large body may close while we still send: what it said is there all the same.
            with suppress(BrokenPipeError, ConnectionResetError):
                sent = {**self._headers, **(headers or {})}
                self._connection.request(method, target, body, sent, encode_chunked=chunked)
            answer = self._connection.getresponse()
        except (OSError, http.client.HTTPException) as fault:
            raise Unreachable(f"{self.url} does not answer: {fault}") from None
        if answer.status // 100 != 2:  # noqa: PLR2004 - success
            raise Refused(answer.status, detail_of(answer))
        return answer

    def send(
        self, path: str, query: Mapping[str, str], data: bytes | IO[bytes], size: int | None,
        headers: Mapping[str, str | bytes],
    ) -> http.client.HTTPResponse:  # fmt: skip
        """The answer to a PUT of bytes, whose `size` may be unknown: then they are chunked, where there are many."""
        body: Any = data
        if size is None and not isinstance(data, bytes):
            body, size = read_ahead(data)
        length = {"Transfer-Encoding": "chunked"} if size is None else {"Content-Length": str(size)}
        return self.ask("PUT", path, query, body, {**headers, **length}, chunked=size is None)

    def object(self, answer: http.client.HTTPResponse, *members: str) -> dict[str, Any]:
        """The answer's JSON object; without these members it is not our server's: raises Unreachable."""
        try:
            read = json.loads(answer.read())
        except (ValueError, OSError, http.client.HTTPException):
            read = None
        if not isinstance(read, dict) or not read.keys() >= set(members):
            raise self.stranger()
        return read

    def read(self, answer: http.client.HTTPResponse, kind: type[T]) -> T:
        """The answer's JSON as what it is to be; anything else is not our server's: raises Unreachable."""
        import msgspec  # noqa: PLC0415 - not every command needs it

        try:
            return msgspec.json.decode(b"".join(self.pieces(answer)), type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise self.stranger() from None

    def pieces(self, answer: http.client.HTTPResponse) -> Iterator[bytes]:
        """The bytes of an answer; raises Unreachable when they end early."""
        try:
            while step := answer.read(STEP_BYTES):
                yield step
            if answer.length:
                raise Unreachable(f"{self.url} stopped {answer.length} bytes before the end")
        except http.client.HTTPException as fault:
            raise Unreachable(f"{self.url} stopped in the middle: {fault!r}") from None

    def stranger(self) -> Unreachable:
        """What is said of an answer that is not our server's."""
        return Unreachable(f"what answers at {self.url} is no buildserver")


def read_ahead(data: IO[bytes]) -> tuple[bytes | Iterator[bytes], int | None]:
    """All of a stream and its size, for not every server takes chunks; its pieces where it has AHEAD_BYTES or more."""
    start = data.read(AHEAD_BYTES)
    if len(start) < AHEAD_BYTES:
        return start, len(start)
    return chain([start], iter(partial(data.read, STEP_BYTES), b"")), None


def detail_of(answer: http.client.HTTPResponse) -> str:
    """What a problem says, a line for each fault of the input; or the status of an answer that is none."""
    try:
        problem = json.loads(answer.read())
        faults = [f"{fault['pointer']}: {fault['detail']}" for fault in problem.get("errors", [])]
        return "\n".join(faults) or str(problem["detail"])
    except (ValueError, KeyError, TypeError, AttributeError, OSError, http.client.HTTPException):
        return f"it answered {answer.status} {answer.reason}"
