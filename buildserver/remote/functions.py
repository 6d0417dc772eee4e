"""What a server computes and does not keep."""

import json
from typing import Any

from buildserver.remote.http import JSON, Server

HEADERS = {"Content-Type": JSON}


def process(server: Server, message: str) -> str:
    """The message function, there."""
    answer = server.ask("POST", "/process", {}, json.dumps({"message": message}), HEADERS)
    return str(server.object(answer, "message")["message"])


def plan(server: Server, payload: str, *, wind: str | None, co2: bool | None) -> dict[str, Any]:
    """The report of the cheapest production plan; None: as the server has it."""
    ways = {"wind": wind, "co2": None if co2 is None else str(co2).lower()}
    query = {"store": "false", **{name: word for name, word in ways.items() if word}}
    return server.object(server.ask("POST", "/api/v1/plans", query, payload.encode(), HEADERS), "plants", "status")
