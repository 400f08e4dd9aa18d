"""Null in place of a key that is left out, and the other way round: one trade, and what a schema says of either side."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from perturb.operators.results.objects import records_in, regroupable
from perturb.schemas import Rewritten, kinds_of
from perturb.types import JSON, Schema


def can_be_null(schema: Schema | None) -> set[str]:
    """The places of keys that their record always has, and that may be null."""
    return {child["x-place"] for record in records_in(schema) for _, child in _nullable(record) if "x-place" in child}


def can_be_left_out(schema: Schema | None) -> set[str]:
    """The places of keys that their record may lack, and that are never null; a key with a default is always there."""
    return {child["x-place"] for record in records_in(schema) for _, child in _optional(record) if "x-place" in child}


def _nullable(record: Schema) -> Iterator[tuple[str, Schema]]:
    for name, child in record["properties"].items():
        kinds = kinds_of(child)
        if name in record.get("required", ()) and "null" in kinds and len(kinds) > 1 and "allOf" not in child:
            yield name, child


def _optional(record: Schema) -> Iterator[tuple[str, Schema]]:
    for name, child in record["properties"].items():
        kinds = kinds_of(child)
        # A list that there is nothing for is empty, rather than null.
        free = kinds and not kinds & {"null", "array"} and not {"default", "const", "allOf"} & child.keys()
        if name not in record.get("required", ()) and free:
            yield name, child


def nulls_moved(record: Schema, places: Collection[str]) -> Rewritten | None:
    """A record's schema with its keys at `places` left out where they were null, and null where they were left out; `None`
    where it has none of them."""
    if not regroupable(record):
        return None
    now_absent = {name: _without_null(child) for name, child in _nullable(record) if child.get("x-place") in places}
    now_null = {name: _with_null(child) for name, child in _optional(record) if child.get("x-place") in places}
    names = frozenset(now_absent | now_null)
    if not names:
        return None
    required = [name for name in record.get("required", ()) if name not in now_absent] + list(now_null)
    made = {**record, "properties": {**record["properties"], **now_absent, **now_null}, "required": required}

    def trade(value: JSON) -> JSON:
        if not isinstance(value, dict):
            return value
        traded = {key: item for key, item in value.items() if item is not None or key not in names}
        traded.update((name, None) for name in made["properties"] if name in names and name not in value)
        return traded

    return Rewritten(made, trade, trade)


def _without_null(schema: Schema) -> Schema:
    made = {key: value for key, value in schema.items() if key != "default" or value is not None}
    if isinstance(declared := schema.get("type"), list):
        kinds = [kind for kind in declared if kind != "null"]
        made["type"] = kinds[0] if len(kinds) == 1 else kinds
    if isinstance(schema.get("enum"), list):
        made["enum"] = [value for value in schema["enum"] if value is not None]
    for key in ("anyOf", "oneOf"):
        if isinstance(branches := schema.get(key), list):
            left = [_without_null(branch) for branch in branches if kinds_of(branch) != {"null"}]
            made[key] = left
            if len(left) == 1:
                del made[key]
                made = {**left[0], **made}
    return made


def _with_null(schema: Schema) -> Schema:
    made = dict(schema)
    declared = schema.get("type")
    if isinstance(declared, str | list):
        made["type"] = [*([declared] if isinstance(declared, str) else declared), "null"]
    if isinstance(schema.get("enum"), list):
        made["enum"] = [*schema["enum"], None]
    for key in ("anyOf", "oneOf"):
        if isinstance(branches := schema.get(key), list):
            made[key] = [*branches, {"type": "null"}]
    return made
