"""`descriptions.drop`: tools without a description, or with none on their arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.tool_places import place_of, tools_by_place
from perturb.types import Axis, Kind, Tool

Part = Literal["tool", "arguments", "both"]


class DropDescriptions(Operator, frozen=True, kw_only=True):
    """Tools without a description, or with none on their arguments, as servers have them that nobody has documented.

    Before: `get_user` "Get a user by their id." (`id`: "The number of the user.")
    After: `get_user` "" (`id`: "The number of the user."), or the other way about, or neither

    What is dropped is one choice for a plan. Places are the tools that have it; intensity is their share. Does not apply
    where nothing is described.
    """

    id: ClassVar[str] = "descriptions.drop"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "noise"
    promises: ClassVar[Kind] = "ablation"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="tool",
            plan={"op": "descriptions.drop", "version": 1, "dropped": {"get_user": "arguments"}},
            tool=Tool(
                name="get_user",
                description="Get a user by their id.",
                parameters={"type": "object", "properties": {"id": {"type": "integer", "description": "The user."}}},
                effect="read",
            ),
            before={"name": "get_user", "parameters": {"properties": {"id": {"type": "integer", "description": "The user."}}}},
            after={
                "name": "get_user",
                "description": "Get a user by their id.",
                "parameters": {"type": "object", "properties": {"id": {"type": "integer"}}},
                "returns": None,
                "effect": "read",
                "idempotent": False,
                "ordered": True,
                "batch": None,
                "renderer": "json",
                "stands_for": [],
            },
        ),
    )

    dropped: dict[str, Part] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> DropDescriptions | NotApplicable:
        tools = tools_by_place(setup)
        described: dict[Part, list[str]] = {
            "tool": [place for place, tool in tools.items() if tool.description],
            "arguments": [place for place, tool in tools.items() if _undescribed(tool.parameters) is not tool.parameters],
        }
        either = {*described["tool"], *described["arguments"]}
        described["both"] = [place for place in tools if place in either]
        parts: list[Part] = [part for part, places in described.items() if places]
        if not parts:
            return NotApplicable("nothing_to_change", "no tool and no argument has a description")
        part = pick.choice("part", parts)
        return cls(dropped=dict.fromkeys(pick.chosen(described[part], intensity), part))

    def lens(self, setup: Setup) -> Lens:
        return DropDescriptionsLens(setup, self.dropped)


class DropDescriptionsLens(Lens):
    """Shows tools without descriptions."""

    def __init__(self, real: Setup, dropped: Mapping[str, Part]) -> None:
        super().__init__(real)
        if dropped:
            self.setup = self.shown(tools=[_without(tool, dropped.get(place_of(tool))) for tool in real.tools])


def _without(tool: Tool, part: Part | None) -> Tool:
    if part in ("tool", "both"):
        tool = msgspec.structs.replace(tool, description="")
    if part in ("arguments", "both"):
        tool = msgspec.structs.replace(tool, parameters=_undescribed(tool.parameters))
    return tool


def _undescribed(node: Any, names: bool = False) -> Any:
    """A schema without any description in it; itself where it has none."""
    if isinstance(node, list):
        items = [_undescribed(item) for item in node]
        return items if any(new is not old for new, old in zip(items, node, strict=True)) else node
    if not isinstance(node, dict):
        return node
    made: dict[str, Any] = {}
    changed = False
    for key, value in node.items():
        if key == "description" and not names:
            changed = True
            continue
        literal = key in ("enum", "const", "default", "examples") and not names
        made[key] = value if literal else _undescribed(value, key in ("properties", "$defs") and not names)
        changed = changed or made[key] is not value
    return made if changed else node
