"""`errors.hint`: a failure ends in a suggestion that is true of all of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.types import Axis, Call, Failure, FailureKind, Kind, Tool

_LEADS = ("Hint:", "Suggestion:", "Tip:", "What to try:")
_HINTS: dict[FailureKind, str] = {
    "unknown_tool": "compare the name with the list of tools; names are case-sensitive.",
    "invalid_argument": "compare the value with what the schema of this tool accepts, and mind upper and lower case.",
    "not_found": "check the value for typing errors, or look it up again before retrying.",
    "conflict": "something else may have changed it in the meantime; read it again before retrying.",
    "precondition_failed": "read the current state again; it may not allow this at the moment.",
    "permission_denied": "check that this is done on behalf of the right account.",
    "unauthenticated": "sessions end after a while; signing in again usually helps.",
    "rate_limited": "spread requests out, and fetch only what is needed.",
    "unavailable": "most outages last a few seconds; if it persists, see the status page.",
    "timeout": "large requests take longer; asking for less at a time can help.",
    "internal": "if this happens again, report it together with the time of the request.",
    "unknown": "read the message closely; it usually names the cause.",
}


class Hint(Operator, frozen=True, kw_only=True):
    """The failures of a tool end in a general suggestion for failures of that kind.

    Before: `User 'bo' does not exist`
    After: `User 'bo' does not exist Hint: check the value for typing errors, or look it up again before retrying.`

    The suggestion adds nothing that the task needs. Places are tools; intensity is the share of them. Does not apply where
    there are no tools; in an episode without a failure nothing changes.
    """

    id: ClassVar[str] = "errors.hint"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "shape"
    promises: ClassVar[Kind] = "distraction"
    conditional: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="failure",
            plan={"op": "errors.hint", "version": 1, "leads": {"get_user": "Hint:"}},
            tool=Tool(name="get_user", parameters={"type": "object", "properties": {"id": {"type": "string"}}}, effect="read"),
            call=Call("get_user", {"id": "bo"}),
            before={"kind": "not_found", "message": "User 'bo' does not exist", "tool": "get_user", "field": "id"},
            after="User 'bo' does not exist Hint: check the value for typing errors, or look it up again before retrying.",
        ),
    )

    leads: dict[str, str] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Hint | NotApplicable:
        places = [name for tool in setup.tools for name in tool.stands_for]
        if not places:
            return NotApplicable("nothing_to_change", "there are no tools")
        return cls(leads=dict.fromkeys(pick.chosen(places, intensity), pick.choice("lead", _LEADS)))

    def lens(self, setup: Setup) -> Lens:
        return HintLens(setup, self.leads)


class HintLens(Lens):
    """Adds the suggestion at the end of the message and takes it off again."""

    def __init__(self, real: Setup, leads: Mapping[str, str]) -> None:
        super().__init__(real)
        self._leads = {
            tool.name: next(leads[place] for place in tool.stands_for if place in leads)
            for tool in real.tools
            if any(place in leads for place in tool.stands_for)
        }

    def show_failure(self, call: Call, failure: Failure) -> Failure:
        lead = self._leads.get(call.name)
        if lead is None:
            return failure
        return msgspec.structs.replace(failure, message=f"{failure.message} {lead} {_HINTS[failure.kind]}")

    def read_failure(self, call: Call, failure: Failure) -> Failure:
        lead = self._leads.get(call.name)
        if lead is None:
            return failure
        # The last one is ours; it may stand within the text of an error object.
        added = max((f" {lead} {hint}" for hint in _HINTS.values()), key=failure.message.rfind)
        before, _, after = failure.message.rpartition(added)
        return msgspec.structs.replace(failure, message=before + after)
