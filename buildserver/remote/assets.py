"""The assets of a server."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any
from urllib.parse import quote

from buildserver.remote.http import BAD_REQUEST, JSON, OCTETS, Refused, Server


class Assets:
    """Stored and fetched there."""

    def __init__(self, server: Server) -> None:
        """Of this one."""
        self._server = server

    def put(
        self,
        build: str,
        data: bytes | IO[bytes],
        size: int | None,
        *,
        replace: bool,
        labels: Mapping[str, str],
        sha256: str = "",
    ) -> dict[str, Any]:
        """Store bytes, of a `size` and a SHA-256 that may be unknown: `{"build", "sha256", "size"}`."""
        query = {"build": build, **({"replace": "true"} if replace else {})}
        digest = {"X-Checksum-Sha256": sha256} if sha256 else {}
        headers: dict[str, str | bytes] = {"Content-Type": OCTETS, **digest, **headers_of(labels)}
        answer = self._server.send("/buildserver/put-asset", query, data, size, headers)
        return self._server.object(answer, "build", "sha256", "size")

    def get(self, build: str) -> Iterator[bytes]:
        """The bytes of an asset; raises Unreachable when they end early."""
        yield from self._server.pieces(self._server.ask("GET", "/buildserver/get-asset", {"build": build}))

    def have(self, asked: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
        """Names by what is there of the bytes with this SHA-256: `present`, `conflict`, `missing`."""
        body = json.dumps({"assets": [{"name": name, "sha256": sha256} for name, sha256 in asked]}).encode()
        answer = self._server.ask("POST", "/api/v1/assets/have", {}, body, {"Content-Type": JSON})
        return self._server.object(answer, "present", "conflict", "missing")

    def get_tagged(self, tag: str) -> Iterator[bytes]:
        """The bytes of the asset that the tag stands on."""
        yield from self._server.pieces(self._server.ask("GET", f"/api/v1/tags/{quote(tag, safe='')}/content", {}))

    def delete(self, build: str) -> None:
        """Delete an asset and what it had before."""
        self._server.ask("DELETE", f"/api/v1/assets/{quote(build)}", {}).read()

    def tag(self, tag: str, build: str) -> dict[str, Any]:
        """Have the tag stand on the asset: `{"tag", "asset", "sha256", "size"}`."""
        body = json.dumps({"asset": build}).encode()
        path, headers = f"/api/v1/tags/{quote(tag, safe='')}", {"Content-Type": JSON}
        told = self._server.object(self._server.ask("PUT", path, {}, body, headers), "tag", "asset", "sha256", "size")
        return {name: told[name] for name in ("tag", "asset", "sha256", "size")}

    def list(self, prefix: str) -> Iterator[dict[str, Any]]:
        """All assets below a prefix, by name, asked a page at a time."""
        query = {"prefix": prefix, "limit": "1000"}
        while True:
            page = self._server.object(self._server.ask("GET", "/buildserver/list-assets", query), "assets", "next")
            yield from page["assets"]
            if not page["next"]:
                return
            query["cursor"] = page["next"]


def headers_of(said: Mapping[str, str]) -> dict[str, bytes]:
    """Labels as headers; raises Refused for what a header cannot say."""
    from assets import labels  # noqa: PLC0415 - what may be said is said there

    try:
        labels.check(said)
    except labels.BadLabel as fault:
        raise Refused(BAD_REQUEST, str(fault)) from None
    return {f"X-Label-{key}": value.encode() for key, value in said.items()}
