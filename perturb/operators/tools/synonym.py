"""`tools.synonym`: tools go by other words for the same act and the same thing."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.renaming import ToolNamesLens, choose_names, names_in_use, single_tools
from perturb.operators.vocabulary import tool_synonyms
from perturb.types import Axis, Tool


class ToolSynonym(Operator, frozen=True, kw_only=True):
    """Tools go by other words for the same act and the same thing, wherever they are named.

    Before: `cancel_order {"id": 7}`
    After: `void_purchase {"id": 7}`

    Places are tools; intensity is the share of tools. Applies wherever there are tools.
    """

    id: ClassVar[str] = "tools.synonym"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "names"
    retires_calls: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="call",
            plan={"op": "tools.synonym", "version": 1, "names": {"cancel_order": "void_purchase"}},
            tool=Tool(
                name="cancel_order",
                description="Cancel an order.",
                parameters={"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
            ),
            before={"name": "cancel_order", "arguments": {"id": 7}},
            after={"name": "void_purchase", "arguments": {"id": 7}},
        ),
    )

    names: dict[str, str] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> ToolSynonym | NotApplicable:
        places = single_tools(setup)
        if not places:
            return NotApplicable("nothing_to_change", "there are no tools")
        current = {place: tool.name for place, tool in places.items()}
        curated = partial(tool_synonyms, neutral=False)
        new = choose_names(current, curated, names_in_use(setup), pick, spare=tool_synonyms)
        if not new:
            return NotApplicable("names_exhausted", "every synonym is taken by another name or word of the toolset")
        return cls(names={place: new[place] for place in pick.chosen(new, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return ToolNamesLens(setup, self.names)
