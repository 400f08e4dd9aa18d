"""`scaffold.context`: a model is shown a part of a long conversation."""

from __future__ import annotations

from typing import ClassVar, get_args

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.said_example import OPENING
from perturb.operators.scaffolded import own_loop, with_scaffold
from perturb.scaffold.context import LENGTH, Context
from perturb.types import JSON, Axis, Kind, Tool


def _turns(*numbers: int) -> list[JSON]:
    told: list[JSON] = []
    for number in numbers:
        call = {"id": f"x{number}", "name": "get_user", "arguments": {"id": number}}
        told += [{"role": "assistant", "calls": [call]}, {"role": "tool", "id": f"x{number}", "content": f"User {number}"}]
    return told


class ContextPolicy(Operator, frozen=True, kw_only=True):
    """Of a long conversation a model is shown the beginning and its last turns: the last six, or, past 30 % of its context, the
    first and the last five.

    Before: turns 1 to 8
    After: turns 3 to 8

    The one place is the policy. `length` is how many tokens a context holds. A conversation that is short is never cut.
    """

    id: ClassVar[str] = "scaffold.context"
    axis: ClassVar[Axis] = "scaffold"
    phase: ClassVar[Phase] = "scaffold"
    promises: ClassVar[Kind] = "ablation"
    conditional: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="request",
            plan={"op": "scaffold.context", "version": 1, "policies": {"context": "window"}, "length": LENGTH},
            tool=Tool(name="get_user", description="Get a user."),
            before=[*OPENING, *_turns(*range(1, 9))],
            after=[*OPENING, *_turns(*range(3, 9))],
        ),
        Example(
            what="request",
            plan={"op": "scaffold.context", "version": 1, "policies": {"context": "compact"}, "length": 100},
            tool=Tool(name="get_user", description="Get a user."),
            before=[*OPENING, *_turns(*range(1, 9))],
            after=[*OPENING, *_turns(1, *range(4, 9))],
        ),
    )

    policies: dict[str, Context] = msgspec.field(default_factory=dict)
    """What is shown of a long conversation."""
    length: int = LENGTH

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> ContextPolicy | NotApplicable:
        if (why := own_loop(setup)) is not None:
            return why
        others = [policy for policy in get_args(Context) if policy != "whole"]
        policies = {place: pick.choice(place, others) for place in pick.chosen(["context"], intensity)}
        return cls(policies=policies, length=pick.settled("length", LENGTH))

    def lens(self, setup: Setup) -> Lens:
        return with_scaffold(setup, **self.policies, length=self.length) if self.policies else Lens(setup)
