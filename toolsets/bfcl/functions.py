"""BFCL's function documents as tools, with what is declared of them beyond, read off the source of their classes."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from perturb.types import Schema, Tool

CLASSES: dict[str, str] = {
    "GorillaFileSystem": "gorilla_file_system.json",
    "MathAPI": "math_api.json",
    "MessageAPI": "message_api.json",
    "TwitterAPI": "posting_api.json",
    "TicketAPI": "ticket_api.json",
    "TradingBot": "trading_bot.json",
    "TravelAPI": "travel_booking.json",
    "VehicleControlAPI": "vehicle_control.json",
}
"""The classes of the multi-turn categories, with the file of each that describes its functions."""

_SCHEMAS = ("items", "additionalProperties")


def tools_of(folder: Path, signatures: Mapping[str, Mapping[str, inspect.Signature]]) -> dict[str, list[Tool]]:
    """The tools of each class."""
    return {
        owner: [_tool(json.loads(line)) for line in (folder / file).read_text(encoding="utf-8").splitlines() if line.strip()]
        for owner, file in CLASSES.items()
    }


def _tool(told: Mapping[str, Any]) -> Tool:
    return Tool(
        name=told["name"],
        description=told["description"],
        parameters={"properties": {}} | _schema(told["parameters"]),
        returns=_schema(told["response"]) if "response" in told else None,
        renderer="bfcl-json",
    )


def _schema(told: Any) -> Schema:
    """A schema of BFCL's, whose types are words of several languages, as JSON Schema. What may be anything has no type."""
    from bfcl_eval.constants.type_mappings import GORILLA_TO_OPENAPI

    made: Schema = {}
    for key, value in told.items():
        if key == "type":
            if value != "any":
                made["type"] = GORILLA_TO_OPENAPI[value]
        elif key == "properties":
            made[key] = {name: _schema(child) for name, child in value.items()}
        elif key in _SCHEMAS and isinstance(value, dict):
            made[key] = _schema(value)
        else:
            made[key] = value
    return made
