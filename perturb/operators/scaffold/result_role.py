"""`scaffold.result_role`: what tools give comes in the user's name."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.said_example import CALLED, CONVERSATION, OPENING
from perturb.operators.scaffolded import own_loop, with_scaffold
from perturb.scaffold.calls import Results
from perturb.types import Axis, Tool


class ResultRole(Operator, frozen=True, kw_only=True):
    """Results come in messages of the user's, and earlier calls are words of the model's; new calls are made as ever.

    Before: role tool `Ada`
    After: role user `Observation:` and, a line below, `Ada`

    The one place is the role. Where calls are made in text, results come in the user's name anyway.
    """

    id: ClassVar[str] = "scaffold.result_role"
    axis: ClassVar[Axis] = "scaffold"
    phase: ClassVar[Phase] = "scaffold"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="request",
            plan={"op": "scaffold.result_role", "version": 1, "roles": {"results": "user"}},
            tool=Tool(name="get_user", description="Get a user."),
            before=CONVERSATION,
            after=[
                *OPENING,
                {
                    "role": "assistant",
                    "reasoning": CALLED["reasoning"],
                    "content": 'Calling tools:\n[{"id": "x1", "name": "get_user", "arguments": {"id": 7}}]',
                },
                {"role": "user", "content": "Observation:\nAda"},
            ],
        ),
    )

    roles: dict[str, Results] = msgspec.field(default_factory=dict)
    """In whose name results come."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> ResultRole | NotApplicable:
        if (why := own_loop(setup)) is not None:
            return why
        return cls(roles=dict.fromkeys(pick.chosen(["results"], intensity), "user"))

    def lens(self, setup: Setup) -> Lens:
        return with_scaffold(setup, **self.roles)
