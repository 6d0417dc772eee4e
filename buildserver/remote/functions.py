"""What a server computes and does not keep."""

import json
from typing import Any

from buildserver.remote.http import JSON, Server

HEADERS = {"Content-Type": JSON}


def process(server: Server, message: str) -> str:
    """The message function, there."""
    answer = server.ask("POST", "/process", {}, json.dumps({"message": message}), HEADERS)
    return str(server.object(answer, "message")["message"])


def plan(server: Server, payload: str, *, wind: str | None, no_co2: bool) -> dict[str, Any]:
    """The report of the cheapest production plan."""
    query = {"store": "false", **({"wind": wind} if wind else {}), **({"co2": "false"} if no_co2 else {})}
    return server.object(server.ask("POST", "/api/v1/plans", query, payload.encode(), HEADERS), "plants", "status")
