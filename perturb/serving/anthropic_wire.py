"""Messages as Anthropic's server sends and takes them: blocks, thinking with a signature, some of it redacted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

from perturb.serving.schemas import accepted_tools
from perturb.serving.sealing import check, opened, pieces, sealed, signature, tokens
from perturb.serving.seen import BadRequest, Event, Move, Result, Seen, SeenCall, Turn, User, arrived_in_order
from perturb.types import JSON

_REDACTED = 3
"""Every third response has its thinking redacted."""
_NUMBERS = (f"{number:08d}" for number in count(1))
"""Of one length, so that equal conversations take equally many tokens."""


def seen(body: dict[str, Any], strict: bool) -> Seen:
    """What a request shows. Thinking that was altered is refused; `strict` refuses a turn without it as well."""
    if not isinstance(body.get("max_tokens"), int):
        raise BadRequest("max_tokens: Field required", param="max_tokens")
    tools = accepted_tools(
        [
            {"name": tool.get("name"), "description": tool.get("description"), "parameters": tool.get("input_schema")}
            for tool in body.get("tools") or ()
        ]
    )
    events: list[Event] = []
    for place, message in enumerate(body.get("messages") or ()):
        blocks = message["content"]
        if isinstance(blocks, str):
            blocks = [{"type": "text", "text": blocks}]
        if not blocks or any(block.get("type") == "text" and not block["text"] for block in blocks):
            raise BadRequest(f"messages.{place}: text content blocks must be non-empty", param="messages")
        if message["role"] == "assistant":
            events.append(_turn(blocks, strict and "thinking" in body, f"messages.{place}"))
            continue
        for block in blocks:
            if block["type"] == "tool_result":
                events.append(Result(block["tool_use_id"], _text(block.get("content")), bool(block.get("is_error"))))
            else:
                events.append(User(block["text"]))
    arrived_in_order(events)
    return Seen(model=str(body.get("model", "")), system=_text(body.get("system")), events=tuple(events), tools=tools)


def _text(content: JSON) -> str:
    if isinstance(content, list):
        return "".join(str(block.get("text", "")) for block in content)
    return content or ""


def _turn(blocks: list[dict[str, Any]], strict: bool, where: str) -> Turn:
    text, thoughts, calls = "", [], []
    for place, block in enumerate(blocks):
        kind, here = block["type"], f"{where}.content.{place}"
        if kind == "thinking":
            check(block["thinking"], block.get("signature"), here)
            thoughts.append(block["thinking"])
        elif kind == "redacted_thinking":
            thoughts.append(opened(block.get("data"), here))
        elif kind == "tool_use":
            calls.append(SeenCall(block["id"], block["name"], json.dumps(block["input"])))
        else:
            text += block["text"]
    if strict and not thoughts:
        raise BadRequest(f"{where}: when `thinking` is enabled, an assistant message must begin with a thinking block")
    return Turn(text, tuple(thoughts), tuple(calls))


def response(move: Move, body: dict[str, Any]) -> dict[str, JSON]:
    """A whole response, with thinking where the request asks for it."""
    number = next(_NUMBERS)
    content: list[JSON] = []
    if move.thought and "thinking" in body and int(number) % _REDACTED == 0:
        content.append({"type": "redacted_thinking", "data": sealed(move.thought)})
    elif move.thought and "thinking" in body:
        content.append({"type": "thinking", "thinking": move.thought, "signature": signature(move.thought)})
    if move.text:
        content.append({"type": "text", "text": move.text})
    content += [
        {"type": "tool_use", "id": f"toolu_{number}_{place}", "name": call.name, "input": _input(call.arguments)}
        for place, call in enumerate(move.calls)
    ]
    thought = tokens(move.thought)
    out = thought + tokens(move.text) + sum(tokens(call.name + call.arguments) for call in move.calls)
    reason = {"length": "max_tokens", "filter": "refusal"}.get(move.ended or "")
    if move.refusal:
        content, reason = [], "refusal"
    return {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": content,
        "stop_reason": reason or ("tool_use" if move.calls else "end_turn"),
        "stop_sequence": None,
        "usage": {
            "input_tokens": tokens(json.dumps([body.get("system"), body.get("messages"), body.get("tools")])),
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": out,
        },
    }


def _input(arguments: str) -> JSON:
    """Arguments as a block holds them; broken ones as the text that a stream would have sent."""
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


def events(whole: dict[str, Any]) -> Iterator[str]:
    """The same response as a stream."""

    def event(kind: str, **fields: JSON) -> str:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n"

    usage = whole["usage"]
    start = {**whole, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    yield event("message_start", message=start)
    yield event("ping")
    for index, block in enumerate(whole["content"]):
        kind = block["type"]
        first, deltas = block, list[tuple[str, str, str]]()
        if kind == "text":
            first, deltas = {**block, "text": ""}, [("text_delta", "text", one) for one in pieces(block["text"])]
        elif kind == "thinking":
            first = {**block, "thinking": "", "signature": ""}
            deltas = [("thinking_delta", "thinking", one) for one in pieces(block["thinking"])]
            deltas.append(("signature_delta", "signature", block["signature"]))
        elif kind == "tool_use":
            first = {**block, "input": {}}
            text = block["input"] if isinstance(block["input"], str) else json.dumps(block["input"])
            deltas = [("input_json_delta", "partial_json", one) for one in pieces(text)]
        yield event("content_block_start", index=index, content_block=first)
        for name, field, piece in deltas:
            yield event("content_block_delta", index=index, delta={"type": name, field: piece})
        yield event("content_block_stop", index=index)
    ended = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    yield event("message_delta", delta=ended, usage={"output_tokens": usage["output_tokens"]})
    yield event("message_stop")
