"""The wire format of OpenAI Responses: a turn is a list of items, and every item goes back as it came.

Earlier turns travel in one of three ways (`ModelSettings.state`): all items again, which the server completes from what it has
stored; the id of the previous response; or all items, with their reasoning encrypted and nothing stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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

_ENDS = ("response.completed", "response.incomplete", "response.failed", "response.cancelled")


class ResponsesDialect:
    """Responses for one model."""

    path = "/responses"

    def __init__(self, model: str, settings: ModelSettings) -> None:
        self.model = model
        self.settings = settings

    def request(self, history: History, tools: Tools) -> dict[str, JSON]:
        place = _stored_up_to(history) if self.settings.state == "previous" else None
        if place is None:
            return self._body(history, tools)
        said = history[place]
        assert isinstance(said, Said)
        return self._body(history[place + 1 :], tools, previous_response_id=said.rest["id"])

    def fallbacks(self, history: History, tools: Tools) -> Sequence[dict[str, JSON]]:
        changed = mended(history)
        bodies = [self._body(history, tools)] if self.settings.state == "previous" and _stored_up_to(history) else []
        return bodies if changed == list(history) else [*bodies, self._body(changed, tools)]

    def _body(self, history: History, tools: Tools, **more: JSON) -> dict[str, JSON]:
        items = [item for message in history for item in _written(message)]
        body: dict[str, JSON] = {"model": self.model, "input": items, **more}
        if tools:
            # Without a word on it, this server makes schemas strict, which would be another setup than the one that is shown.
            body["tools"] = [
                {
                    "type": "function",
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters,
                    "strict": False,
                }
                for tool in tools
            ]
        if self.settings.state == "encrypted":
            body |= {"store": False, "include": ["reasoning.encrypted_content"]}
        if self.settings.stream:
            body["stream"] = True
        body |= self.settings.body
        if "max_tokens" in body:
            body["max_output_tokens"] = body.pop("max_tokens")
        return {name: value for name, value in body.items() if value is not None or name not in self.settings.body}

    def assembled(self, events: Sequence[JSON]) -> JSON:
        done: dict[int, JSON] = {}
        for event in events:
            kind = event.get("type") if isinstance(event, dict) else None
            if kind == "error":
                return {"error": {name: value for name, value in event.items() if name != "type"}}
            if kind == "response.output_item.done":
                done[event.get("output_index", len(done))] = event["item"]
            if kind in _ENDS:
                whole: dict[str, JSON] = event["response"]
                # Some servers leave the items out at the end, since they have sent each of them.
                return whole if whole.get("output") or not done else {**whole, "output": [done[key] for key in sorted(done)]}
        raise Unreadable("the stream ended before the response did")

    def read(self, body: JSON) -> Completion:
        output = body.get("output") if isinstance(body, dict) else None
        if not isinstance(output, list) or body.get("status") in ("failed", "cancelled"):
            raise Unreadable("the response has no output")
        parts = tuple(_part(item) for item in output)
        if not parts and body.get("status") != "incomplete":
            raise Unreadable("the output of the response is empty")
        said = Said(parts, {"id": body["id"]} if body.get("id") else {})
        return Completion(
            said=said,
            finish=_finish(body, said),
            tokens=_tokens(body.get("usage")),
            id=str(body.get("id") or ""),
            model=str(body.get("model") or ""),
        )


def _stored_up_to(history: History) -> int | None:
    """The place of the last turn that the server has stored, whose id stands for all before it."""
    places = [place for place, message in enumerate(history) if isinstance(message, Said)]
    if not places:
        return None
    last = history[places[-1]]
    return places[-1] if isinstance(last, Said) and last.rest.get("id") else None


def _finish(body: dict[str, Any], said: Said) -> Finish:
    if body.get("status") == "incomplete":
        reason = (body.get("incomplete_details") or {}).get("reason")
        return "filter" if reason == "content_filter" else "length"
    return "calls" if said.calls else "stop"


def _part(item: JSON) -> Part:
    kind = item.get("type") if isinstance(item, dict) else None
    if kind == "reasoning":
        return Thought(_told(item.get("content")) or _told(item.get("summary")), "reasoning", item)
    if kind == "message":
        return Text(_told(item.get("content")), item)
    if kind == "function_call":
        if not isinstance(item.get("name"), str):
            raise Unreadable("a function call of the response has no name")
        return ToolCall(str(item.get("call_id") or ""), item["name"], item.get("arguments") or "{}", item)
    return Opaque(item)


def _told(blocks: JSON) -> str:
    """The text of a list of blocks, a refusal's too."""
    if isinstance(blocks, str):
        return blocks
    return "".join(str(block.get("text") or block.get("refusal") or "") for block in blocks or () if isinstance(block, dict))


def _written(message: Message) -> list[JSON]:
    if isinstance(message, Told):
        return [{"role": message.role, "content": message.text}]
    if isinstance(message, Answered):
        return [{"type": "function_call_output", "call_id": message.id, "output": message.text}]
    return [_item(part) for part in message.parts]


def _item(part: Part) -> JSON:
    if part.wire is not None:
        return part.wire
    if isinstance(part, Thought):
        return {"type": "reasoning", "summary": [{"type": "summary_text", "text": part.text}]}
    if isinstance(part, ToolCall):
        return {"type": "function_call", "call_id": part.id, "name": part.name, "arguments": part.arguments}
    return {"role": "assistant", "content": part.text if isinstance(part, Text) else ""}


def _tokens(usage: JSON) -> Tokens | None:
    if not isinstance(usage, dict) or not isinstance(usage.get("input_tokens"), int):
        return None
    into, out = usage.get("input_tokens_details") or {}, usage.get("output_tokens_details") or {}
    return Tokens(
        input=usage["input_tokens"],
        output=usage.get("output_tokens") or 0,
        cached=into.get("cached_tokens") or 0,
        reasoning=out.get("reasoning_tokens") or 0,
    )
