"""Batches done in two parts: which results can be put together again, and how."""

from __future__ import annotations

from perturb.types import JSON, Schema


def joinable(schema: Schema | None) -> bool:
    """Whether the result for all items is told by those for the first and for the rest: a list, a map with free keys, or an
    object of nothing but such."""
    if schema is None:
        return False
    if schema.get("type") == "array" or _is_map(schema):
        return True
    properties = schema.get("properties") or {}
    return bool(properties) and all(child.get("type") == "array" or _is_map(child) for child in properties.values())


def joined(schema: Schema, first: JSON, rest: JSON) -> JSON:
    """The result for all items, from those for the first and for the rest. Of one key two maps tell the same."""
    if isinstance(first, list) and isinstance(rest, list):
        return [*first, *rest]
    if isinstance(first, dict) and isinstance(rest, dict):
        declared: dict[str, Schema] = {} if _is_map(schema) else schema.get("properties") or {}
        both = {key: joined(child, first[key], rest[key]) for key, child in declared.items() if key in first and key in rest}
        return {**first, **rest, **both}
    return rest


def _is_map(schema: Schema) -> bool:
    return isinstance(schema.get("additionalProperties"), dict) and not schema.get("properties")
