"""The assets of a server, over HTTP with the standard library alone, since `builder` must start at once."""

import http.client
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any
from urllib.parse import urlencode, urlsplit

STEP_BYTES = 2**20
TIMEOUT_S = 60
NOT_FOUND, CONFLICT = 404, 409


class Unreachable(OSError):
    """The server did not answer, or something else did."""


class Refused(ValueError):
    """The server answered with a problem; `status` is its HTTP status."""

    def __init__(self, status: int, detail: str) -> None:
        """Of an answer."""
        super().__init__(detail)
        self.status = status


class Remote:
    """The server at `url`, asked with `key`."""

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

    def put(self, build: str, data: bytes | IO[bytes], size: int | None, *, replace: bool) -> dict[str, Any]:
        """Store bytes, chunked when their `size` is not known: `{"build", "sha256", "size"}`."""
        query = {"build": build, **({"replace": "true"} if replace else {})}
        length = {"Transfer-Encoding": "chunked"} if size is None else {"Content-Length": str(size)}
        headers = {"Content-Type": "application/octet-stream", **length}
        answer = self._ask("PUT", "/buildserver/put-asset", query, data, headers, chunked=size is None)
        return self._object(answer, "build", "sha256", "size")

    def get(self, build: str) -> Iterator[bytes]:
        """The bytes of an asset; raises Unreachable when they end early."""
        answer = self._ask("GET", "/buildserver/get-asset", {"build": build})
        try:
            while step := answer.read(STEP_BYTES):
                yield step
            if answer.length:
                raise Unreachable(f"{self.url} stopped {answer.length} bytes before the end")
        except http.client.HTTPException as fault:
            raise Unreachable(f"{self.url} stopped in the middle: {fault!r}") from None

    def list(self, prefix: str) -> Iterator[dict[str, Any]]:
        """All assets below a prefix, by name, asked a page at a time."""
        query = {"prefix": prefix, "limit": "1000"}
        while True:
            page = self._object(self._ask("GET", "/buildserver/list-assets", query), "assets", "next")
            yield from page["assets"]
            if not page["next"]:
                return
            query["cursor"] = page["next"]

    def process(self, message: str) -> str:
        """The message function, there."""
        body = json.dumps({"message": message})
        answer = self._ask("POST", "/process", {}, body, {"Content-Type": "application/json"})
        return str(self._object(answer, "message")["message"])

    def plan(self, payload: str, *, wind: str | None, no_co2: bool) -> dict[str, Any]:
        """The report of the cheapest production plan, computed there and not kept."""
        query = {"store": "false", **({"wind": wind} if wind else {}), **({"co2": "false"} if no_co2 else {})}
        headers = {"Content-Type": "application/json"}
        answer = self._ask("POST", "/api/v1/plans", query, payload.encode(), headers)
        return self._object(answer, "plants", "status")

    def _object(self, answer: http.client.HTTPResponse, *members: str) -> dict[str, Any]:
        """The answer's JSON object; without these members it is not our server's: raises Unreachable."""
        try:
            read = json.loads(answer.read())
        except (ValueError, OSError, http.client.HTTPException):
            read = None
        if not isinstance(read, dict) or not read.keys() >= set(members):
            raise Unreachable(f"what answers at {self.url} is no buildserver")
        return read

    def _ask(
        self, method: str, path: str, query: dict[str, str], body: Any = None, headers: dict[str, str] | None = None,
        *, chunked: bool = False,
    ) -> http.client.HTTPResponse:  # fmt: skip
        """The answer when it is a good one; raises Refused or Unreachable."""
        target = f"{self._base}{path}?{urlencode(query)}"
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


def detail_of(answer: http.client.HTTPResponse) -> str:
    """What a problem says, a line for each fault of the input; or the status of an answer that is none."""
    try:
        problem = json.loads(answer.read())
        faults = [f"{fault['pointer']}: {fault['detail']}" for fault in problem.get("errors", [])]
        return "\n".join(faults) or str(problem["detail"])
    except (ValueError, KeyError, TypeError, AttributeError, OSError, http.client.HTTPException):
        return f"it answered {answer.status} {answer.reason}"
