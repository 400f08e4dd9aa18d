"""`descriptions.reword`: descriptions say the same in another grammatical form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.renaming import single_tools
from perturb.operators.vocabulary import Wording, reword, rewordings
from perturb.types import Axis, Tool


class Reword(Operator, frozen=True, kw_only=True):
    """Descriptions say the same in another grammatical form; every value, name and condition in them stays to the letter.

    Before: "Get the user with this `id`."
    After: "Gets the user …", "Lookup of the user …", "Use this tool to get the user …", "This tool gets the user …"

    A description whose first verb is unknown gets a heading (`Purpose: …`). Places are tools; intensity is the share of
    tools that have a description. Does not apply where none has.
    """

    id: ClassVar[str] = "descriptions.reword"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "names"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="tool",
            plan={"op": "descriptions.reword", "version": 1, "wordings": {"get_user": "noun_phrase"}},
            tool=Tool(name="get_user", description="Get the user with this `id`, or fail with `not_found`.", effect="read"),
            before={"name": "get_user", "description": "Get the user with this `id`, or fail with `not_found`."},
            after={
                "name": "get_user",
                "description": "Lookup of the user with this `id`, or fail with `not_found`.",
                "parameters": {"type": "object", "properties": {}},
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

    wordings: dict[str, Wording] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Reword | NotApplicable:
        places = {place: tool for place, tool in single_tools(setup).items() if tool.description.strip()}
        if not places:
            return NotApplicable("nothing_to_change", "no tool has a description")
        # Two tools that are told apart by their descriptions stay so, whichever of them are reworded.
        taken = {tool.description for tool in setup.tools}
        wordings: dict[str, Wording] = {}
        for place, tool in places.items():
            found = {wording: text for wording, text in rewordings(tool.description).items() if text not in taken}
            options: list[Wording] = [wording for wording in found if wording != "label"] or list(found)
            if options:
                wordings[place] = pick.choice(place, options)
                taken.add(found[wordings[place]])
        if not wordings:
            return NotApplicable("nothing_to_change", "no description can be put another way")
        return cls(wordings={place: wordings[place] for place in pick.chosen(wordings, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return RewordLens(setup, self.wordings)


class RewordLens(Lens):
    """Shows other descriptions; calls and results stay as they are."""

    def __init__(self, real: Setup, wordings: Mapping[str, Wording]) -> None:
        super().__init__(real)
        if wordings:
            self.setup = self.shown(tools=[_reworded(tool, wordings) for tool in real.tools])


def _reworded(tool: Tool, wordings: Mapping[str, Wording]) -> Tool:
    wording = wordings.get(tool.stands_for[0]) if len(tool.stands_for) == 1 else None
    return tool if wording is None else msgspec.structs.replace(tool, description=reword(tool.description, wording))
