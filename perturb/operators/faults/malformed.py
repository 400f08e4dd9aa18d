"""`faults.malformed`: the first answers of a tool break off in the middle; sent again, the call is answered whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from perturb import texts
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.faults.first_calls import plan_counts
from perturb.operators.faults.lost_answers import LostAnswersLens
from perturb.types import Answer, Axis, Call, Failure, FailureKind, Kind, Tool


class Malformed(Operator, frozen=True, kw_only=True):
    """The first results of a tool break off in the middle, and the client says so; sent again, the same call is answered
    whole, and a write is not done twice.

    Before: `get_user {"id": 7}` → `{"name": "Ada Lovelace"}`
    After: `get_user {"id": 7}` → `{"name": "Ad` and "Incomplete response: 11 of 23 characters were received. …", again →
    `{"name": "Ada Lovelace"}`

    What is cut is the text as it would have been shown, with all other changes. Failures come whole. Places are tools;
    intensity is the share of them. Applies wherever there are tools.
    """

    id: ClassVar[str] = "faults.malformed"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "noise"
    promises: ClassVar[Kind] = "fault"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="exchange",
            plan={"op": "faults.malformed", "version": 1, "cuts": {"get_user": 1}, "percent": {"get_user": 50}},
            tool=Tool(name="get_user", parameters={"type": "object", "properties": {"id": {"type": "integer"}}}, effect="read"),
            before={"calls": [{"name": "get_user", "arguments": {"id": 7}}] * 2, "result": {"name": "Ada Lovelace"}},
            after=[
                '{"name":"Ad\n'
                "Incomplete response: 11 of 23 characters were received before the connection closed. "
                "Send the same call again to get it whole.",
                {"name": "Ada Lovelace"},
            ],
        ),
    )

    cuts: dict[str, int] = msgspec.field(default_factory=dict)
    percent: dict[str, int] = msgspec.field(default_factory=dict)
    """How much of the text arrives."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Malformed | NotApplicable:
        counts = plan_counts(setup, pick, intensity)
        if isinstance(counts, NotApplicable):
            return counts
        return cls(cuts=counts, percent={place: pick.integer(f"{place}%", 20, 80) for place in counts})

    def lens(self, setup: Setup) -> Lens:
        return MalformedLens(setup, self.cuts, self.percent)


class MalformedLens(LostAnswersLens):
    """Shows the first part of a result as the failure of a client that has read no more."""

    kind: ClassVar[FailureKind] = "unavailable"

    def __init__(self, real: Setup, cuts: Mapping[str, int], percent: Mapping[str, int]) -> None:
        super().__init__(real, cuts)
        self._percent = percent

    def lost(self, call: Call, answer: Answer, once: bool) -> Failure | None:
        if isinstance(answer, Failure):
            return None
        text = texts.result_text(answer)
        arrived = len(text) * self._percent[self.real.origin(call) or ""] // 100
        safe = " It is carried out only once, however often it is sent." if once else ""
        told = (
            f"Incomplete response: {arrived} of {len(text)} characters were received before the connection closed. "
            f"Send the same call again to get it whole.{safe}"
        )
        return Failure(kind=self.kind, message=f"{text[:arrived]}\n{told}".strip(), tool=call.name)
