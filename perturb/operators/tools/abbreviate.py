"""`tools.abbreviate`: the words of tools' names are shortened as programmers shorten them."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.renaming import ToolNamesLens, choose_names, names_in_use, single_tools
from perturb.operators.vocabulary import abbreviate
from perturb.types import Axis, Tool


class Abbreviate(Operator, frozen=True, kw_only=True):
    """The words of tools' names are shortened as programmers shorten them, wherever the tools are named.

    Before: `search_direct_flight {"origin": "OSL"}`
    After: `srch_dir_flt {"origin": "OSL"}`

    A word has one short form and no other word has the same. Places are the tools with a word that has a short form;
    intensity is their share. Does not apply where no name has such a word.
    """

    id: ClassVar[str] = "tools.abbreviate"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "names"
    retires_calls: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="call",
            plan={"op": "tools.abbreviate", "version": 1, "names": {"search_direct_flight": "srch_dir_flt"}},
            tool=Tool(
                name="search_direct_flight",
                description="Search for direct flights.",
                parameters={"type": "object", "properties": {"origin": {"type": "string"}}, "required": ["origin"]},
                effect="read",
            ),
            before={"name": "search_direct_flight", "arguments": {"origin": "OSL"}},
            after={"name": "srch_dir_flt", "arguments": {"origin": "OSL"}},
        ),
    )

    names: dict[str, str] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Abbreviate | NotApplicable:
        current = {place: tool.name for place, tool in single_tools(setup).items()}
        shorter = {place: name for place, name in current.items() if abbreviate(name) != name}
        if not shorter:
            return NotApplicable("nothing_to_change", "no name of a tool has a word with a short form")
        new = choose_names(shorter, lambda place: (abbreviate(current[place]),), names_in_use(setup), pick)
        if not new:
            return NotApplicable("names_exhausted", "every short form is taken by another name or word of the toolset")
        return cls(names={place: new[place] for place in pick.chosen(new, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return ToolNamesLens(setup, self.names)
