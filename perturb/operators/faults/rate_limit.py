"""`faults.rate_limit`: the first calls of a tool are turned away with 429 and the time to come back, then it works."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.faults.first_calls import FirstCallsLens, plan_counts
from perturb.types import Axis, Call, Failure, FailureKind, Kind, Tool

_WAITS = (1, 2, 5, 10, 30)
"""Seconds to wait, as servers ask for them."""


class RateLimit(Operator, frozen=True, kw_only=True):
    """The first calls of a tool are turned away with 429 and the seconds to wait, before anything is done; then it works.

    Before: `get_user {"id": 7}` → `{"name": "Ada"}`
    After: `get_user {"id": 7}` → "Too many requests … (429 Too Many Requests; Retry-After: 5)", again → `{"name": "Ada"}`

    Time is not measured: how soon an agent comes back makes no difference. Places are tools; intensity is the share of
    them. Applies wherever there are tools.
    """

    id: ClassVar[str] = "faults.rate_limit"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "faults"
    promises: ClassVar[Kind] = "fault"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="exchange",
            plan={"op": "faults.rate_limit", "version": 1, "refusals": {"get_user": 1}, "seconds": 5},
            tool=Tool(name="get_user", parameters={"type": "object", "properties": {"id": {"type": "integer"}}}, effect="read"),
            before={"calls": [{"name": "get_user", "arguments": {"id": 7}}] * 2, "result": {"name": "Ada"}},
            after=[
                "Too many requests. Nothing was changed; please wait and try the same call again. "
                "(429 Too Many Requests; Retry-After: 5)",
                {"name": "Ada"},
            ],
        ),
    )

    refusals: dict[str, int] = msgspec.field(default_factory=dict)
    seconds: int = 1

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> RateLimit | NotApplicable:
        counts = plan_counts(setup, pick, intensity, most=3)
        if isinstance(counts, NotApplicable):
            return counts
        return cls(refusals=counts, seconds=pick.choice("seconds", _WAITS))

    def lens(self, setup: Setup) -> Lens:
        return RateLimitLens(setup, self.refusals, self.seconds)


class RateLimitLens(FirstCallsLens):
    """Turns the first calls away."""

    kind: ClassVar[FailureKind] = "rate_limited"

    def __init__(self, real: Setup, refusals: Mapping[str, int], seconds: int) -> None:
        super().__init__(real, refusals)
        self._seconds = seconds

    def fault(self, call: Call, place: str) -> Failure:
        refused = self.real.source.refusal("rate_limited", tool=call.name)
        told = f"{refused.message} (429 Too Many Requests; Retry-After: {self._seconds})"
        return msgspec.structs.replace(refused, message=told.strip(), retry_after=float(self._seconds))
