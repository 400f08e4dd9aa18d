"""What declared identifiers stand for in values: rows by the identifiers of their own, and identifiers told otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from perturb.types import JSON, Schema

Change = Callable[[str, JSON], JSON]
"""From the kind of an identifier and its value to the value told otherwise."""


def own_identifiers(schema: Schema, value: JSON) -> Iterator[tuple[str, JSON]]:
    """The identifiers, with their kinds, of a value itself and of the objects within it, those of lists aside."""
    schema = _fitting(schema, value)
    if "x-identifier" in schema:
        yield schema["x-identifier"], value
    elif isinstance(value, dict):
        properties = schema.get("properties") or {}
        for key, item in value.items():
            if key in properties and not isinstance(item, list):
                yield from own_identifiers(properties[key], item)


def with_identifiers(schema: Schema, value: JSON, change: Change, keeps: Callable[[Schema, JSON], bool] | None = None) -> JSON:
    """The value with its identifiers told otherwise, and of its lists only the items that `keeps` wants to have; what stays as
    it is is the same object."""
    schema = _fitting(schema, value)
    if isinstance(value, list):
        items: Schema = schema.get("items") or {}
        kept = value if keeps is None else [item for item in value if keeps(items, item)]
        made = [with_identifiers(items, item, change, keeps) for item in kept]
        return value if len(made) == len(value) and all(map(_is, made, value)) else made
    if isinstance(value, dict):
        properties, free = schema.get("properties") or {}, schema.get("additionalProperties")
        told = {
            key: with_identifiers(properties.get(key) or (free if isinstance(free, dict) else {}), item, change, keeps)
            for key, item in value.items()
        }
        return told if any(told[key] is not item for key, item in value.items()) else value
    return change(schema["x-identifier"], value) if "x-identifier" in schema else value


def _fitting(schema: Any, value: JSON) -> Schema:
    """The branch of a union that a value is of, by its type and its keys; the schema itself where it is none."""
    if not isinstance(schema, dict):
        return {}
    for key in ("anyOf", "oneOf"):
        for branch in schema.get(key) or ():
            if _fits(branch, value):
                return _fitting(branch, value)
    return schema


def _fits(schema: Schema, value: JSON) -> bool:
    kind = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
    declared = schema.get("type")
    if declared is not None and declared != kind[type(value)] and not (declared == "number" and type(value) is int):
        return False
    return not isinstance(value, dict) or not schema.get("properties") or value.keys() <= schema["properties"].keys()


def _is(one: JSON, other: JSON) -> bool:
    return one is other
