"""Calls as JSON objects in blocks of code."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from perturb.messages import Answered, ToolCall, Tools
from perturb.scaffold.formats import (
    CallFormat,
    Reading,
    arguments_of,
    as_it_is,
    blocks,
    called,
    fenced,
    json_text,
    paragraphs,
)
from perturb.types import JSON

_TOLD = """\
To call a tool, write a block like this one, and nothing behind it:

```json
{"tool": "its name", "arguments": {"an argument": "its value"}}
```

For several calls at once write several blocks. The results come with the next message. When you need no tool any more, answer
in plain words, without such a block."""


def _write_calls(text: str, calls: Sequence[ToolCall], tools: Tools) -> str:
    written = [fenced("json", json_text({"tool": call.name, "arguments": arguments_of(call)})) for call in calls]
    return paragraphs(text, *written)


def _write_results(answered: Sequence[Answered]) -> str:
    return paragraphs(*(f"Result of {one.name}:\n{one.text}" for one in answered))


def _read(text: str, tools: Tools) -> Reading:
    calls: list[ToolCall] = []
    bare = text.strip()
    found = blocks(text, "json", "")
    if not found and bare.startswith("{") and bare.endswith("}"):
        found = [bare]
    for block in found:
        try:
            for name, arguments in _calls_in(json.loads(block)):
                if not isinstance(arguments, dict):
                    return _complaint(f"the arguments of {name} are no JSON object")
                calls.append(called(name, arguments))
        except (ValueError, RecursionError) as error:
            if '"tool"' in block:
                return _complaint(f"the JSON of a call is broken: {error}")
    return Reading(calls=tuple(calls)) if calls else Reading(answer=text)


def _calls_in(value: JSON) -> Iterator[tuple[str, JSON]]:
    """What of a JSON value are calls; anything else is part of what the model says."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict) and isinstance(one.get("tool"), str):
            arguments = one.get("arguments")
            yield one["tool"], {} if arguments is None else arguments


def _complaint(why: str) -> Reading:
    return Reading(
        complaint=f'Your call could not be read: {why}. Write it again as a ```json block with the keys "tool" and '
        '"arguments", or answer in plain words.'
    )


JSON_BLOCK = CallFormat(lambda tools: _TOLD, _write_calls, as_it_is, _write_results, _read)
