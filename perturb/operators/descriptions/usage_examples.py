"""Examples of calls, made from a tool's schema alone."""

from __future__ import annotations

import re
from typing import Any

from perturb.operators.vocabulary import split
from perturb.types import JSON, Schema, Tool

_BY_FORMAT: dict[str, str] = {
    "date": "2026-01-15",
    "date-time": "2026-01-15T09:30:00Z",
    "time": "09:30:00Z",
    "email": "someone@example.com",
    "uri": "https://www.example.com/",
    "uuid": "3f0c1f5e-8a54-4a3b-9d0e-2b7f6d1c9a10",
}
_LONGEST = 300


class _NoExample(Exception):
    """A schema asks for something that cannot be made up."""


def usage_example(tool: Tool) -> dict[str, JSON] | None:
    """Arguments of a call with all that the tool requires and no more, valid under its schema; `None` where a schema asks
    for something that cannot be made up (a pattern), or there would be nothing to see."""
    from jsonschema import Draft202012Validator

    try:
        arguments = _value(tool.parameters, "", tool.parameters)
    except _NoExample:
        return None
    if not arguments or len(str(arguments)) > _LONGEST or not Draft202012Validator(tool.parameters).is_valid(arguments):
        return None
    return dict(arguments)


def _value(schema: Schema, name: str, root: Schema) -> Any:
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    if "const" in schema:
        return schema["const"]
    if "$ref" in schema:
        return _value(root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], name, root)
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            return _value(schema[key][0], name, root)
    declared = schema.get("type")
    kind = declared[0] if isinstance(declared, list) else declared
    if kind == "object":
        properties = schema.get("properties", {})
        return {one: _value(properties[one], one, root) for one in schema.get("required", ()) if one in properties}
    if kind == "array":
        return [_value(schema.get("items", {}), name, root) for _ in range(max(1, schema.get("minItems", 0)))]
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    if kind == "boolean":
        return schema.get("default", True)
    if kind == "string" and "pattern" not in schema and "contentMediaType" not in schema:
        return _BY_FORMAT.get(schema.get("format", ""), _placeholder(name))
    raise _NoExample


def _placeholder(name: str) -> str:
    words = [part.lower() for word in split(name)[0] for part in re.findall(r"[^\W_]+", word)]
    return "-".join(["example", *words])
