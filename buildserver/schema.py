"""The OpenAPI document: keys, and problem+json as the answer to every fault."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from buildserver.access import OPEN_IN_PART, OPEN_ROUTES

PROBLEM = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {name: {"type": "string"} for name in ("pointer", "code", "detail")},
            },
        },
    },
}


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Both headers that a key may come in."""

    target_class = "buildserver.access.KeyAuthentication"
    name = ["bearer", "apiKey"]

    def get_security_requirement(self, _auto_schema: Any) -> list[dict[str, list[str]]]:
        """One of the two; a single requirement with both would ask for both."""
        return [{name: []} for name in self.name]

    def get_security_definition(self, _auto_schema: Any) -> list[dict[str, str]]:
        """Bearer, or X-API-Key."""
        return [{"type": "http", "scheme": "bearer"}, {"type": "apiKey", "in": "header", "name": "X-API-Key"}]


class ProblemSchema(AutoSchema):
    """Adds what every route can answer, so that each view lists only its own outcomes."""

    def get_auth(self) -> Any:
        """Open routes need no key."""
        if self.path in OPEN_ROUTES or self.path.startswith(("/api/schema/", "/api/docs/")):
            return []
        keys = super().get_auth()
        return [{}, *keys] if (self.method, self.path) in OPEN_IN_PART else keys

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        """The operation, its faults described once."""
        operation = super().get_operation(*args, **kwargs)
        if operation is not None:
            content = {"application/problem+json": {"schema": PROBLEM}}
            if "application/json" in (body := operation.get("requestBody", {})).get("content", {}):
                body["required"] = True
            operation["responses"].setdefault("default", {"description": "A fault (RFC 9457)", "content": content})
        return operation
