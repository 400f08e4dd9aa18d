"""`tools.swap_names`: two tools trade names, and only their descriptions say which is which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.renaming import ToolNamesLens, single_tools
from perturb.types import Axis, Kind, Tool


class SwapNames(Operator, frozen=True, kw_only=True):
    """Two tools trade names; descriptions and arguments stay, and alone say which tool is which.

    Before: `get_user {"id": 7}`, `list_orders {"since": "2026-05-01"}`
    After: `list_orders {"id": 7}`, `get_user {"since": "2026-05-01"}`

    Where a text names one of them it goes on to mean the same tool, so that the names alone mislead. Places are pairs of
    tools, named by their first; intensity is the share of pairs. Does not apply to fewer than two tools.
    """

    id: ClassVar[str] = "tools.swap_names"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "names"
    promises: ClassVar[Kind] = "adversarial"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="call",
            plan={"op": "tools.swap_names", "version": 1, "partners": {"get_user": "list_orders"}},
            tool=Tool(
                name="get_user",
                description="Get a user by their id.",
                parameters={"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
                effect="read",
            ),
            others=(Tool(name="list_orders", description="List the orders of a day.", effect="read"),),
            before={"name": "get_user", "arguments": {"id": 7}},
            after={"name": "list_orders", "arguments": {"id": 7}},
        ),
    )

    partners: dict[str, str] = msgspec.field(default_factory=dict)
    """One tool of each pair, and the other."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> SwapNames | NotApplicable:
        ranked = pick.order("pairs", sorted(single_tools(setup)))
        pairs = dict(zip(ranked[::2], ranked[1::2], strict=False))
        if not pairs:
            return NotApplicable("nothing_to_change", "there are fewer than two tools")
        return cls(partners={place: pairs[place] for place in pick.chosen(pairs, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return ToolNamesLens(setup, _swapped(setup, self.partners))


def _swapped(setup: Setup, partners: Mapping[str, str]) -> dict[str, str]:
    """The new name of each tool whose partner is there too."""
    tools = single_tools(setup)
    names: dict[str, str] = {}
    for one, other in partners.items():
        if one in tools and other in tools:
            names |= {one: tools[other].name, other: tools[one].name}
    return names
