"""Conversations as plain data, for examples: messages with a role, and with reasoning and calls where a turn has them."""

from __future__ import annotations

from typing import Any

from perturb.messages import Answered, History, Message, Part, Said, Text, Thought, Told, ToolCall
from perturb.scaffold.formats import arguments_of, json_text
from perturb.types import JSON


def read(messages: JSON) -> list[Message]:
    """The messages that plain data stands for."""
    told: list[Message] = []
    names: dict[str, str] = {}
    for one in messages:
        if one["role"] == "tool":
            told.append(Answered(one["id"], names[one["id"]], one["content"]))
        elif one["role"] == "assistant":
            told.append(_turn(one))
            names |= {call["id"]: call["name"] for call in one.get("calls") or ()}
        else:
            told.append(Told(one["role"], one["content"]))
    return told


def _turn(message: dict[str, Any]) -> Said:
    parts: list[Part] = [Thought(message["reasoning"], "reasoning")] if message.get("reasoning") else []
    parts += [Text(message["content"])] if message.get("content") else []
    for call in message.get("calls") or ():
        parts.append(ToolCall(call["id"], call["name"], json_text(call["arguments"])))
    return Said(tuple(parts))


def plain(history: History) -> list[dict[str, JSON]]:
    """The plain data of messages."""
    return [_plain(one) for one in history]


def _plain(message: Message) -> dict[str, JSON]:
    if isinstance(message, Told):
        return {"role": message.role, "content": message.text}
    if isinstance(message, Answered):
        return {"role": "tool", "id": message.id, "content": message.text}
    told: dict[str, JSON] = {"role": "assistant", **message.rest}
    if message.reasoning:
        told["reasoning"] = message.reasoning
    if message.text:
        told["content"] = message.text
    if message.calls:
        calls = [{"id": call.id, "name": call.name, "arguments": arguments_of(call)} for call in message.calls]
        told["calls"] = calls
    return told
