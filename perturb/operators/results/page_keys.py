"""Where a page holds its rows, and keys that a server adds to it by dotted paths: `next_cursor`, or `meta.next_cursor`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perturb.types import JSON, Schema


def list_key(schema: Schema | None) -> str | None:
    """Where a result holds its list: `""` at the root, else the key of its first list; `None` where it has none."""
    if schema is None:
        return None
    if schema.get("type") == "array":
        return ""
    for name, child in (schema.get("properties") or {}).items():
        if child.get("type") == "array":
            return str(name)
    return None


def at(data: JSON, path: str) -> JSON:
    """The value at a path; `None` where there is none."""
    for key in path.split("."):
        if not isinstance(data, dict) or key not in data:
            return None
        data = data[key]
    return data


def put(data: Mapping[str, JSON], path: str, value: JSON) -> dict[str, JSON]:
    """The object with a value at a path; objects on the way are made where there is nothing."""
    key, _, rest = path.partition(".")
    if not rest:
        return {**data, key: value}
    within = data.get(key)
    return {**data, key: put(within if isinstance(within, dict) else {}, rest, value)}


def without(data: Mapping[str, JSON], path: str, declared: Schema | None) -> dict[str, JSON]:
    """The inverse of `put`: an object on the way goes where `declared`, the schema of the object as it was, has none."""
    key, _, rest = path.partition(".")
    within = data.get(key)
    properties: Mapping[str, Any] = (declared or {}).get("properties") or {}
    if not rest or key not in properties or not isinstance(within, dict):
        return {name: value for name, value in data.items() if name != key}
    return {**data, key: without(within, rest, properties[key])}


def fits(data: Mapping[str, JSON], path: str) -> bool:
    """Whether a path can be put into an object and taken out again: its first step is there, and no step is taken."""
    first, *steps = path.split(".")[:-1] or [""]
    within = data.get(first) if first else data
    for key in steps:
        if not isinstance(within, dict):
            return False
        within = within.get(key, {})
    return isinstance(within, dict)


def declared_at(schema: Schema, path: str, value: Schema, required: bool) -> Schema:
    """The schema of an object with another one at a path."""
    key, _, rest = path.partition(".")
    properties: dict[str, Any] = dict(schema.get("properties") or {})
    properties[key] = declared_at(properties.get(key) or {"type": "object"}, rest, value, required) if rest else value
    made = {**schema, "properties": properties}
    if required and key not in schema.get("required", ()):
        made["required"] = [*schema.get("required", ()), key]
    return made
