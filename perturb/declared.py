"""What a schema declares of the values within data: which of them are identifiers."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any

from perturb.types import JSON, Schema


def identified(schema: Any, value: JSON) -> Iterator[tuple[str, JSON]]:
    """The scalars of a value that its schema declares to be identifiers, with their kinds."""
    if isinstance(value, dict):
        for key, item in value.items():
            for kind in _kinds_of_key(schema, key):
                yield kind, item
            for child in _within(schema, key):
                yield from identified(child, item)
    elif isinstance(value, list):
        for item in value:
            for child in _items(schema):
                yield from identified(child, item)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        for branch in branches(schema):
            if "x-identifier" in branch:
                yield branch["x-identifier"], value
                return


def without_identifiers(schema: Any, value: JSON, kinds: Container[str]) -> JSON:
    """The value with its identifiers of some kinds left blank."""
    if isinstance(value, dict):
        return {
            key: None
            if any(kind in kinds for kind in _kinds_of_key(schema, key))
            else without_identifiers({"anyOf": list(_within(schema, key))}, item, kinds)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [without_identifiers({"anyOf": list(_items(schema))}, item, kinds) for item in value]
    return None if any(kind in kinds for kind, _ in identified(schema, value)) else value


def branches(schema: Any) -> Iterator[Schema]:
    """A schema and the parts of its choices and intersections, at any depth."""
    if isinstance(schema, dict):
        yield schema
        for key in ("anyOf", "oneOf", "allOf"):
            for branch in schema.get(key) or ():
                yield from branches(branch)


def _within(schema: Any, key: str) -> Iterator[Schema]:
    for branch in branches(schema):
        child = (branch.get("properties") or {}).get(key, branch.get("additionalProperties"))
        if isinstance(child, dict):
            yield child


def _items(schema: Any) -> Iterator[Schema]:
    for branch in branches(schema):
        if isinstance(branch.get("items"), dict):
            yield branch["items"]


def _kinds_of_key(schema: Any, key: str) -> list[str]:
    """The kinds that a free key identifies, where its object declares it so."""
    return [branch["x-identifiers"][key] for branch in branches(schema) if key in (branch.get("x-identifiers") or {})]
