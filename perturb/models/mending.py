"""What a model wrote that some servers refuse to take back, written so that they take it.

A model may break the JSON of its arguments or invent a name with spaces. Most servers take both back as they are; some answer
400, which would make the agent's mistake look like a setup that was refused.
"""

from __future__ import annotations

import json
import re

import msgspec

from perturb.models.records import Answered, History, Message, Said, ToolCall

_NAME = re.compile(r"[^a-zA-Z0-9_-]")
LONGEST_NAME = 64
INVALID = "INVALID_JSON"
"""The key under which what was no JSON object goes back, as Anthropic advises."""


def as_object(arguments: str) -> dict[str, object]:
    """Arguments as a JSON object; those that are none, under a key that says so."""
    try:
        read = json.loads(arguments or "{}")
    except ValueError:
        read = None
    return read if isinstance(read, dict) else {INVALID: arguments}


def mended(history: History) -> list[Message]:
    """The history with every call in a form that any server takes; equal to `history` where nothing had to be changed."""
    return [_message(message) for message in history]


def _message(message: Message) -> Message:
    if isinstance(message, Answered):
        name = accepted_name(message.name)
        return message if name == message.name else msgspec.structs.replace(message, name=name)
    if not isinstance(message, Said):
        return message
    parts = tuple(_call(part) if isinstance(part, ToolCall) else part for part in message.parts)
    return message if parts == message.parts else Said(parts, message.rest)


def _call(call: ToolCall) -> ToolCall:
    name, read = accepted_name(call.name), as_object(call.arguments)
    if name == call.name and INVALID not in read:
        return call
    return ToolCall(call.id, name, json.dumps(read))


def accepted_name(name: str) -> str:
    """A name that every server takes."""
    return _NAME.sub("_", name)[:LONGEST_NAME] or "_"
