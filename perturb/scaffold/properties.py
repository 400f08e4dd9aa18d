"""A JSON Schema as documentation tells it: types in the words of a language, and all that it has no words for as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from perturb.scaffold.formats import json_text
from perturb.types import JSON, Schema

_TYPES = frozenset({"string", "integer", "number", "boolean", "null", "array", "object"})


class Property(NamedTuple):
    """One property of an object.

    `types` are the names of JSON Schema, none where the schema says none; `options` the values of an enumeration. `inner` are
    the properties of an object, or of the objects that a list holds; `items` the types of what a list holds. `rest` is the part
    of the schema that is told by nothing else.
    """

    name: str
    required: bool
    types: tuple[str, ...]
    description: str
    options: tuple[JSON, ...] | None
    items: tuple[str, ...]
    inner: tuple[Property, ...]
    rest: Schema

    @property
    def note(self) -> str:
        """The rest of the schema as it is told; `""` where there is none."""
        return json_text(self.rest) if self.rest else ""


def properties_of(schema: Schema) -> tuple[Property, ...]:
    """The properties of an object's schema, in its order."""
    required = schema.get("required") or []
    declared = schema.get("properties")
    return tuple(_property(name, one, name in required) for name, one in (declared or {}).items())


def beyond(schema: Schema) -> Schema:
    """What the schema of a tool's arguments says beside its properties."""
    names = {one.name for one in properties_of(schema)}
    required = [name for name in schema.get("required") or () if name not in names]
    kept = {key: value for key, value in schema.items() if key not in ("type", "properties", "required")}
    return {**kept, **({"required": required} if required else {})}


def _property(name: str, schema: Any, required: bool) -> Property:
    if not isinstance(schema, dict):
        return Property(name, required, (), "", None, (), (), {"schema": schema})
    rest = dict(schema)
    types = _types(rest)
    described = rest.get("description")
    description = str(rest.pop("description")) if isinstance(described, str) else ""
    options = rest.pop("enum") if isinstance(rest.get("enum"), list) and all(map(_plain, rest["enum"])) else None
    items: tuple[str, ...] = ()
    inner: tuple[Property, ...] = ()
    holder: Any = rest
    if "array" in types and isinstance(rest.get("items"), dict):
        holder = dict(rest.pop("items"))
        items = _types(holder)
    if isinstance(holder.get("properties"), dict) and "object" in (items or types):
        inner = properties_of(holder)
        names = {one.name for one in inner}
        del holder["properties"]
        left = [one for one in holder.pop("required", None) or () if one not in names]
        if left:
            holder["required"] = left
    if holder is not rest and holder:
        rest["items"] = holder
    return Property(name, required, types, description, None if options is None else tuple(options), items, inner, rest)


def _types(schema: Schema) -> tuple[str, ...]:
    """The types that a schema names, taken out of it."""
    named = schema.get("type")
    types = tuple(named) if isinstance(named, list) else (named,)
    if not all(isinstance(one, str) and one in _TYPES for one in types):
        return ()
    del schema["type"]
    return types


def _plain(value: JSON) -> bool:
    return value is None or isinstance(value, (str, int, float, bool))


def one_line(text: str) -> str:
    """A text without breaks of lines, each of which is one sign of its own where it was: documentation is told line by line."""
    return " ".join(text.split())


def every(properties: tuple[Property, ...]) -> Iterator[Property]:
    """The properties and those within them."""
    for one in properties:
        yield one
        yield from every(one.inner)
