"""`faults.transient`: the first calls of a tool fail before anything is done, then it works."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.faults.first_calls import FirstCallsLens, plan_counts
from perturb.types import Axis, Call, Failure, FailureKind, Kind, Tool


class Transient(Operator, frozen=True, kw_only=True):
    """The first calls of a tool fail with "temporarily unavailable, try again", before anything is done; then it works.

    Before: `get_user {"id": 7}` → `{"name": "Ada"}`
    After: `get_user {"id": 7}` → "temporarily unavailable …", again `get_user {"id": 7}` → `{"name": "Ada"}`

    Places are tools; intensity is the share of tools. Applies wherever there are tools.
    """

    id: ClassVar[str] = "faults.transient"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "faults"
    promises: ClassVar[Kind] = "fault"

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="exchange",
            plan={"op": "faults.transient", "version": 1, "failures": {"get_user": 1}},
            tool=Tool(name="get_user", parameters={"type": "object", "properties": {"id": {"type": "integer"}}}, effect="read"),
            before={"calls": [{"name": "get_user", "arguments": {"id": 7}}] * 2, "result": {"name": "Ada"}},
            after=[
                "The service is temporarily unavailable. Nothing was changed; please try the same call again.",
                {"name": "Ada"},
            ],
        ),
    )

    failures: dict[str, int] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Transient | NotApplicable:
        counts = plan_counts(setup, pick, intensity)
        return counts if isinstance(counts, NotApplicable) else cls(failures=counts)

    def lens(self, setup: Setup) -> Lens:
        return TransientLens(setup, self.failures)


class TransientLens(FirstCallsLens):
    """Answers the first calls as a service that is out for a moment."""

    kind: ClassVar[FailureKind] = "unavailable"

    def fault(self, call: Call, place: str) -> Failure:
        return msgspec.structs.replace(self.real.source.refusal("unavailable", tool=call.name), retry_after=1.0)
