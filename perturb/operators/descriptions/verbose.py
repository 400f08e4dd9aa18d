"""`descriptions.verbose`: boilerplate, a usage example and a maintenance note stand around a description."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.descriptions.usage_examples import usage_example
from perturb.operators.tool_places import place_of, tools_by_place
from perturb.types import Axis, Kind, Tool

_OPENINGS = (
    "This tool is part of the standard catalogue and is available to every workspace.",
    "Maintained by the platform team, who are glad of corrections to this text.",
    "Generated from the service definition; changes made to this page by hand are lost at the next build.",
    "This entry follows the house style for the descriptions of tools: purpose first, details below.",
    "Thank you for building on our platform. The paragraphs below describe one of the tools that it offers.",
    "Requests are traced by the server with an identifier of its own, which callers neither send nor receive.",
    "The text on this page is released under the same licence as the rest of the documentation.",
    "What follows is the long form of the entry; the printed handbook carries a shorter one.",
)
_NOTES = (
    "Maintenance note: the code behind this tool moved to a new repository last spring. Its behaviour did not change.",
    "Changelog: the wording of this description was revised. No change in behaviour.",
    "For maintainers: this tool is covered by the nightly contract tests; keep them green.",
    "For maintainers: keep this entry in step with the reference documentation.",
    "Since the last release the handler writes structured logs. Callers see no difference.",
    "Owner: platform team. Last reviewed at the start of the quarter; the next review is scheduled.",
    "The service behind this tool was moved to newer machines in autumn. Nothing needs to be done by callers.",
    "Translations of this page are prepared by volunteers and may appear some weeks after the original.",
)


class Padding(msgspec.Struct, frozen=True):
    """What stands around a description: a sentence before it and one after it, and whether a usage example does."""

    opening: str
    note: str
    example: bool


class Verbose(Operator, frozen=True, kw_only=True):
    """Boilerplate, a usage example and a maintenance note stand around a description, which stays word for word.

    Before: "Get a user by their id."
    After: "Maintained by the platform team … Get a user by their id. Example: `get_user {"id": 1}` … Changelog: …"

    Nothing added bears on the task; examples are made from the schema and are valid calls. Places are tools; intensity is
    their share. Applies wherever there are tools.
    """

    id: ClassVar[str] = "descriptions.verbose"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "noise"
    promises: ClassVar[Kind] = "distraction"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="tool",
            plan={
                "op": "descriptions.verbose",
                "version": 1,
                "paddings": {"get_user": {"opening": _OPENINGS[1], "note": _NOTES[1], "example": True}},
            },
            tool=Tool(
                name="get_user",
                description="Get a user by their id.",
                parameters={"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
                effect="read",
            ),
            before={"name": "get_user", "description": "Get a user by their id."},
            after={
                "name": "get_user",
                "description": "Maintained by the platform team, who are glad of corrections to this text.\n\n"
                "Get a user by their id.\n\n"
                'Example: `get_user {"id": 1}`\n\n'
                "Changelog: the wording of this description was revised. No change in behaviour.",
                "parameters": {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
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

    paddings: dict[str, Padding] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Verbose | NotApplicable:
        tools = tools_by_place(setup)
        if not tools:
            return NotApplicable("nothing_to_change", "there are no tools")
        return cls(
            paddings={
                place: Padding(
                    pick.choice(f"opening of {place}", _OPENINGS),
                    pick.choice(f"note of {place}", _NOTES),
                    pick.integer(f"example of {place}", 0, 3) > 0,
                )
                for place in pick.chosen(tools, intensity)
            }
        )

    def lens(self, setup: Setup) -> Lens:
        return VerboseLens(setup, self.paddings)


class VerboseLens(Lens):
    """Shows longer descriptions."""

    def __init__(self, real: Setup, paddings: Mapping[str, Padding]) -> None:
        super().__init__(real)
        if paddings:
            self.setup = self.shown(tools=[_padded(tool, paddings.get(place_of(tool))) for tool in real.tools])


def _padded(tool: Tool, padding: Padding | None) -> Tool:
    if padding is None:
        return tool
    parts = [padding.opening, tool.description]
    example = usage_example(tool) if padding.example else None
    if example is not None:
        parts.append(f"Example: `{tool.name} {json.dumps(example, ensure_ascii=False)}`")
    return msgspec.structs.replace(tool, description="\n\n".join(part for part in [*parts, padding.note] if part.strip()))
