"""One value of a record that is not what identifies it, and another value that could have stood there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from perturb.operator import Setup
from perturb.operators.renamed_properties import schemas_now
from perturb.operators.results.records import objects_of
from perturb.schemas import kinds_of
from perturb.types import JSON, Schema, digest

_BOUNDED = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern", "const"}
)


class Key(NamedTuple):
    """A key of a record: its place, the names that lead to it, and its schema."""

    place: str
    path: tuple[str, ...]
    schema: Schema


def keys_of(schema: Schema | None) -> Iterator[Key]:
    """The keys of a result's records that hold plain values and identify nothing: neither declared identifiers nor names. In a
    result that is one record, texts of no declared form are left out, since nothing says what else could stand there."""
    record = objects_of(schema)
    if record is not None:
        yield from _keys(record, (), rows=record is not schema)


def _keys(record: Schema, path: tuple[str, ...], rows: bool) -> Iterator[Key]:
    for name, child in (record.get("properties") or {}).items():
        if child.get("type") == "object" and not isinstance(child.get("additionalProperties"), dict):
            yield from _keys(child, (*path, name), rows)
        elif "x-place" in child and _changeable(child, rows):
            yield Key(child["x-place"], (*path, name), child)


def _changeable(schema: Schema, rows: bool) -> bool:
    kinds = kinds_of(schema) - {"null"}
    if _declares(schema, ("x-identifier", "x-entity")) or len(kinds - {"integer", "number"}) > 1 or "const" in schema:
        return False
    if kinds == {"string"}:
        return rows or _declares(schema, ("x-date",)) or len([one for one in _listed(schema) if one is not None]) > 1
    return bool(kinds) and kinds <= {"boolean", "integer", "number"}


def _declares(node: Any, keys: Sequence[str]) -> bool:
    if isinstance(node, dict):
        return any(key in node for key in keys) or any(_declares(node.get(key), keys) for key in ("anyOf", "oneOf", "allOf"))
    return isinstance(node, list) and any(_declares(item, keys) for item in node)


def _listed(schema: Schema) -> list[JSON]:
    found = list(schema.get("enum") or ())
    for key in ("anyOf", "oneOf"):
        for branch in schema.get(key) or ():
            found += _listed(branch)
    return found


def chosen_keys(setup: Setup) -> dict[str, list[str]]:
    """By tool: the places of the keys of its records whose value could be another."""
    reachable = {name for tool in setup.tools for name in tool.stands_for}
    found: dict[str, list[str]] = {}
    for schema in schemas_now(setup, "results"):
        for key in keys_of(schema):
            tool = key.place.partition(">")[0]
            if tool in reachable:
                found.setdefault(tool, []).append(key.place)
    return found


class Changed(NamedTuple):
    """Where a value is (the row, `None` in a result that is one record, and the names that lead to it), and what else it
    could be."""

    row: int | None
    path: tuple[str, ...]
    other: JSON


def another(schema: Schema | None, data: JSON, key: Key, seed: int) -> Changed | None:
    """Another value at a key in one record of a result: the same record, and the same value, however often and among whichever
    others it is given. `None` where no record has one."""
    record = objects_of(schema)
    if record is None:
        return None
    rows = [data] if record is schema else data if isinstance(data, list) else []
    values = [_reached(row, key.path) for row in rows]
    ranked = sorted(range(len(rows)), key=lambda index: digest([seed, rows[index]]))
    for index in ranked:
        other = _other(values[index], key.schema, [one for one in values if one is not _MISSING], seed)
        if other is not None:
            return Changed(None if record is schema else index, key.path, other)
    return None


_MISSING = object()


def _reached(row: JSON, path: Sequence[str]) -> Any:
    for name in path:
        if not isinstance(row, dict) or name not in row:
            return _MISSING
        row = row[name]
    return row


def _other(value: Any, schema: Schema, beside: Sequence[JSON], seed: int) -> JSON:
    """Another value of the same type that its schema allows; `None` where there is none."""
    for candidate in _candidates(value, schema, beside, seed):
        if candidate != value and _allowed(candidate, schema):
            return candidate
    return None


def _candidates(value: Any, schema: Schema, beside: Sequence[JSON], seed: int) -> Iterator[JSON]:
    if isinstance(value, bool):
        yield not value
    elif listed := [one for one in _listed(schema) if one is not None and one != value and type(one) is type(value)]:
        yield listed[seed % len(listed)]
    elif isinstance(value, int):
        step = max(1, abs(value) // 8)
        yield from (value + step, value - step) if seed % 2 else (value - step, value + step)
    elif isinstance(value, float):
        part = max(1.0, round(abs(value) / 8, 2))
        yield from (round(one, 2) for one in ((value + part, value - part) if seed % 2 else (value - part, value + part)))
    elif isinstance(value, str):
        if _declares(schema, ("x-date",)):
            yield from _days_off(value, 1 if seed % 2 else -1)
        else:
            others = list(dict.fromkeys(one for one in beside if isinstance(one, str) and one and one != value))
            yield from others[seed % len(others) :][:1] if others else ()


def _days_off(value: str, days: int) -> Iterator[str]:
    """The same time on another day."""
    try:
        yield str(date.fromisoformat(value[:10]) + timedelta(days=days)) + value[10:]
    except (ValueError, OverflowError):
        return


def _allowed(value: JSON, schema: Schema) -> bool:
    if not _declares(schema, tuple(_BOUNDED)):
        return True
    from jsonschema import Draft202012Validator

    return bool(Draft202012Validator(schema).is_valid(value))
