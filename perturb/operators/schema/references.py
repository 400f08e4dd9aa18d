"""`schema.references`: objects and enums within a schema are defined once, and referred to."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from perturb import schemas
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.tool_places import place_of, tools_by_place
from perturb.operators.vocabulary import join, restyle, split
from perturb.operators.vocabulary.inflection import is_plural, singular
from perturb.types import Axis, Schema, Tool, to_json

_STAYS = ("description", "default", "title", "examples")
"""What speaks of one use of a definition, and stands beside the reference to it."""


class References(Operator, frozen=True, kw_only=True):
    """Objects and enums within a schema are defined once under `$defs` and referred to, as generated schemas have it.

    Before: `"address": {"type": "object", "properties": {"city": {"type": "string"}}}`
    After: `"address": {"$ref": "#/$defs/Address"}`, with `"$defs": {"Address": {"type": "object", …}}`

    Calls stay as they are. Laid over every operator that looks into schemas, since they need them inline. Places are tools
    with such a part; intensity is their share. Does not apply where none has one.
    """

    id: ClassVar[str] = "schema.references"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "noise"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="tool",
            plan={"op": "schema.references", "version": 1, "tools": ["send_parcel"]},
            tool=Tool(
                name="send_parcel",
                description="Send a parcel.",
                parameters={
                    "type": "object",
                    "properties": {
                        "address": {
                            "type": "object",
                            "properties": {"city": {"type": "string"}},
                            "description": "Where it goes.",
                        }
                    },
                    "required": ["address"],
                },
            ),
            before={"name": "send_parcel"},
            after={
                "name": "send_parcel",
                "description": "Send a parcel.",
                "parameters": {
                    "type": "object",
                    "properties": {"address": {"$ref": "#/$defs/Address", "description": "Where it goes."}},
                    "required": ["address"],
                    "$defs": {"Address": {"type": "object", "properties": {"city": {"type": "string"}}}},
                },
                "returns": None,
                "effect": "write",
                "idempotent": False,
                "ordered": True,
                "batch": None,
                "renderer": "json",
                "stands_for": [],
            },
        ),
    )

    tools: tuple[str, ...] = ()

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> References | NotApplicable:
        places = [place for place, tool in tools_by_place(setup).items() if _referring(tool.parameters) is not None]
        if not places:
            return NotApplicable("nothing_to_change", "no tool takes an object or an enum")
        return cls(tools=tuple(pick.chosen(places, intensity)))

    def places(self) -> frozenset[str]:
        return frozenset(self.tools)

    def lens(self, setup: Setup) -> Lens:
        return ReferencesLens(setup, frozenset(self.tools))


class ReferencesLens(Lens):
    """Shows schemas with references."""

    def __init__(self, real: Setup, places: frozenset[str]) -> None:
        super().__init__(real)
        tools = [_with_references(tool) if place_of(tool) in places else tool for tool in real.tools]
        if any(new is not old for new, old in zip(tools, real.tools, strict=True)):
            self.setup = self.shown(tools=tools)


def _with_references(tool: Tool) -> Tool:
    made = _referring(tool.parameters)
    return tool if made is None else msgspec.structs.replace(tool, parameters=made)


def _referring(schema: Schema) -> Schema | None:
    """A schema whose objects and enums are defined apart; `None` where it has none, or has definitions already."""
    if "$defs" in schema:
        return None
    definitions = _Definitions()
    made = definitions.within(schema, "")
    return {**made, "$defs": definitions.named} if definitions.named else None


class _Definitions:
    """The definitions of one schema, each under a name of its own."""

    def __init__(self) -> None:
        self.named: dict[str, Schema] = {}
        self._known: dict[bytes, str] = {}

    def within(self, schema: Schema, name: str) -> Schema:
        """A schema with everything within it referred to, `name` being the property that it is the schema of."""
        made: dict[str, Any] = dict(schema)
        if properties := schema.get("properties"):
            made["properties"] = {one: self.refer(child, one) for one, child in properties.items()}
        for key in ("items", "additionalProperties"):
            if isinstance(schema.get(key), dict):
                made[key] = self.refer(schema[key], _one_of(name))
        for key in ("anyOf", "oneOf", "allOf"):
            if key in schema:
                made[key] = [self.refer(branch, name) for branch in schema[key]]
        return made

    def refer(self, schema: Schema, name: str) -> Schema:
        """A reference to a schema where it is an object with properties or an enum, else the schema itself."""
        made = self.within(schema, name)
        if not (schema.get("properties") or "enum" in schema):
            return made
        beside = {key: value for key, value in made.items() if key in _STAYS or key.startswith("x-")}
        defined = {key: value for key, value in made.items() if key not in beside}
        return {"$ref": f"#/$defs/{self._name(defined, name)}", **beside}

    def _name(self, defined: Schema, name: str) -> str:
        key = to_json(schemas.strip(defined))
        if key not in self._known:
            wanted = restyle(name, "pascal").strip("_") or "Value"
            number = 1
            while (free := wanted if number == 1 else f"{wanted}{number}") in self.named:
                number += 1
            self._known[key] = free
            self.named[free] = defined
        return self._known[key]


def _one_of(name: str) -> str:
    """What one of several is called: `passenger` of `passengers`."""
    words, style = split(name)
    if words and is_plural(words[-1]):
        return join((*words[:-1], singular(words[-1])), style)
    return f"{name}_item"
