"""The conversation that the examples of operators on the scaffold begin with."""

from __future__ import annotations

from perturb.types import JSON

OPENING: list[JSON] = [{"role": "system", "content": "You look up users."}, {"role": "user", "content": "Who is 7?"}]
CALLED: JSON = {
    "role": "assistant",
    "reasoning": "I look 7 up.",
    "calls": [{"id": "x1", "name": "get_user", "arguments": {"id": 7}}],
}
ANSWERED: JSON = {"role": "tool", "id": "x1", "content": "Ada"}
CONVERSATION: list[JSON] = [*OPENING, CALLED, ANSWERED]
