"""Whether a tool is what JSON Schema and the providers allow."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from perturb.errors import ToolsetError
from perturb.types import Tool, to_json


def validate_tool(toolset: str, tool: Tool) -> None:
    """Raise `ToolsetError` where a tool's name or schemas are not what providers and JSON Schema allow."""
    where = f"tool {tool.name!r} of toolset {toolset!r}"
    if not tool.name or len(tool.name) > 64 or not all(c.isascii() and (c.isalnum() or c in "_-.") for c in tool.name):
        raise ToolsetError(f"{where}: a name has 1 to 64 letters, digits, '_', '-' or '.'; rename the tool")
    for label, schema in (("parameters", tool.parameters), ("returns", tool.returns)):
        if schema is None:
            continue
        if not isinstance(schema, dict):
            raise ToolsetError(f"{where}: {label} is {schema!r}; it must be a JSON Schema object")
        try:
            encoded = to_json(schema)
        except (TypeError, ValueError) as error:
            raise ToolsetError(f"{where}: {label} is not JSON: {error}") from None
        if _schema_problem(to_json(_shape(schema))) and (problem := _schema_problem(encoded)):
            raise ToolsetError(f"{where}: {label} is no valid JSON Schema {problem}")
    if tool.parameters.get("type") != "object":
        raise ToolsetError(f'{where}: parameters must have "type": "object" at the root, not {tool.parameters.get("type")!r}')


_UNSEEN: dict[str, Any] = {"description": "", "title": "", "enum": [], "examples": []}
"""Keywords of a schema with the emptiest value of the type that each must have: any other of the type is as valid."""

_BY_NAME = frozenset({"patternProperties", "$defs", "definitions", "dependentSchemas"})


def _shape(node: Any) -> Any:
    """A schema without what its validity does not hang on: the names of properties, prose, values, and keys of our own. It is
    valid where the schema is; many perturbed schemas, and many tools, are of one shape."""
    if isinstance(node, list):
        return [_shape(item) for item in node]
    if not isinstance(node, dict):
        return node
    made: dict[str, Any] = {}
    for key, value in node.items():
        if key in _UNSEEN and type(value) is type(_UNSEEN[key]):
            made[key] = _UNSEEN[key]
        elif key in ("default", "const"):
            made[key] = None
        elif key == "properties" and isinstance(value, dict):
            made[key] = {str(place): _shape(child) for place, child in enumerate(value.values())}
        elif key in _BY_NAME and isinstance(value, dict):
            made[key] = {name: _shape(child) for name, child in value.items()}
        elif key == "required" and isinstance(value, list) and all(isinstance(name, str) for name in value):
            made[key] = [str(value.index(name)) for name in value]
        elif not key.startswith("x-"):
            made[key] = _shape(value)
    return made


@lru_cache(maxsize=50_000)
def _schema_problem(encoded: bytes) -> str:
    """What is wrong with a schema, from its JSON, and where; `""` for a valid one. Kept: checking one takes milliseconds."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(msgspec.json.decode(encoded))
    except SchemaError as error:
        return f"at '/{'/'.join(str(part) for part in error.path)}': {error.message}"
    return ""
