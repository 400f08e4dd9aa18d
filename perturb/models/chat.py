"""The wire format of OpenAI Chat Completions, and the ways in which other servers put reasoning into it.

A message goes back with every field as it came, so that each server gets what it wants: `reasoning_details` (MiniMax with
`reasoning_split`), `reasoning` (vLLM), `reasoning_content` (DeepSeek, earlier vLLM), or a `content` that holds its `<think>`
(MiniMax without the split, vLLM's `append_think` parser).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from perturb.models import inline
from perturb.models.chat_stream import Assembly
from perturb.models.dialect import Unreadable
from perturb.models.mending import mended
from perturb.models.records import (
    Answered,
    Completion,
    Finish,
    History,
    Message,
    Opaque,
    Part,
    Said,
    Text,
    Thought,
    Tokens,
    Told,
    ToolCall,
    Tools,
)
from perturb.models.settings import ModelSettings
from perturb.types import JSON

FIELDS = ("reasoning_details", "reasoning", "reasoning_content")
"""The fields of a message that hold reasoning; the first of them is a list, the others are text."""
_FINISH: dict[str, Finish] = {
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "calls",
    "function_call": "calls",
    "content_filter": "filter",
}


class ChatDialect:
    """Chat Completions for one model."""

    path = "/chat/completions"

    def __init__(self, model: str, settings: ModelSettings) -> None:
        self.model = model
        self.settings = settings

    def request(self, history: History, tools: Tools) -> dict[str, JSON]:
        body: dict[str, JSON] = {"model": self.model, "messages": [self._written(message) for message in history]}
        if tools:
            body["tools"] = [
                {
                    "type": "function",
                    "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
                }
                for tool in tools
            ]
        if self.settings.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        body |= self.settings.body
        if self.settings.base_url is None and "max_tokens" in body:
            body["max_completion_tokens"] = body.pop("max_tokens")  # the name that OpenAI's own models know
        return {name: value for name, value in body.items() if value is not None or name not in self.settings.body}

    def fallbacks(self, history: History, tools: Tools) -> Sequence[dict[str, JSON]]:
        changed = mended(history)
        return [] if changed == list(history) else [self.request(changed, tools)]

    def assembled(self, events: Sequence[JSON]) -> JSON:
        return Assembly(self.settings.cumulative).of(events)

    def read(self, body: JSON) -> Completion:
        choices = body.get("choices") if isinstance(body, dict) else None
        choice = choices[0] if isinstance(choices, list) and choices else None
        message = choice.get("message") if isinstance(choice, dict) else None
        if not isinstance(choice, dict) or not isinstance(message, dict):
            raise Unreadable("the response has no choice with a message")
        reason = choice.get("finish_reason")
        if reason == "error":
            raise Unreadable("the server ended the response with an error")
        said = read_message(message)
        return Completion(
            said=said,
            finish=_FINISH.get(reason, "calls" if said.calls else "stop") if isinstance(reason, str) else "stop",
            tokens=_tokens(body.get("usage")),
            id=str(body.get("id") or ""),
            model=str(body.get("model") or ""),
        )

    def _written(self, message: Message) -> dict[str, JSON]:
        if isinstance(message, Told):
            return {"role": message.role, "content": message.text}
        if isinstance(message, Answered):
            return {"role": "tool", "tool_call_id": message.id, "content": message.text}
        return written_message(message, self.settings.reasoning_field)


def read_message(message: dict[str, Any]) -> Said:
    """An assistant message as it came."""
    parts: list[Part] = []
    rest: dict[str, JSON] = {}
    calls: list[Part] = []
    for name, value in message.items():
        if name in FIELDS and isinstance(value, str) and value:
            parts.append(Thought(value, name, value))
        elif name in FIELDS and isinstance(value, list) and value:
            parts += [Thought(_told(item), name, item) for item in value]
        elif name == "tool_calls" and isinstance(value, list) and value:
            calls += [_call(item, place) for place, item in enumerate(value)]
        elif name != "content" or not value:
            rest[name] = value
    parts += _content(message.get("content"))
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal and not any(isinstance(part, Text) for part in parts):
        parts.append(Text(refusal, ""))  # it goes back in its own field
    return Said((*parts, *calls), rest)


def _content(content: JSON) -> Iterator[Part]:
    if isinstance(content, str):
        yield from inline.split(content)
    elif isinstance(content, list):
        for block in content:
            kind = block.get("type") if isinstance(block, dict) else None
            if kind in ("text", "output_text"):
                yield Text(str(block.get("text", "")), block)
            elif kind in ("thinking", "reasoning"):
                yield Thought(_told(block), "content", block)
            else:
                yield Opaque(block)


def _told(item: JSON) -> str:
    """What can be read of a piece of reasoning that is no plain text."""
    if isinstance(item, str):
        return item
    if isinstance(item, list):
        return "".join(map(_told, item))
    if isinstance(item, dict):
        return next((_told(item[name]) for name in ("text", "summary", "thinking", "content") if item.get(name)), "")
    return ""


def _call(item: JSON, place: int) -> ToolCall:
    function = item.get("function") if isinstance(item, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise Unreadable(f"tool call {place + 1} of the response has no function with a name")
    arguments = function.get("arguments")
    if not isinstance(arguments, str):
        # Some servers send the object itself, or null where there are no arguments.
        arguments = "{}" if arguments is None else json.dumps(arguments)
    return ToolCall(str(item.get("id") or ""), function["name"], arguments, item)


def written_message(said: Said, reasoning_field: str | None = None) -> dict[str, JSON]:
    """An assistant message as a server takes it back; reasoning stands in `reasoning_field` where one is given."""
    message: dict[str, JSON] = {"role": "assistant", **said.rest}
    content: list[JSON] = []
    for part in said.parts:
        if isinstance(part, Text):
            content.append(part.text if part.wire is None else part.wire)
        elif isinstance(part, Opaque):
            content.append(part.wire)
        elif isinstance(part, ToolCall):
            message.setdefault("tool_calls", []).append(part.wire if part.wire is not None else _written_call(part))
        elif part.field == "content" or (not part.field and reasoning_field is None):
            content.append(part.wire if isinstance(part.wire, dict) else inline.written(part))
        else:
            _think(message, part, reasoning_field)
    if content:
        blocks = any(not isinstance(piece, str) for piece in content)
        if blocks:
            message["content"] = [{"type": "text", "text": one} if isinstance(one, str) else one for one in content if one]
        elif text := "".join(content):
            message["content"] = text
    if "content" not in message:
        message["content"] = None if "tool_calls" in message else ""
    return message


def _think(message: dict[str, JSON], thought: Thought, instead: str | None) -> None:
    field = instead or thought.field
    if field == "reasoning_details":
        item = thought.wire if thought.field == field and thought.wire is not None else None
        message.setdefault(field, []).append(item or {"type": "reasoning.text", "text": thought.text})
    elif field != thought.field:
        if thought.text and thought.text not in str(message.get(field, "")):
            message[field] = str(message.get(field) or "") + thought.text
    else:
        message[field] = str(message.get(field) or "") + (thought.wire if isinstance(thought.wire, str) else thought.text)


def _written_call(call: ToolCall) -> dict[str, JSON]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _tokens(usage: JSON) -> Tokens | None:
    if not isinstance(usage, dict) or not isinstance(usage.get("prompt_tokens"), int):
        return None
    into, out = usage.get("prompt_tokens_details") or {}, usage.get("completion_tokens_details") or {}
    return Tokens(
        input=usage["prompt_tokens"],
        output=usage.get("completion_tokens") or 0,
        cached=into.get("cached_tokens") or 0,
        reasoning=out.get("reasoning_tokens") or 0,
    )
