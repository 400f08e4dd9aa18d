"""`scaffold.tool_docs`: tools are told in the prompt, in one of four languages."""

from __future__ import annotations

from typing import ClassVar, get_args

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.said_example import CALLED, CONVERSATION, OPENING
from perturb.operators.scaffolded import own_loop, with_scaffold
from perturb.scaffold import FORMATS
from perturb.scaffold.docs import Language
from perturb.types import Axis, Tool

_TOOL = Tool(
    name="get_user",
    description="Get a user.",
    parameters={
        "type": "object",
        "properties": {"id": {"type": "integer", "description": "Its number."}},
        "required": ["id"],
    },
)
_DOCS = '''You have these tools:

```python
def get_user(id: int):
    """Get a user.

    Args:
        id (int): Its number.
    """
```'''


class ToolDocs(Operator, frozen=True, kw_only=True):
    """Tools are told in the system prompt, in JSON, Python, TypeScript or XML, and called in text.

    Before: tool `get_user {"id": integer}`, told by the server
    After: `def get_user(id: int):`, in the system prompt

    The one place is the documentation. All that a schema says is told, what a language has no words for as JSON. Calls are
    blocks of JSON where no other format is laid over it. Does not apply where there is no tool.
    """

    id: ClassVar[str] = "scaffold.tool_docs"
    axis: ClassVar[Axis] = "scaffold"
    phase: ClassVar[Phase] = "scaffold"
    conflicts: ClassVar[frozenset[str]] = frozenset({"scaffold.result_role", "scaffold.call_ids"})
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="request",
            plan={"op": "scaffold.tool_docs", "version": 1, "languages": {"docs": "python"}},
            tool=_TOOL,
            before=CONVERSATION,
            after=[
                {"role": "system", "content": "\n\n".join(["You look up users.", _DOCS, FORMATS["json"].told([_TOOL])])},
                OPENING[1],
                {
                    "role": "assistant",
                    "reasoning": CALLED["reasoning"],
                    "content": '```json\n{"tool": "get_user", "arguments": {"id": 7}}\n```',
                },
                {"role": "user", "content": "Result of get_user:\nAda"},
            ],
        ),
    )

    languages: dict[str, Language] = msgspec.field(default_factory=dict)
    """The language of the documentation."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> ToolDocs | NotApplicable:
        if (why := own_loop(setup)) is not None:
            return why
        if not setup.tools:
            return NotApplicable("nothing_to_change", "there is no tool")
        return cls(languages={place: pick.choice(place, get_args(Language)) for place in pick.chosen(["docs"], intensity)})

    def lens(self, setup: Setup) -> Lens:
        return with_scaffold(setup, **self.languages)
