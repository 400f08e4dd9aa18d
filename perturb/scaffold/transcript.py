"""Requests as text that people read, a line for each thing that is sent."""

from __future__ import annotations

from collections.abc import Iterator

from perturb.messages import Answered, Said, Text, Thought, ToolCall
from perturb.scaffold.record import Written


def transcript(written: Written) -> str:
    """What goes to a server as text: the messages, each with who says it, and the names of the tools that go beside them."""
    names = ", ".join(tool.name for tool in written.tools)
    return "\n".join([*_lines(written), f"tools: {names or 'none'}"])


def _lines(written: Written) -> Iterator[str]:
    for one in written.history:
        if isinstance(one, Answered):
            yield f"tool, {one.id}: {one.text}"
        elif isinstance(one, Said):
            for part in one.parts:
                if isinstance(part, Thought):
                    yield f"assistant thinks: {part.text}"
                elif isinstance(part, ToolCall):
                    yield f"assistant calls, {part.id}: {part.name} {part.arguments}"
                elif isinstance(part, Text):
                    yield f"assistant: {part.text}"
            yield from (f"assistant, {name}: {value}" for name, value in one.rest.items())
        else:
            yield f"{one.role}: {one.text}"
