"""The wire format of Anthropic Messages: a turn is a list of blocks; thinking goes back with its signature, redacted or not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from perturb.models.dialect import Unreadable
from perturb.models.joining import joined
from perturb.models.mending import INVALID, as_object, mended
from perturb.models.records import (
    Answered,
    Completion,
    Finish,
    History,
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

MAX_TOKENS = 8192
"""Tokens of one response where no limit is given: this wire format must have one."""
_FINISH: dict[str, Finish] = {
    "tool_use": "calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "filter",
}
_DELTAS = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "signature",
    "input_json_delta": "partial_json",
}


class AnthropicDialect:
    """Messages for one model."""

    path = "/v1/messages"

    def __init__(self, model: str, settings: ModelSettings) -> None:
        self.model = model
        self.settings = settings

    def request(self, history: History, tools: Tools) -> dict[str, JSON]:
        body: dict[str, JSON] = {"model": self.model, "max_tokens": MAX_TOKENS}
        system = "\n\n".join(one.text for one in history if isinstance(one, Told) and one.role != "user")
        if system:
            body["system"] = system
        body["messages"] = _messages(history)
        if tools:
            body["tools"] = [
                {"name": tool.name, "description": tool.description, "input_schema": tool.parameters} for tool in tools
            ]
        if self.settings.stream:
            body["stream"] = True
        body |= self.settings.body
        return {name: value for name, value in body.items() if value is not None or name not in self.settings.body}

    def fallbacks(self, history: History, tools: Tools) -> Sequence[dict[str, JSON]]:
        changed = mended(history)
        return [] if changed == list(history) else [self.request(changed, tools)]

    def assembled(self, events: Sequence[JSON]) -> JSON:
        message: dict[str, JSON] = {}
        blocks: dict[int, _Block] = {}
        for event in events:
            kind = event.get("type") if isinstance(event, dict) else None
            if kind == "message_start":
                message = dict(event["message"])
            elif kind == "content_block_start":
                blocks[event["index"]] = _Block(event["content_block"])
            elif kind == "content_block_delta":
                blocks[event["index"]].add(event["delta"])
            elif kind == "message_delta":
                message |= event.get("delta") or {}
                told = {name: value for name, value in (event.get("usage") or {}).items() if value is not None}
                message["usage"] = {**(message.get("usage") or {}), **told}
        if not message.get("stop_reason"):
            raise Unreadable("the stream ended before the response did")
        return {**message, "content": [blocks[index].whole(self.settings.cumulative) for index in sorted(blocks)]}

    def read(self, body: JSON) -> Completion:
        content = body.get("content") if isinstance(body, dict) else None
        if not isinstance(content, list):
            raise Unreadable("the response has no content")
        reason = str(body.get("stop_reason") or "")
        if not content and _FINISH.get(reason) != "filter" and not (body.get("usage") or {}).get("output_tokens"):
            raise Unreadable("the content of the response is empty")
        said = Said(tuple(_part(block) for block in content))
        return Completion(
            said=said,
            finish=_FINISH.get(reason, "calls" if said.calls else "stop"),
            tokens=_tokens(body.get("usage")),
            id=str(body.get("id") or ""),
            model=str(body.get("model") or ""),
        )


class _Block:
    """One block of a stream."""

    def __init__(self, start: dict[str, Any]) -> None:
        self._start = start
        self._pieces: dict[str, list[str]] = {}
        self._more: dict[str, list[JSON]] = {}

    def add(self, delta: dict[str, Any]) -> None:
        field = _DELTAS.get(delta.get("type", ""))
        if field is not None:
            self._pieces.setdefault(field, []).append(delta[field])
        elif delta.get("type") == "citations_delta":
            self._more.setdefault("citations", []).append(delta["citation"])

    def whole(self, cumulative: bool | None) -> JSON:
        block = {**self._start}
        for field, pieces in self._pieces.items():
            if field == "partial_json":
                block["input"] = as_object(joined(pieces, cumulative))
            else:
                # What a block begins with is its first piece, and mostly empty.
                block[field] = joined([str(self._start.get(field) or ""), *pieces], cumulative)
        return {**block, **self._more}


def _part(block: JSON) -> Part:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind == "text":
        return Text(str(block.get("text", "")), block)
    if kind in ("thinking", "redacted_thinking"):
        return Thought(str(block.get("thinking", "")), kind, block)
    if kind == "tool_use":
        if not isinstance(block.get("name"), str):
            raise Unreadable("a tool_use block of the response has no name")
        return ToolCall(str(block.get("id") or ""), block["name"], _arguments(block.get("input")), block)
    return Opaque(block)


def _arguments(given: JSON) -> str:
    if isinstance(given, dict) and given.keys() == {INVALID} and isinstance(given[INVALID], str):
        return str(given[INVALID])  # what the model wrote, which was no JSON
    return "{}" if given is None else json.dumps(given, ensure_ascii=False)


def _messages(history: History) -> list[JSON]:
    """The messages: what the user says and what calls gave is one message where nothing of the model stands between."""
    messages: list[dict[str, JSON]] = []
    for message in history:
        if isinstance(message, Said):
            content = [written for part in message.parts if (written := _block(part)) is not None]
            if content:
                messages.append({"role": "assistant", "content": content})
            continue
        if isinstance(message, Told):
            if message.role != "user":
                continue
            block: dict[str, JSON] = {"type": "text", "text": message.text}
        else:
            block = _result(message)
        if messages and messages[-1]["role"] == "user":
            messages[-1]["content"].append(block)
        else:
            messages.append({"role": "user", "content": [block]})
    return messages


def _result(answered: Answered) -> dict[str, JSON]:
    block: dict[str, JSON] = {"type": "tool_result", "tool_use_id": answered.id, "content": answered.text}
    return {**block, "is_error": True} if answered.is_error else block


def _block(part: Part) -> JSON:
    if part.wire is not None:
        return part.wire
    if isinstance(part, Thought):
        return {"type": "thinking", "thinking": part.text, "signature": ""}
    if isinstance(part, ToolCall):
        return {"type": "tool_use", "id": part.id, "name": part.name, "input": as_object(part.arguments)}
    return {"type": "text", "text": part.text} if isinstance(part, Text) and part.text else None


def _tokens(usage: JSON) -> Tokens | None:
    if not isinstance(usage, dict) or not isinstance(usage.get("input_tokens"), int):
        return None
    cached, written = usage.get("cache_read_input_tokens") or 0, usage.get("cache_creation_input_tokens") or 0
    details = usage.get("output_tokens_details") or {}
    return Tokens(
        input=usage["input_tokens"] + cached + written,
        output=usage.get("output_tokens") or 0,
        cached=cached,
        written=written,
        reasoning=details.get("reasoning_tokens") or details.get("thinking_tokens") or 0,
    )
