"""`schema.strict`: every argument is required, null stands for what is left out, and nothing else is allowed."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import msgspec

from perturb import schemas
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.tool_places import place_of, tools_by_place
from perturb.schemas import Convert
from perturb.types import JSON, Axis, Call, Failure, Schema, Tool


class Strict(Operator, frozen=True, kw_only=True):
    """Every argument is required, null stands for what is left out, and no other argument is allowed, as structured outputs
    demand.

    Before: `search_flights {"origin": "OSL"}`
    After: `search_flights {"origin": "OSL", "cabin": null}`

    What is left out is still read as such, since the tool itself allows it. Places are tools; intensity is the share of
    those whose schema is not strict yet. Does not apply to a tool with an optional argument for which null is a value of its
    own, or with a map of free keys.
    """

    id: ClassVar[str] = "schema.strict"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "rendering"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="call",
            plan={"op": "schema.strict", "version": 1, "tools": ["search_flights"]},
            tool=Tool(
                name="search_flights",
                description="Search for flights.",
                parameters={
                    "type": "object",
                    "properties": {"origin": {"type": "string"}, "cabin": {"type": "string"}},
                    "required": ["origin"],
                },
                effect="read",
            ),
            before={"name": "search_flights", "arguments": {"origin": "OSL"}},
            after={"name": "search_flights", "arguments": {"origin": "OSL", "cabin": None}},
        ),
    )

    tools: tuple[str, ...] = ()

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Strict | NotApplicable:
        tools = tools_by_place(setup)
        made = {place: _strict(tool.parameters) for place, tool in tools.items()}
        changed = [place for place, one in made.items() if one is not None and one.schema != tools[place].parameters]
        if not changed:
            return NotApplicable("nothing_to_change", "each tool is strict already, or null or a free key has a meaning")
        return cls(tools=tuple(pick.chosen(changed, intensity)))

    def places(self) -> frozenset[str]:
        return frozenset(self.tools)

    def lens(self, setup: Setup) -> Lens:
        return StrictLens(setup, frozenset(self.tools))


class StrictLens(Lens):
    """Shows strict schemas; fills in null, and takes it out again."""

    def __init__(self, real: Setup, places: frozenset[str]) -> None:
        super().__init__(real)
        self._made: dict[str, schemas.Rewritten] = {}
        tools: list[Tool] = []
        for tool in real.tools:
            made = _strict(tool.parameters) if place_of(tool) in places else None
            if made is not None:
                self._made[tool.name] = made
            tools.append(tool if made is None else msgspec.structs.replace(tool, parameters=made.schema))
        if self._made:
            self.setup = self.shown(tools=tools)

    def show_call(self, call: Call) -> Call:
        made = self._made.get(call.name)
        return call if made is None or made.show is None else Call(call.name, made.show(call.arguments))

    def read_call(self, call: Call) -> Call | Failure:
        made = self._made.get(call.name)
        return call if made is None or made.read is None else Call(call.name, made.read(call.arguments))


def _strict(schema: Schema) -> schemas.Rewritten | None:
    """A schema made strict, with what that does to values; `None` where null or a free key means something."""
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return _strict_union(schema, key)
    if "items" in schema:
        items = _strict(schema["items"])
        if items is None:
            return None
        made = schema if items.schema is schema["items"] else {**schema, "items": items.schema}
        return schemas.Rewritten(made, items.show and _each(items.show), items.read and _each(items.read))
    if "object" in schemas.kinds_of(schema) or "properties" in schema:
        return _strict_object(schema)
    return schemas.Rewritten(schema, None, None)


def _strict_union(schema: Schema, key: str) -> schemas.Rewritten | None:
    """A union with at most one branch that holds properties; the values of the others go through it unchanged."""
    made = [_strict(branch) for branch in schema[key]]
    if any(one is None for one in made):
        return None
    branches = [one for one in made if one is not None]
    structured = [one for one in schema[key] if schemas.kinds_of(one) & {"object", "array"}]
    if all(one.schema is old for one, old in zip(branches, schema[key], strict=True)):
        return schemas.Rewritten(schema, None, None)
    if len(structured) > 1:
        return None
    changed = next(one for one, old in zip(branches, schema[key], strict=True) if one.schema is not old)
    return schemas.Rewritten({**schema, key: [one.schema for one in branches]}, changed.show, changed.read)


def _strict_object(schema: Schema) -> schemas.Rewritten | None:
    properties: dict[str, Schema] = schema.get("properties") or {}
    free = schema.get("additionalProperties")
    # A root without properties takes nothing; further within, an object without any is a map of free keys.
    if free not in (None, False) or (free is None and not properties and "properties" not in schema):
        return None
    required = set(schema.get("required", ()))
    shown: dict[str, Schema] = {}
    inner: dict[str, schemas.Rewritten] = {}
    for name, child in properties.items():
        made = _strict(child)
        if made is None or (name not in required and not _never_null(child)):
            return None
        inner[name] = made
        shown[name] = made.schema if name in required else _nullable(made.schema)
    optional = [name for name in properties if name not in required]
    new: Schema = {**schema, "additionalProperties": False}
    if properties:
        new |= {"properties": shown, "required": list(properties)}
    if not optional and all(one.show is None and one.read is None for one in inner.values()):
        return schemas.Rewritten(schema if new == schema else new, None, None)

    def show(value: JSON) -> JSON:
        if not isinstance(value, dict):
            return value
        filled = {name: _through(inner[name].show, item) if name in inner else item for name, item in value.items()}
        return {**filled, **{name: None for name in optional if name not in filled}}

    def read(value: JSON) -> JSON:
        if not isinstance(value, dict):
            return value
        given = {name: item for name, item in value.items() if item is not None or name not in optional}
        return {name: _through(inner[name].read, item) if name in inner else item for name, item in given.items()}

    return schemas.Rewritten(new, show, read)


def _through(convert: Convert | None, value: JSON) -> JSON:
    return convert(value) if convert is not None else value


def _each(convert: Convert) -> Convert:
    def run(value: JSON) -> JSON:
        return [convert(item) for item in value] if isinstance(value, list) else value

    return run


def _never_null(schema: Schema) -> bool:
    """Whether a schema says what its values are, and null is none of them."""
    if "const" in schema:
        return schema["const"] is not None
    kinds = schemas.kinds_of(schema)
    return bool(kinds) and "null" not in kinds and None not in schema.get("enum", ())


def _nullable(schema: Schema) -> Schema:
    """A schema that allows null as well, and says what it stands for."""
    outer: dict[str, Any] = {key: value for key, value in schema.items() if key == "description" or key.startswith("x-")}
    inner = {key: value for key, value in schema.items() if key not in outer and key != "default"}
    means = (
        f"for the default, {json.dumps(schema['default'], ensure_ascii=False)}"
        if "default" in schema
        else "where it is left out"
    )
    outer["description"] = f"{schema.get('description', '')} Null {means}.".strip()
    if isinstance(inner.get("type"), str) and not {"anyOf", "oneOf", "allOf", "enum", "const"} & set(inner):
        return {**outer, **inner, "type": [inner["type"], "null"]}
    return {**outer, "anyOf": [inner, {"type": "null"}]}
