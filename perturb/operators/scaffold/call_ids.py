"""`scaffold.call_ids`: ids of calls have another shape."""

from __future__ import annotations

from typing import ClassVar, get_args

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.said_example import ANSWERED, CALLED, CONVERSATION, OPENING
from perturb.operators.scaffolded import own_loop, with_scaffold
from perturb.scaffold.calls import Ids
from perturb.types import Axis, Tool


class CallIds(Operator, frozen=True, kw_only=True):
    """The ids of earlier calls are numbers, nine letters (as Mistral wants them), UUIDs, or of Anthropic's shape.

    Before: call `chatcmpl-tool-9f2c`
    After: call `call_0`

    The one place is the shape of ids. A call and its result always have the same.
    """

    id: ClassVar[str] = "scaffold.call_ids"
    axis: ClassVar[Axis] = "scaffold"
    phase: ClassVar[Phase] = "scaffold"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="request",
            plan={"op": "scaffold.call_ids", "version": 1, "shapes": {"ids": "numbered"}},
            tool=Tool(name="get_user", description="Get a user."),
            before=CONVERSATION,
            after=[*OPENING, {**CALLED, "calls": [{**CALLED["calls"][0], "id": "call_0"}]}, {**ANSWERED, "id": "call_0"}],
        ),
    )

    shapes: dict[str, Ids] = msgspec.field(default_factory=dict)
    """The shape of ids."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> CallIds | NotApplicable:
        if (why := own_loop(setup)) is not None:
            return why
        others = [shape for shape in get_args(Ids) if shape != "server"]
        return cls(shapes={place: pick.choice(place, others) for place in pick.chosen(["ids"], intensity)})

    def lens(self, setup: Setup) -> Lens:
        return with_scaffold(setup, **self.shapes)
