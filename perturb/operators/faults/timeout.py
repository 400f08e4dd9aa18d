"""`faults.timeout`: the first calls of a tool are carried out and their answers lost; sent again, they are answered."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.faults.first_calls import plan_counts
from perturb.operators.faults.lost_answers import LostAnswersLens
from perturb.types import Answer, Axis, Call, Failure, FailureKind, Kind, Tool


class Timeout(Operator, frozen=True, kw_only=True):
    """The first calls of a tool are carried out, and all that comes back is that they took too long; sent again, the same
    call is answered, and a write is not done twice.

    Before: `pay {"sum": 7}` → `{"paid": 7}`
    After: `pay {"sum": 7}` → "The request timed out. Please try the same call again. …", again → `{"paid": 7}`

    What is shown says to send the same call again, and of a write that it is carried out only once. Places are tools;
    intensity is the share of them. Applies wherever there are tools.
    """

    id: ClassVar[str] = "faults.timeout"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "faults"
    promises: ClassVar[Kind] = "fault"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="exchange",
            plan={"op": "faults.timeout", "version": 1, "losses": {"pay": 1}},
            tool=Tool(name="pay", parameters={"type": "object", "properties": {"sum": {"type": "integer"}}}),
            before={"calls": [{"name": "pay", "arguments": {"sum": 7}}] * 2, "result": {"paid": 7}},
            after=[
                "The request timed out. Please try the same call again. It is carried out only once, however often it is sent.",
                {"paid": 7},
            ],
        ),
    )

    losses: dict[str, int] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Timeout | NotApplicable:
        counts = plan_counts(setup, pick, intensity)
        return counts if isinstance(counts, NotApplicable) else cls(losses=counts)

    def lens(self, setup: Setup) -> Lens:
        return TimeoutLens(setup, self.losses)


class TimeoutLens(LostAnswersLens):
    """Shows a time-out in place of the first answers."""

    kind: ClassVar[FailureKind] = "timeout"

    def lost(self, call: Call, answer: Answer, once: bool) -> Failure:
        refused = self.real.source.refusal("timeout", tool=call.name)
        safe = " It is carried out only once, however often it is sent." if once else ""
        return msgspec.structs.replace(refused, message=refused.message + safe)
