"""`descriptions.reword`: descriptions say the same in another grammatical form."""

from __future__ import annotations

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

    A description whose first verb is unknown gets a heading (`Purpose: …`). A description for which the toolset declares
    rewordings may become one of these. Places are tools; intensity is the share of tools that have a description. Does not
    apply where none has.
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
    texts: dict[str, str] = msgspec.field(default_factory=dict)
    """Descriptions that the toolset declares in place of its own."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Reword | NotApplicable:
        places = {place: tool for place, tool in single_tools(setup).items() if tool.description.strip()}
        if not places:
            return NotApplicable("nothing_to_change", "no tool has a description")
        # Two tools that are told apart by their descriptions stay so, whichever of them are reworded.
        taken = {tool.description for tool in setup.tools}
        chosen: dict[str, tuple[Wording | None, str]] = {}
        for place, tool in places.items():
            found = {wording: text for wording, text in rewordings(tool.description).items() if text not in taken}
            options: list[tuple[Wording | None, str]] = [(one, text) for one, text in found.items() if one != "label"]
            options += [(None, text) for text in setup.source.rewordings.get(tool.description, ()) if text not in taken]
            options = options or list(found.items())
            if options:
                chosen[place] = pick.choice(place, options)
                taken.add(chosen[place][1])
        if not chosen:
            return NotApplicable("nothing_to_change", "no description can be put another way")
        wordings: dict[str, Wording] = {}
        texts: dict[str, str] = {}
        for place in pick.chosen(chosen, intensity):
            wording, text = chosen[place]
            if wording is None:
                texts[place] = text
            else:
                wordings[place] = wording
        return cls(wordings=wordings, texts=texts)

    def lens(self, setup: Setup) -> Lens:
        lens = Lens(setup)
        if self.wordings or self.texts:
            lens.setup = lens.shown(tools=[self._reworded(tool) for tool in setup.tools])
        return lens

    def _reworded(self, tool: Tool) -> Tool:
        place = tool.stands_for[0] if len(tool.stands_for) == 1 else ""
        if place in self.texts:
            return msgspec.structs.replace(tool, description=self.texts[place])
        wording = self.wordings.get(place)
        return tool if wording is None else msgspec.structs.replace(tool, description=reword(tool.description, wording))
