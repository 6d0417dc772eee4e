"""The assets of a server."""

from collections.abc import Iterator
from typing import IO, Any

from buildserver.remote.http import OCTETS, Server


class Assets:
    """Stored and fetched there."""

    def __init__(self, server: Server) -> None:
        """Of this one."""
        self._server = server

    def put(self, build: str, data: bytes | IO[bytes], size: int | None, *, replace: bool) -> dict[str, Any]:
        """Store bytes, of a `size` that may be unknown: `{"build", "sha256", "size"}`."""
        query = {"build": build, **({"replace": "true"} if replace else {})}
        answer = self._server.send("/buildserver/put-asset", query, data, size, {"Content-Type": OCTETS})
        return self._server.object(answer, "build", "sha256", "size")

    def get(self, build: str) -> Iterator[bytes]:
        """The bytes of an asset; raises Unreachable when they end early."""
        yield from self._server.pieces(self._server.ask("GET", "/buildserver/get-asset", {"build": build}))

    def list(self, prefix: str) -> Iterator[dict[str, Any]]:
        """All assets below a prefix, by name, asked a page at a time."""
        query = {"prefix": prefix, "limit": "1000"}
        while True:
            page = self._server.object(self._server.ask("GET", "/buildserver/list-assets", query), "assets", "next")
            yield from page["assets"]
            if not page["next"]:
                return
            query["cursor"] = page["next"]
