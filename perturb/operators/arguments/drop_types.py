"""`arguments.drop_types`: arguments without their types."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.tool_places import place_of, tools_by_place
from perturb.types import Axis, Kind, Schema, Tool


class DropTypes(Operator, frozen=True, kw_only=True):
    """Arguments without their types, as tools have them that were made from untyped functions.

    Before: `"seats": {"type": "integer", "description": "How many seats."}`
    After: `"seats": {"description": "How many seats."}`

    Names, descriptions, enums and what is required stay, and so do calls. Places are tools; intensity is the share of those
    that have a type to drop. Does not apply where no argument has one.
    """

    id: ClassVar[str] = "arguments.drop_types"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "noise"
    promises: ClassVar[Kind] = "ablation"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="tool",
            plan={"op": "arguments.drop_types", "version": 1, "tools": ["book_seats"]},
            tool=Tool(
                name="book_seats",
                description="Book seats.",
                parameters={
                    "type": "object",
                    "properties": {
                        "seats": {"type": "integer", "description": "How many seats."},
                        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
                    },
                    "required": ["seats"],
                },
            ),
            before={"name": "book_seats"},
            after={
                "name": "book_seats",
                "description": "Book seats.",
                "parameters": {
                    "type": "object",
                    "properties": {"seats": {"description": "How many seats."}, "note": {"default": None}},
                    "required": ["seats"],
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
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> DropTypes | NotApplicable:
        typed = [place for place, tool in tools_by_place(setup).items() if _untyped(tool.parameters) != tool.parameters]
        if not typed:
            return NotApplicable("nothing_to_change", "no argument has a type")
        return cls(tools=tuple(pick.chosen(typed, intensity)))

    def places(self) -> frozenset[str]:
        return frozenset(self.tools)

    def lens(self, setup: Setup) -> Lens:
        return DropTypesLens(setup, frozenset(self.tools))


class DropTypesLens(Lens):
    """Shows arguments without types."""

    def __init__(self, real: Setup, places: frozenset[str]) -> None:
        super().__init__(real)
        if places:
            self.setup = self.shown(
                tools=[
                    msgspec.structs.replace(tool, parameters=_untyped(tool.parameters)) if place_of(tool) in places else tool
                    for tool in real.tools
                ]
            )


def _untyped(parameters: Schema) -> Schema:
    """The parameters with no type below their root, which providers want to be an object."""
    return {**_bare(parameters), **{key: parameters[key] for key in ("type",) if key in parameters}}


def _bare(schema: Any) -> Any:
    """A schema without `type`, at any depth that its values reach; it allows all that it allowed before."""
    if not isinstance(schema, dict):
        return schema
    made: Schema = {}
    for key, value in schema.items():
        if key in ("properties", "patternProperties", "$defs"):
            made[key] = {name: _bare(child) for name, child in value.items()}
        elif key in ("items", "additionalProperties", "contentSchema"):
            made[key] = _bare(value)
        elif key in ("anyOf", "oneOf", "allOf"):
            made |= _union(key, value)
        elif key != "type":
            made[key] = value
    return made


def _union(key: str, branches: list[Any]) -> Schema:
    """A union without the types of its branches: one that told types apart and no more says nothing then, and what fits two
    branches of a `oneOf` now is no reason to refuse it."""
    bare = [_bare(branch) for branch in branches]
    if bare == branches:
        return {key: branches}
    said = [branch for branch in bare if branch]
    if not said:
        return {}
    if key == "allOf":
        return {key: said}
    return {"anyOf": said if len(said) == len(bare) else [*said, {}]}
