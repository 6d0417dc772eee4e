"""The shapes of the challenge's payload and answer for the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

PROBLEM = "application/problem+json"
EVERY_PLANT = {
    "name": {"type": "string"},
    "pmin": {"type": "number", "minimum": 0, "description": "MW when on, at most pmax; 0 by default"},
    "pmax": {"type": "number", "minimum": 0, "description": "MW"},
}
FUELLED = {
    "type": "object",
    "required": ["name", "type", "efficiency", "pmax"],
    "properties": {
        **EVERY_PLANT,
        "type": {"enum": ["gasfired", "turbojet"]},
        "efficiency": {"type": "number", "exclusiveMinimum": 0},
    },
}
TURBINE = {
    "type": "object",
    "required": ["name", "type", "pmax"],
    "properties": {**EVERY_PLANT, "type": {"const": "windturbine"}},
}
PAYLOAD = {
    "type": "object",
    "required": ["load", "fuels", "powerplants"],
    "properties": {
        "load": {"type": "number", "minimum": 0, "description": "MWh to generate in one hour"},
        "fuels": {
            "type": "object",
            "description": "prices; one that no plant needs may be missing",
            "properties": {
                "gas(euro/MWh)": {"type": "number"},
                "kerosine(euro/MWh)": {"type": "number"},
                "co2(euro/ton)": {"type": "number"},
                "wind(%)": {"type": "number", "minimum": 0, "maximum": 100},
            },
        },
        "powerplants": {"type": "array", "items": {"oneOf": [FUELLED, TURBINE]}},
    },
}
PLAN = {
    "type": "array",
    "description": "every plant in merit order; the sum of p is the load",
    "items": {
        "type": "object",
        "required": ["name", "p"],
        "properties": {"name": {"type": "string"}, "p": {"type": "number", "multipleOf": 0.1, "minimum": 0}},
    },
}
NEAREST = {"type": ["number", "null"], "description": "MW; null where there is none or it is not known"}
NO_PLAN = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "reason", "nearest_below_mw", "nearest_above_mw"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "reason": {"enum": ["granularity", "capacity", "gcd", "gap", "undecided"]},
        "nearest_below_mw": NEAREST,
        "nearest_above_mw": NEAREST,
    },
}


def header(name: str, schema: dict[str, Any], description: str) -> OpenApiParameter:
    """A header of the answer with the plan."""
    return OpenApiParameter(
        name, schema, OpenApiParameter.HEADER, required=True, description=description, response=[200]
    )


ALL_OR_NOTHING = "onoff: a turbine gives all it can or nothing; curtail: it may give less"
CONVENTIONS = [
    OpenApiParameter("wind", {"enum": ["onoff", "curtail"]}, description=ALL_OR_NOTHING),
    OpenApiParameter("co2", {"enum": ["true", "false"]}, description="whether CO2 counts as a cost"),
]
HEADERS = [
    header("X-Plan-Status", {"enum": ["optimal", "feasible"]}, "optimal: proven to be the cheapest"),
    header("X-Plan-Gap-Eur", {"type": "number"}, "the cheapest plan costs at most this much less"),
    header("X-Plan-Cost-Eur", {"type": "number"}, "of the hour"),
    header("X-Plan-Co2-Ton", {"type": "number"}, "of the hour"),
    header("X-Plan-Wind", {"enum": ["onoff", "curtail"]}, "the convention used"),
    header("X-Plan-Co2", {"enum": ["true", "false"]}, "the convention used"),
]
ANSWERS: dict[Any, Any] = {
    200: OpenApiResponse(PLAN),
    (422, PROBLEM): OpenApiResponse(NO_PLAN, "No plan meets the load, or none was found in time"),
}
