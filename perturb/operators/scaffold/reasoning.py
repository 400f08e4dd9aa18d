"""`scaffold.reasoning`: less of a model's earlier reasoning is sent back to it."""

from __future__ import annotations

from typing import ClassVar, get_args

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.said_example import ANSWERED, CALLED, CONVERSATION, OPENING
from perturb.operators.scaffolded import own_loop, with_scaffold
from perturb.scaffold.reasoning import Reasoning
from perturb.types import Axis, Kind, Tool

ACROSS_TURNS: Reasoning = "drop_before_last_user"


class ReasoningPolicy(Operator, frozen=True, kw_only=True):
    """Of what a model thought in earlier turns it is sent nothing, only what follows the user's last message, only the
    beginning of each thought, or all in a field where its server does not look for it.

    Before: turn `I look 7 up.`, call `get_user {"id": 7}`
    After: call `get_user {"id": 7}`

    The one place is the policy. What is dropped before the user's last message is nothing where the user speaks once. A preset
    may also have all kept, which is `equivalent`.
    """

    id: ClassVar[str] = "scaffold.reasoning"
    axis: ClassVar[Axis] = "scaffold"
    phase: ClassVar[Phase] = "scaffold"
    promises: ClassVar[Kind] = "ablation"
    conditional: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="request",
            plan={"op": "scaffold.reasoning", "version": 1, "policies": {"reasoning": "drop_all"}},
            tool=Tool(name="get_user", description="Get a user."),
            before=CONVERSATION,
            after=[*OPENING, {"role": "assistant", "calls": CALLED["calls"]}, ANSWERED],
        ),
        Example(
            what="request",
            plan={"op": "scaffold.reasoning", "version": 1, "policies": {"reasoning": "wrong_field"}},
            tool=Tool(name="get_user", description="Get a user."),
            before=CONVERSATION,
            after=[
                *OPENING,
                {"role": "assistant", "reasoning_content": "I look 7 up.", "calls": CALLED["calls"]},
                ANSWERED,
            ],
        ),
    )

    policies: dict[str, Reasoning] = msgspec.field(default_factory=dict)
    """What is done with reasoning."""

    @property
    def kind(self) -> Kind:
        return "equivalent" if set(self.policies.values()) == {"keep"} else "ablation"

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> ReasoningPolicy | NotApplicable:
        if (why := own_loop(setup)) is not None:
            return why
        speaks_once = all(len(turns) < 2 for turns in setup.conversations)
        losing = [one for one in get_args(Reasoning) if one != "keep" and not (speaks_once and one == ACROSS_TURNS)]
        policy: str = pick.settled("policy", "")
        if policy == ACROSS_TURNS and speaks_once:
            return NotApplicable("nothing_to_change", "the user speaks once")
        chosen = pick.chosen(["reasoning"], intensity)
        return cls(policies={place: policy or pick.choice(place, losing) for place in chosen})  # type: ignore[misc]

    def lens(self, setup: Setup) -> Lens:
        return with_scaffold(setup, **self.policies)
