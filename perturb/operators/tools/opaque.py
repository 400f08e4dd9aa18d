"""`tools.opaque`: tools are numbered, and only their descriptions say what they do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.renaming import ToolNamesLens, names_in_use, says_enough, single_tools
from perturb.types import Axis, Kind, Tool

_PREFIXES = ("tool", "function", "op", "endpoint")


class Opaque(Operator, frozen=True, kw_only=True):
    """Tools are numbered, and only their descriptions say what they do.

    Before: `get_user {"id": 7}`
    After: `tool_17 {"id": 7}`, the description as it was

    A plan is an ablation where it numbers a tool that cannot be known by its description: there is none to speak of, or
    another tool has the same. `untold` names those tools. Places are tools; intensity is the share of tools.
    """

    id: ClassVar[str] = "tools.opaque"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "names"
    retires_calls: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="call",
            plan={"op": "tools.opaque", "version": 1, "names": {"get_user": "tool_17"}, "untold": []},
            tool=Tool(
                name="get_user",
                description="Get a user by their id.",
                parameters={"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
                effect="read",
            ),
            before={"name": "get_user", "arguments": {"id": 7}},
            after={"name": "tool_17", "arguments": {"id": 7}},
        ),
    )

    names: dict[str, str] = msgspec.field(default_factory=dict)
    untold: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        return "ablation" if self.untold else "equivalent"

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Opaque | NotApplicable:
        places = single_tools(setup)
        if not places:
            return NotApplicable("nothing_to_change", "there are no tools")
        taken = names_in_use(setup)
        prefix = pick.choice("prefix", _PREFIXES)
        free = [name for number in range(1, 99 + 2 * len(places)) if (name := f"{prefix}_{number}") not in taken]
        new = dict(zip(places, pick.order("numbers", free), strict=False))
        chosen = pick.chosen(places, intensity)
        untold = _untold(places.values())
        return cls(
            names={place: new[place] for place in chosen},
            untold=tuple(place for place in chosen if place in untold),
        )

    def lens(self, setup: Setup) -> Lens:
        return ToolNamesLens(setup, self.names)


def _untold(tools: Iterable[Tool]) -> frozenset[str]:
    """The tools that cannot be known by their description alone, by the toolset's own names."""
    tools = list(tools)
    told = {tool.stands_for[0]: " ".join(tool.description.lower().split()) for tool in tools}
    times = Counter(told.values())
    return frozenset(place for place, text in told.items() if times[text] > 1 or not says_enough(text))
