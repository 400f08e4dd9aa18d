"""`descriptions.mislead`: a tool carries the description of another one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.renaming import single_tools
from perturb.types import Axis, Kind, Tool


class Mislead(Operator, frozen=True, kw_only=True):
    """A tool carries the description of another one; its name, its arguments and what it does stay.

    Before: `cancel_order` "Cancel an order."
    After: `cancel_order` "List the orders of a user."

    Places are the tools for which another description is at hand; intensity is their share. Does not apply where no two
    tools are described differently.
    """

    id: ClassVar[str] = "descriptions.mislead"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "names"
    promises: ClassVar[Kind] = "adversarial"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="tool",
            plan={"op": "descriptions.mislead", "version": 1, "sources": {"cancel_order": "list_orders"}},
            tool=Tool(name="cancel_order", description="Cancel an order."),
            others=(Tool(name="list_orders", description="List the orders of a user.", effect="read"),),
            before={"name": "cancel_order", "description": "Cancel an order."},
            after={
                "name": "cancel_order",
                "description": "List the orders of a user.",
                "parameters": {"type": "object", "properties": {}},
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

    sources: dict[str, str] = msgspec.field(default_factory=dict)
    """The tool whose description each tool carries."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Mislead | NotApplicable:
        told = {place: tool.description for place, tool in single_tools(setup).items() if tool.description.strip()}
        sources = {}
        # Those described alike stand side by side, so that all others are counted, and one is found, without a list of them.
        ordered = sorted(told, key=told.__getitem__)
        start = {text: index for index, text in reversed(list(enumerate(told[place] for place in ordered)))}
        alike = Counter(told.values())
        for place, description in told.items():
            others = len(ordered) - alike[description]
            if others:
                index = pick.integer(place, 0, others - 1)
                sources[place] = ordered[index if index < start[description] else index + alike[description]]
        if not sources:
            return NotApplicable("nothing_to_change", "no two tools are described differently")
        return cls(sources={place: sources[place] for place in pick.chosen(sources, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return MisleadLens(setup, self.sources)


class MisleadLens(Lens):
    """Shows tools with the descriptions of others."""

    def __init__(self, real: Setup, sources: Mapping[str, str]) -> None:
        super().__init__(real)
        told = {place: tool.description for place, tool in single_tools(real).items()}
        new = {place: told[source] for place, source in sources.items() if place in told and source in told}
        if new:
            self.setup = self.shown(tools=[_described(tool, new) for tool in real.tools])


def _described(tool: Tool, new: Mapping[str, str]) -> Tool:
    description = new.get(tool.stands_for[0]) if len(tool.stands_for) == 1 else None
    return tool if description is None else msgspec.structs.replace(tool, description=description)
