"""The records of a result: the object that it is, or the objects in its rows, as the output schema declares them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from perturb.types import JSON, Schema


def objects_of(schema: Schema | None) -> Schema | None:
    """The schema of the records of a result; `None` where it declares none. Maps with free keys are no records."""
    if schema is None:
        return None
    found = schema.get("items") if schema.get("type") == "array" else schema
    if not isinstance(found, dict) or not found.get("properties") or isinstance(found.get("additionalProperties"), dict):
        return None
    return found


def with_objects(schema: Schema | None, data: JSON, change: Callable[[dict[str, Any]], JSON]) -> JSON:
    """The data of a result with each of its records changed; what is not as declared stays as it is."""
    found = objects_of(schema)
    if found is None:
        return data
    if found is schema:
        return change(data) if isinstance(data, dict) else data
    return [change(row) if isinstance(row, dict) else row for row in data] if isinstance(data, list) else data
