"""`scaffold.call_format`: calls are made in text, in place of the server's own form."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.said_example import CONVERSATION, OPENING
from perturb.operators.scaffolded import own_loop, with_scaffold
from perturb.scaffold import FORMATS, Format
from perturb.scaffold.docs import told
from perturb.types import Axis, Tool

_TOOL = Tool(
    name="get_user", description="Get a user.", parameters={"type": "object", "properties": {"id": {"type": "integer"}}}
)


class TextCalls(Operator, frozen=True, kw_only=True):
    """Tools are told in the system prompt and called in text, and results come in the user's name: ReAct, blocks of JSON, XML
    elements, Python calls.

    Before: call `get_user {"id": 7}`
    After: text `Action: get_user` and, a line below, `Action Input: {"id": 7}`

    The one place is the format. A reply that does not parse is answered with what is wrong with it, and counted.
    """

    id: ClassVar[str] = "scaffold.call_format"
    axis: ClassVar[Axis] = "scaffold"
    phase: ClassVar[Phase] = "scaffold"
    conflicts: ClassVar[frozenset[str]] = frozenset({"scaffold.result_role", "scaffold.call_ids"})
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="request",
            plan={"op": "scaffold.call_format", "version": 1, "formats": {"calls": "react"}},
            tool=_TOOL,
            before=CONVERSATION,
            after=[
                {
                    "role": "system",
                    "content": "\n\n".join(["You look up users.", told([_TOOL], "json"), FORMATS["react"].told([_TOOL])]),
                },
                OPENING[1],
                {
                    "role": "assistant",
                    "reasoning": "I look 7 up.",
                    "content": 'Action: get_user\nAction Input: {"id": 7}',
                },
                {"role": "user", "content": "Observation: Ada"},
            ],
        ),
    )

    formats: dict[str, Format] = msgspec.field(default_factory=dict)
    """How calls are made."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> TextCalls | NotApplicable:
        if (why := own_loop(setup)) is not None:
            return why
        return cls(formats={place: pick.choice(place, list(FORMATS)) for place in pick.chosen(["calls"], intensity)})

    def lens(self, setup: Setup) -> Lens:
        return with_scaffold(setup, **self.formats)
