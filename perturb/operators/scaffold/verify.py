"""`scaffold.verify`: a model checks its answer before it is taken."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.said_example import CONVERSATION
from perturb.operators.scaffolded import own_loop, with_scaffold
from perturb.scaffold.record import CHECK, Verify
from perturb.types import Axis, Kind, Tool

_ANSWER = {"role": "assistant", "content": "7 is Ada."}


class SelfCheck(Operator, frozen=True, kw_only=True):
    """Once it has answered, a model is asked to check what it did, to put right what is wrong, and to answer again.

    Before: `7 is Ada.`
    After: `7 is Ada.`, user `Before your answer goes to the user, check it: …`

    The one place is who checks.
    """

    id: ClassVar[str] = "scaffold.verify"
    axis: ClassVar[Axis] = "scaffold"
    phase: ClassVar[Phase] = "scaffold"
    promises: ClassVar[Kind] = "ablation"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="request",
            plan={"op": "scaffold.verify", "version": 1, "checks": {"verify": "self"}},
            tool=Tool(name="get_user", description="Get a user."),
            before=[*CONVERSATION, _ANSWER],
            after=[*CONVERSATION, _ANSWER, {"role": "user", "content": CHECK}],
        ),
    )

    checks: dict[str, Verify] = msgspec.field(default_factory=dict)
    """Who checks an answer."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> SelfCheck | NotApplicable:
        if (why := own_loop(setup)) is not None:
            return why
        return cls(checks=dict.fromkeys(pick.chosen(["verify"], intensity), "self"))

    def lens(self, setup: Setup) -> Lens:
        return with_scaffold(setup, **self.checks)
