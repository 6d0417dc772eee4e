"""The shapes of questions and answers for the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from powerplant.conf import MAX_STORED_BYTES
from powerplant.whatif.curve import MAX_LOAD_MW, MAX_POINTS
from powerplant.whatif.variants import MAX_VARIANTS

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
LOAD = {"type": "number", "minimum": 0, "description": "MWh to generate in one hour"}
FUELS = {
    "type": "object",
    "description": "prices; one that no plant needs may be missing",
    "properties": {
        "gas(euro/MWh)": {"type": "number"},
        "kerosine(euro/MWh)": {"type": "number"},
        "co2(euro/ton)": {"type": "number"},
        "wind(%)": {"type": "number", "minimum": 0, "maximum": 100},
    },
}
PLANTS = {"type": "array", "items": {"oneOf": [FUELLED, TURBINE]}}
PAYLOAD = {
    "type": "object",
    "required": ["load", "fuels", "powerplants"],
    "properties": {"load": LOAD, "fuels": FUELS, "powerplants": PLANTS},
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


def record(**properties: Any) -> dict[str, Any]:
    """An object with all of these members."""
    return {"type": "object", "required": list(properties), "properties": properties}


CURSOR = r"^([1-9][0-9]{0,17})?$"
TEXT = {"type": "string"}
NUMBER = {"type": "number"}
EUR = {"type": "number", "description": "EUR for the hour"}
TON = {"type": "number", "minimum": 0, "description": "tons of CO2 in the hour"}
MW = {"type": "number", "minimum": 0, "description": "MW"}
PRICE = {"type": ["number", "null"], "description": "EUR/MWh of the break plant, the last that merit order needs"}
WIND = {"enum": ["onoff", "curtail"]}
CO2 = {"type": "boolean", "description": "whether CO2 counts as a cost"}
TIME = {"type": "string", "format": "date-time"}
STATE = {"enum": ["off", "minimum", "partial", "full"]}
WARNING = record(pointer=TEXT, code=TEXT, detail=TEXT)
PLANT = record(
    name=TEXT, type={"enum": ["gasfired", "turbojet", "windturbine"]}, p=MW, state=STATE, reason=TEXT,
    cost_eur=EUR, co2_ton=TON, eur_per_mwh=NUMBER, pmin=MW, pmax=MW,
)  # fmt: skip
ID = {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}
FIGURES = {
    "status": {"enum": ["optimal", "feasible"]},
    "load_mw": MW,
    "cost_eur": EUR,
    "co2_ton": TON,
    "price_eur_per_mwh": PRICE,
    "bound_eur": {"type": "number", "description": "every plan costs at least this"},
    "gap_eur": {"type": "number", "minimum": 0, "description": "cost less bound; 0: no plan is cheaper"},
    "elapsed_s": {"type": "number", "minimum": 0},
    "wind": WIND,
    "co2": CO2,
}
WHOLE = {"warnings": {"type": "array", "items": WARNING}, "plants": {"type": "array", "items": PLANT}}
REPORT = record(id={**ID, "type": ["integer", "null"]}, **FIGURES, **WHOLE)
STORED = record(id=ID, created_at=TIME, created_by=TEXT, **FIGURES, **WHOLE, request={"type": "object"})
SUMMARY = record(id=ID, created_at=TIME, created_by=TEXT, **FIGURES, plants={"type": "integer", "minimum": 0})
PLANS = record(items={"type": "array", "items": SUMMARY}, next={"type": ["string", "null"], "pattern": CURSOR})
KEPT = f"kept, with its request, each up to {MAX_STORED_BYTES} bytes compressed (413 above); needs the scope plan"
STORE = OpenApiParameter("store", {"enum": ["true", "false"], "default": "true"}, description=KEPT)
PLAN_ID = OpenApiParameter("plan", ID, OpenApiParameter.PATH)
PAGE = [
    OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}),
    OpenApiParameter("cursor", {"type": "string", "pattern": CURSOR}, description="`next` of the page before"),
]
REPORT_ANSWERS: dict[Any, Any] = {
    200: OpenApiResponse(REPORT, "With `store=false`"),
    201: OpenApiResponse(REPORT, "Kept"),
    (422, PROBLEM): ANSWERS[422, PROBLEM],
}
TENTHS = {"type": "number", "minimum": 0, "maximum": MAX_LOAD_MW, "description": "MW, a multiple of 0.1"}
CURVE_QUESTION = record(
    payload={**PAYLOAD, "required": ["fuels", "powerplants"]}, from_mw=TENTHS, to_mw=TENTHS,
    points={"type": "integer", "minimum": 1, "maximum": MAX_POINTS},
)  # fmt: skip
IMPOSSIBLE = {"enum": ["granularity", "capacity", "gcd", "gap", "undecided"]}
POINT = record(load_mw=MW, cost_eur=EUR, price_eur_per_mwh=PRICE, co2_ton=TON)
POINT["properties"]["gap_eur"] = {"type": "number", "description": "only where a cheaper plan is not ruled out"}
CURVE = record(points={"type": "array", "items": {"oneOf": [POINT, record(load_mw=MW, impossible=IMPOSSIBLE)]}})
VARIANT = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"wind": WIND, "co2": CO2, "load": LOAD, "fuels": FUELS},
}
COMPARE_QUESTION = {
    "type": "object",
    "required": ["payload"],
    "properties": {
        "payload": PAYLOAD,
        "variants": {"type": "array", "minItems": 1, "maxItems": MAX_VARIANTS, "items": VARIANT},
    },
}
NO_VARIANT = record(
    load_mw=MW,
    wind=WIND,
    co2=CO2,
    impossible=IMPOSSIBLE,
    detail=TEXT,
    nearest_below_mw=NEAREST,
    nearest_above_mw=NEAREST,
)
COMPARISON = record(variants={"type": "array", "items": {"oneOf": [REPORT, NO_VARIANT]}})
