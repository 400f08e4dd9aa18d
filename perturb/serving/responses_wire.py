"""Responses as OpenAI's server sends and takes them: items, stored or with their reasoning encrypted."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator
from itertools import count
from typing import Any

from perturb.serving.schemas import accepted_tools
from perturb.serving.sealing import opened, pieces, sealed, tokens
from perturb.serving.seen import BadRequest, Event, Move, Result, Seen, SeenCall, Turn, User, arrived_in_order
from perturb.types import JSON

_KEPT = 20_000
"""How many responses are stored; the oldest go first."""
_NUMBERS = (f"{number:08d}" for number in count(1))
"""Of one length, so that equal conversations take equally many tokens."""


class Stored:
    """What the server has stored: the items that a response ended with, and the reasoning behind the id of its item."""

    def __init__(self) -> None:
        self._items: OrderedDict[str, list[JSON]] = OrderedDict()
        self._thoughts: OrderedDict[str, str] = OrderedDict()

    def put(self, whole: dict[str, Any], items: list[JSON], thought: str) -> None:
        """Store a response, with all the items that it was an answer to."""
        self._items[whole["id"]] = [*items, *whole["output"]]
        for item in whole["output"]:
            if item["type"] == "reasoning":
                self._thoughts[item["id"]] = thought
        while len(self._items) > _KEPT:
            self._items.popitem(last=False)
            self._thoughts.popitem(last=False)

    def items(self, body: dict[str, Any]) -> list[JSON]:
        """All the items of a conversation: those before the previous response, and those of the request."""
        given = body.get("input")
        items: list[JSON] = [{"role": "user", "content": given}] if isinstance(given, str) else list(given or ())
        previous = body.get("previous_response_id")
        if previous is None:
            return items
        if previous not in self._items:
            message = f"Previous response with id '{previous}' not found."
            raise BadRequest(message, code="previous_response_not_found", param="previous_response_id")
        return [*self._items[previous], *items]

    def thought(self, item: dict[str, Any], where: str) -> str:
        """The reasoning of an item that came back."""
        if item.get("encrypted_content") is not None:
            return opened(item["encrypted_content"], where)
        name = str(item.get("id"))
        if name not in self._thoughts:
            raise BadRequest(f"{where}: item with id '{name}' not found; items are not persisted when `store` is set to false")
        return self._thoughts[name]


def seen(body: dict[str, Any], stored: Stored, strict: bool) -> Seen:
    """What a request shows; `strict` refuses a call that comes without the reasoning before it."""
    tools = accepted_tools(list(body.get("tools") or ()))
    events: list[Event] = []
    system: list[str] = [str(body["instructions"])] if body.get("instructions") else []
    turn: list[dict[str, Any]] = []

    def end_turn() -> None:
        if turn:
            events.append(_turn(turn, stored, strict))
            turn.clear()

    for place, item in enumerate(stored.items(body)):
        kind, role = item.get("type"), item.get("role")
        if kind == "function_call_output":
            end_turn()
            events.append(Result(str(item.get("call_id")), _text(item.get("output"))))
        elif role in ("system", "developer"):
            system.append(_text(item.get("content")))
        elif role == "user":
            end_turn()
            events.append(User(_text(item.get("content"))))
        elif role == "assistant" or kind in ("reasoning", "function_call"):
            turn.append({**item, "where": f"input[{place}]"})
        else:
            raise BadRequest(f"input[{place}]: there is no item of type {kind!r}", param="input")
    end_turn()
    arrived_in_order(events)
    return Seen(model=str(body.get("model", "")), system="\n".join(system), events=tuple(events), tools=tools)


def _text(content: JSON) -> str:
    if isinstance(content, list):
        return "".join(str(block.get("text", "")) for block in content if isinstance(block, dict))
    return content if isinstance(content, str) else ""


def _turn(items: list[dict[str, Any]], stored: Stored, strict: bool) -> Turn:
    thoughts = [stored.thought(item, item["where"]) for item in items if item.get("type") == "reasoning"]
    calls = [
        SeenCall(str(item.get("call_id") or ""), item["name"], item["arguments"])
        for item in items
        if item.get("type") == "function_call"
    ]
    if strict and not thoughts:
        raise BadRequest(f"{items[0]['where']}: it was provided without its required 'reasoning' item", param="input")
    text = "".join(_text(item.get("content")) for item in items if item.get("role") == "assistant")
    return Turn(text, tuple(thoughts), tuple(calls))


def response(move: Move, body: dict[str, Any], stored: Stored) -> dict[str, JSON]:
    """A whole response; it is stored unless the request says otherwise."""
    number = next(_NUMBERS)
    output: list[JSON] = []
    if move.thought:
        reasoning: dict[str, JSON] = {"id": f"rs_{number}", "type": "reasoning", "summary": []}
        if body.get("reasoning", {}).get("summary"):
            reasoning["summary"] = [{"type": "summary_text", "text": move.thought[:40]}]
        if "reasoning.encrypted_content" in (body.get("include") or ()):
            reasoning["encrypted_content"] = sealed(move.thought)
        output.append(reasoning)
    if move.refusal or move.text or not move.calls:
        content: dict[str, JSON] = {"type": "output_text", "annotations": [], "logprobs": [], "text": move.text}
        if move.refusal:
            content = {"type": "refusal", "refusal": move.refusal}
        status = "incomplete" if move.ended else "completed"
        output.append({"id": f"msg_{number}", "type": "message", "status": status, "role": "assistant", "content": [content]})
    output += [
        {
            "id": f"fc_{number}_{place}",
            "type": "function_call",
            "status": "completed",
            "arguments": call.arguments,
            "call_id": f"call_{number}_{place}",
            "name": call.name,
        }
        for place, call in enumerate(move.calls)
    ]
    thought, into = tokens(move.thought), tokens(json.dumps([body.get("input"), body.get("tools")]))
    out = thought + tokens(move.text) + sum(tokens(call.name + call.arguments) for call in move.calls)
    reason = {"length": "max_output_tokens", "filter": "content_filter"}.get(move.ended or "")
    whole: dict[str, JSON] = {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": 1764000000,
        "status": "incomplete" if reason else "completed",
        "error": None,
        "incomplete_details": {"reason": reason} if reason else None,
        "model": body["model"],
        "output": output,
        "previous_response_id": body.get("previous_response_id"),
        "store": body.get("store", True),
        "usage": {
            "input_tokens": into,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": out,
            "output_tokens_details": {"reasoning_tokens": thought},
            "total_tokens": into + out,
        },
    }
    if body.get("store", True):
        stored.put(whole, stored.items(body), move.thought)
    return whole


def events(whole: dict[str, Any]) -> Iterator[str]:
    """The same response as a stream."""
    numbers = count()

    def event(kind: str, **fields: JSON) -> str:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, 'sequence_number': next(numbers), **fields})}\n\n"

    empty = {**whole, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
    yield event("response.created", response=empty)
    for index, item in enumerate(whole["output"]):
        yield event("response.output_item.added", output_index=index, item={**item, "status": "in_progress"})
        name = {"output_index": index, "item_id": item["id"]}
        if item["type"] == "function_call":
            for piece in pieces(item["arguments"]):
                yield event("response.function_call_arguments.delta", **name, delta=piece)
            yield event("response.function_call_arguments.done", **name, arguments=item["arguments"])
        elif item["type"] == "message" and item["content"][0]["type"] == "output_text":
            for piece in pieces(item["content"][0]["text"]):
                yield event("response.output_text.delta", **name, content_index=0, delta=piece)
            yield event("response.output_text.done", **name, content_index=0, text=item["content"][0]["text"])
        yield event("response.output_item.done", output_index=index, item=item)
    yield event("response.incomplete" if whole["status"] == "incomplete" else "response.completed", response=whole)
