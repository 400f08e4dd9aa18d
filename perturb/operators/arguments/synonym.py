"""`arguments.synonym`: arguments go by other words for the same thing."""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.renamed_properties import PropertyNamesLens, plan_names
from perturb.types import Axis, Tool


class ArgumentSynonym(Operator, frozen=True, kw_only=True):
    """Arguments go by other words for the same thing, wherever they are named; nested ones too.

    Before: `send_email {"recipients": ["ada@example.org"]}`
    After: `send_email {"addressees": ["ada@example.org"]}`

    One word is renamed alike in all tools. Places are arguments; intensity is their share. Does not apply where no tool has
    arguments.
    """

    id: ClassVar[str] = "arguments.synonym"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "arguments"
    retires_calls: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="call",
            plan={"op": "arguments.synonym", "version": 1, "names": {"send_email.recipients": "addressees"}},
            tool=Tool(
                name="send_email",
                description="Send an email to the `recipients`.",
                parameters={
                    "type": "object",
                    "properties": {"recipients": {"type": "array", "items": {"type": "string"}}, "body": {"type": "string"}},
                    "required": ["recipients"],
                },
            ),
            before={"name": "send_email", "arguments": {"recipients": ["ada@example.org"], "body": "Hello"}},
            after={"name": "send_email", "arguments": {"addressees": ["ada@example.org"], "body": "Hello"}},
        ),
    )

    names: dict[str, str] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> ArgumentSynonym | NotApplicable:
        names = plan_names(setup, "arguments", pick, intensity)
        return names if isinstance(names, NotApplicable) else cls(names=names)

    def lens(self, setup: Setup) -> Lens:
        return ArgumentSynonymLens(setup, self.names)


class ArgumentSynonymLens(PropertyNamesLens):
    """Shows arguments under new names."""

    part: ClassVar[Literal["arguments", "results"]] = "arguments"
