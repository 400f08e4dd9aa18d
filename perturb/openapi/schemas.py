"""The schemas of an OpenAPI document as JSON Schema 2020-12, with what they refer to in them.

OpenAPI 3.1 has JSON Schema 2020-12 itself; 3.0 has a dialect of its own. What says nothing to an agent is left out: how XML is
written, where documentation lies, and keys that begin with `x-`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from perturb.openapi.document import Document, Node
from perturb.types import Schema

Way = Literal["request", "response"]
_MISSING = {"request": "readOnly", "response": "writeOnly"}
"""The mark of properties that are not there on that way."""
_LEFT_OUT = frozenset(
    {"discriminator", "xml", "externalDocs", "readOnly", "writeOnly", "nullable", "example", "$schema", "$id"}
)
_DATA = frozenset({"const", "default", "enum", "examples"})
_BY_NAME = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs", "definitions"})
_SCHEMAS = frozenset(
    {"items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else"}
    | {"unevaluatedItems", "unevaluatedProperties", "contentSchema"}
)
_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_MERGED = frozenset({"type", "properties", "required", "description", "title", "examples"})
"""The keywords of an object that can be joined with others of an `allOf`."""


class Reader:
    """Makes JSON Schema of a document's schemas. A schema within itself becomes an open one: a tree cannot hold a circle."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._old = document.version == "3.0"
        self._made: dict[tuple[str, str, Way], Schema | bool] = {}
        self._open: list[tuple[str, str]] = []
        self._cut: set[tuple[str, str]] = set()

    def schema(self, node: Node, way: Way) -> Schema:
        """The schema at a node."""
        read = self._read(node, way)
        return {} if read is True else {"not": {}} if read is False else read

    def _read(self, node: Node, way: Way) -> Schema | bool:
        if isinstance(node.value, bool):
            return node.value
        told = node.object("a schema")
        if "$ref" not in told:
            return self._converted(node, way)
        target = self._document.target(node)
        place = (target.uri, target.pointer)
        if place in self._open:
            self._cut.add(place)
            kind = target.value.get("type") if isinstance(target.value, dict) else None
            return {"type": kind} if isinstance(kind, str) else {}
        key = (*place, way)
        if key not in self._made:
            self._open.append(place)
            read = self._read(target, way)
            self._open.pop()
            self._cut.discard(place)
            if self._cut:
                return self._beside(read, node, way)
            self._made[key] = read
        return self._beside(self._made[key], node, way)

    def _beside(self, read: Schema | bool, node: Node, way: Way) -> Schema | bool:
        """A schema with what stands beside the reference to it; in 3.0 that means nothing."""
        if self._old or len(node.value) == 1 or isinstance(read, bool):
            return read
        rest = Node({key: value for key, value in node.value.items() if key != "$ref"}, node.uri, node.pointer)
        return {**read, **self._converted(rest, way)}

    def _converted(self, node: Node, way: Way) -> Schema:
        told: dict[str, Any] = node.value
        made: Schema = {}
        for key, value in told.items():
            if key.startswith("x-") or key in _LEFT_OUT:
                continue
            if key in _BY_NAME:
                made[key] = self._named(node.child(key), way, key)
            elif key in _SCHEMAS and isinstance(value, (dict, bool)):
                made[key] = self._read(node.child(key), way)
            elif key in _LISTS:
                made[key] = [self._read(each, way) for each in node.child(key).list(key)]
            else:
                made[key] = value
        if "example" in told and "examples" not in made:
            made["examples"] = [told["example"]]
        elif "examples" in made and not isinstance(made["examples"], list):
            del made["examples"]
        if "properties" in made and "required" in made and isinstance(made["required"], list):
            missing = set(told["properties"]) - set(made["properties"])
            made["required"] = [name for name in made["required"] if name not in missing]
        if self._old:
            _modernise(made, bool(told.get("nullable")))
        return _joined(made)

    def _named(self, node: Node, way: Way, key: str) -> dict[str, Any]:
        made = {}
        for name, child in node.items(key):
            value = self._document.followed(child).value if isinstance(child.value, dict) else child.value
            if key == "properties" and isinstance(value, Mapping) and value.get(_MISSING[way]) is True:
                continue
            made[name] = self._read(child, way)
        return made


def _modernise(schema: Schema, nullable: bool) -> None:
    """Write what 3.0 has in its own way as JSON Schema does."""
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(schema.get(exclusive), bool) and schema.pop(exclusive) and bound in schema:
            schema[exclusive] = schema.pop(bound)
    if not nullable:
        return
    if isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    if "type" not in schema:
        for key in ("anyOf", "oneOf"):
            if key in schema:
                schema[key] = [*schema[key], {"type": "null"}]
        if "allOf" in schema:
            rest = {"allOf": schema.pop("allOf")}
            schema["anyOf"] = [*schema.get("anyOf", ()), rest, {"type": "null"}]


def _joined(schema: Schema) -> Schema:
    """One object for an `allOf` of plain objects with properties of their own, which is how documents write inheritance."""
    parts = schema.get("allOf")
    if not isinstance(parts, list):
        return schema
    outer = {key: value for key, value in schema.items() if key != "allOf"}
    if len(parts) == 1 and isinstance(parts[0], dict) and not outer.keys() & parts[0].keys() - {"description", "title"}:
        return {**parts[0], **outer}
    every = [*parts, outer]
    if not all(isinstance(part, dict) and part.keys() <= _MERGED and part.get("type", "object") == "object" for part in every):
        return schema
    properties: dict[str, Any] = {}
    for part in every:
        for name, child in part.get("properties", {}).items():
            if properties.setdefault(name, child) != child:
                return schema
    required = list(dict.fromkeys(name for part in every for name in part.get("required", ())))
    told = {key: part[key] for part in every for key in ("title", "description", "examples") if key in part}
    return {"type": "object", **told, "properties": properties, **({"required": required} if required else {})}
