"""`tools.case_style`: tools are spelt in another case style."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.renaming import ToolNamesLens, names_in_use, single_tools
from perturb.operators.vocabulary import Style, restyle
from perturb.types import Axis, Tool

_STYLES: tuple[Style, ...] = ("camel", "pascal", "kebab", "snake")
"""Those that every provider accepts in the name of a function; a dot is refused by most."""


class ToolCaseStyle(Operator, frozen=True, kw_only=True):
    """Tools are spelt in another case style, the same words in the same order, wherever they are named.

    Before: `get_user {"id": 7}`
    After: `getUser {"id": 7}`, `GetUser`, `get-user`

    One style for a plan. Places are the tools whose name looks different in it; intensity is their share. Does not apply
    where no name changes in any style.
    """

    id: ClassVar[str] = "tools.case_style"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "names"
    retires_calls: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="call",
            plan={"op": "tools.case_style", "version": 1, "names": {"get_user": "getUser"}},
            tool=Tool(
                name="get_user",
                description="Get a user by their id.",
                parameters={"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
                effect="read",
            ),
            before={"name": "get_user", "arguments": {"id": 7}},
            after={"name": "getUser", "arguments": {"id": 7}},
        ),
    )

    names: dict[str, str] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> ToolCaseStyle | NotApplicable:
        places = single_tools(setup)
        options = {style: new for style in _STYLES if (new := _restyled(places, style, setup))}
        if not options:
            return NotApplicable("nothing_to_change", "no name of a tool looks different in another case style")
        most = max(map(len, options.values()))
        # A style that leaves most names as they are (one word is the same in three of them) would not be seen.
        new = options[pick.choice("style", [style for style, names in options.items() if 2 * len(names) >= most])]
        return cls(names={place: new[place] for place in pick.chosen(new, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return ToolNamesLens(setup, self.names)


def _restyled(places: dict[str, Tool], style: Style, setup: Setup) -> dict[str, str]:
    """The names that change in a style, none of them in use for anything else."""
    taken = names_in_use(setup)
    given: set[str] = set()
    made: dict[str, str] = {}
    for place, tool in places.items():
        new = restyle(tool.name, style)
        lowered = new.lower()
        if new != tool.name and lowered not in given and (lowered == tool.name.lower() or lowered not in taken):
            made[place] = new
            given.add(lowered)
    return made
