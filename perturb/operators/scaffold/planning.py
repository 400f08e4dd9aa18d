"""`scaffold.planning`: a model plans everything before it acts."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.said_example import OPENING
from perturb.operators.scaffolded import own_loop, with_scaffold
from perturb.scaffold.docs import told
from perturb.scaffold.record import PLAN, Planning
from perturb.types import Axis, Kind, Tool

_TOOL = Tool(name="get_user", description="Get a user.")


class PlanFirst(Operator, frozen=True, kw_only=True):
    """In its first turn a model can call nothing, and writes a plan of all steps; it is then asked to carry that out.

    Before: call `get_user {"id": 7}`
    After: text `1. get_user, for 7. 2. …`, then call `get_user {"id": 7}`

    The one place is when it plans.
    """

    id: ClassVar[str] = "scaffold.planning"
    axis: ClassVar[Axis] = "scaffold"
    phase: ClassVar[Phase] = "scaffold"
    promises: ClassVar[Kind] = "ablation"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="request",
            plan={"op": "scaffold.planning", "version": 1, "plans": {"planning": "first"}},
            tool=_TOOL,
            before=OPENING,
            after=[
                {"role": "system", "content": "\n\n".join(["You look up users.", told([_TOOL], "json"), PLAN])},
                OPENING[1],
            ],
        ),
    )

    plans: dict[str, Planning] = msgspec.field(default_factory=dict)
    """When a plan is made."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> PlanFirst | NotApplicable:
        if (why := own_loop(setup)) is not None:
            return why
        return cls(plans=dict.fromkeys(pick.chosen(["planning"], intensity), "first"))

    def lens(self, setup: Setup) -> Lens:
        return with_scaffold(setup, **self.plans)
