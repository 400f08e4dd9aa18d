"""`errors.terse`: a failure says that it is one, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.types import Axis, Call, Failure, Kind, Tool

_WORDS = ("Error", "error", "Error: request failed", "Something went wrong.", "Operation failed")


class Terse(Operator, frozen=True, kw_only=True):
    """Failures of a tool are told in one word or two, the same for all tools, whatever has happened.

    Before: `User 'bo' does not exist`
    After: `Error`

    What failed, why, and what to do instead is withheld. Places are tools; intensity is the share of them. Does not apply
    where there are no tools; in an episode without a failure nothing changes.
    """

    id: ClassVar[str] = "errors.terse"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "noise"
    promises: ClassVar[Kind] = "ablation"
    conditional: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="failure",
            plan={"op": "errors.terse", "version": 1, "tools": {"get_user": "Error"}},
            tool=Tool(name="get_user", parameters={"type": "object", "properties": {"id": {"type": "string"}}}, effect="read"),
            call=Call("get_user", {"id": "bo"}),
            before={"kind": "not_found", "message": "User 'bo' does not exist", "tool": "get_user", "field": "id"},
            after="Error",
        ),
    )

    tools: dict[str, str] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Terse | NotApplicable:
        places = [name for tool in setup.tools for name in tool.stands_for]
        if not places:
            return NotApplicable("nothing_to_change", "there are no tools")
        return cls(tools=dict.fromkeys(pick.chosen(places, intensity), pick.choice("words", _WORDS)))

    def lens(self, setup: Setup) -> Lens:
        return TerseLens(setup, self.tools)


class TerseLens(Lens):
    """Shows the words in place of every failure of the tool. The kind stays on record, where no agent sees it."""

    withholds: ClassVar[bool] = True

    def __init__(self, real: Setup, words: Mapping[str, str]) -> None:
        super().__init__(real)
        self._words = {
            tool.name: next(words[place] for place in tool.stands_for if place in words)
            for tool in real.tools
            if any(place in words for place in tool.stands_for)
        }

    def show_failure(self, call: Call, failure: Failure) -> Failure:
        words = self._words.get(call.name)
        if words is None:
            return failure
        return msgspec.structs.replace(
            failure, message=words, tool=None, field=None, value=None, retry_after=None, renderer="plain"
        )
