"""Chat Completions as the servers send and take it, each with its own field for reasoning."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import count
from typing import Any, Literal

from perturb.serving.schemas import accepted_tools
from perturb.serving.sealing import pieces, signature, tokens
from perturb.serving.seen import BadRequest, Event, Move, Result, Seen, SeenCall, Turn, User, arrived_in_order
from perturb.types import JSON

Style = Literal["openai", "vllm", "vllm-earlier", "append-think", "minimax", "deepseek"]
STYLES: tuple[Style, ...] = ("openai", "vllm", "vllm-earlier", "append-think", "minimax", "deepseek")

_FIELD = {"vllm": "reasoning", "vllm-earlier": "reasoning_content", "deepseek": "reasoning_content"}
_THINK = re.compile(r"<think>\n?(.*?)\n?</think>\n*", re.DOTALL)
_NUMBERS = (f"{number:08d}" for number in count(1))
"""Of one length, so that equal conversations take equally many tokens."""


def seen(body: dict[str, Any], style: Style, strict: bool) -> Seen:
    """What a request shows. Raises `BadRequest` for what such a server would refuse; `strict` refuses any reasoning that is
    not as it was sent, which few servers check."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadRequest("'messages' must be a list that is not empty", param="messages")
    tools = accepted_tools([_tool(tool) for tool in body.get("tools") or ()])
    events: list[Event] = []
    system: list[str] = []
    for place, message in enumerate(messages):
        role, where = message.get("role"), f"messages[{place}]"
        if role in ("system", "developer"):
            system.append(_text(message.get("content")))
        elif role == "user":
            events.append(User(_text(message.get("content"))))
        elif role == "assistant":
            events.append(_turn(message, style, bool(tools), strict, where))
        elif role == "tool":
            events.append(Result(str(message.get("tool_call_id", "")), _text(message.get("content"))))
        else:
            raise BadRequest(f"{where}: there is no role {role!r}", param=where)
    arrived_in_order(events)
    return Seen(model=str(body.get("model", "")), system="\n".join(system), events=tuple(events), tools=tools)


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    function = tool.get("function")
    if tool.get("type") != "function" or not isinstance(function, dict):
        raise BadRequest("a tool is no function", param="tools")
    return function


def _text(content: JSON) -> str:
    if isinstance(content, list):
        return "".join(str(block.get("text", "")) for block in content if isinstance(block, dict))
    return content if isinstance(content, str) else ""


def _turn(message: dict[str, Any], style: Style, tools: bool, strict: bool, where: str) -> Turn:
    calls = []
    for place, call in enumerate(message.get("tool_calls") or ()):
        function = call["function"]
        if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", function["name"]):
            raise BadRequest(f"{where}.tool_calls[{place}].function.name does not match ^[a-zA-Z0-9_-]{{1,64}}$", param=where)
        calls.append(SeenCall(str(call.get("id") or ""), function["name"], function["arguments"]))
    content = _text(message.get("content"))
    thoughts: list[str] = []
    if style in _FIELD:
        thought = message.get(_FIELD[style])
        thoughts = [thought] if isinstance(thought, str) and thought else []
    elif style == "minimax" and message.get("reasoning_details"):
        thoughts = [item["text"] for item in message["reasoning_details"]]
    elif style in ("minimax", "append-think"):
        thoughts = _THINK.findall(content)
        content = _THINK.sub("", content)
    if style == "deepseek" and tools and not thoughts:
        raise BadRequest(f"{where}: reasoning_content is missing; with tools it must be passed back", param=where)
    if strict and style != "openai":
        for thought in thoughts:
            _check(thought, where)
        if not thoughts:
            raise BadRequest(f"{where}: its reasoning did not come back", param=where)
    return Turn(content, tuple(_bare(thought) for thought in thoughts), tuple(calls))


_SUM = " ⟦{}⟧"
_SUMMED = re.compile(r" ⟦(.{12})⟧\Z", re.DOTALL)


def _with_sum(thought: str) -> str:
    return thought + _SUM.format(signature(thought)[:12])


def _bare(thought: str) -> str:
    return _SUMMED.sub("", thought)


def _check(thought: str, where: str) -> None:
    if thought != _with_sum(_bare(thought)):
        raise BadRequest(f"{where}: its reasoning is not as it was sent", param=where)


def response(move: Move, body: dict[str, Any], style: Style) -> dict[str, JSON]:
    """A whole response."""
    number = next(_NUMBERS)
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1764000000,
        "model": body["model"],
        "choices": [
            {"index": 0, "message": _message(move, body, style, number), "logprobs": None, "finish_reason": _finish(move)}
        ],
        "usage": _usage(move, body, style),
        "system_fingerprint": "fp_reference",
    }


def _message(move: Move, body: dict[str, Any], style: Style, number: str) -> dict[str, JSON]:
    message: dict[str, JSON] = {"role": "assistant", "content": move.text or None, "refusal": move.refusal or None}
    thought = _with_sum(move.thought) if move.thought else ""
    if thought and style in _FIELD:
        message[_FIELD[style]] = thought
    elif thought and style == "minimax" and body.get("reasoning_split"):
        details = {"type": "reasoning.text", "id": f"reasoning-text-{number}", "format": "MiniMax-response-v1", "index": 0}
        message["reasoning_details"] = [{**details, "text": thought}]
    elif thought and style == "minimax":
        message["content"] = f"<think>\n{thought}\n</think>\n\n{move.text}"
    elif thought and style == "append-think":
        message["content"] = f"<think>{thought}</think>\n\n{move.text}"
    if move.calls:
        message["tool_calls"] = [
            {"id": f"call_{number}_{place}", "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for place, call in enumerate(move.calls)
        ]
    return message


def _finish(move: Move) -> str:
    return {"length": "length", "filter": "content_filter"}.get(move.ended or "", "tool_calls" if move.calls else "stop")


def _usage(move: Move, body: dict[str, Any], style: Style) -> dict[str, JSON]:
    # Reasoning under a field that such a server does not read never reaches its model, so it takes no tokens.
    unread = {"reasoning", "reasoning_content", "reasoning_details"} - {_FIELD.get(style, "")}
    unread -= {"reasoning_details"} if style == "minimax" else set()
    messages = [{name: value for name, value in message.items() if name not in unread} for message in body["messages"]]
    into = tokens(json.dumps([messages, body.get("tools")]))
    thought = tokens(move.thought)
    out = thought + tokens(move.text) + sum(tokens(call.name + call.arguments) for call in move.calls)
    return {
        "prompt_tokens": into,
        "completion_tokens": out,
        "total_tokens": into + out,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": thought},
    }


def chunks(whole: dict[str, Any], body: dict[str, Any], *, cumulative: bool) -> Iterator[dict[str, JSON]]:
    """The same response as a stream; `cumulative` repeats in each piece of text all that came before."""
    if whole["choices"] is None:
        return
    head = {name: whole[name] for name in ("id", "created", "model", "system_fingerprint")} | {
        "object": "chat.completion.chunk"
    }
    choice = whole["choices"][0]
    message = choice["message"]

    def chunk(delta: dict[str, JSON], finish: str | None = None) -> dict[str, JSON]:
        return {**head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}], "usage": None}

    def text(value: str) -> Iterator[str]:
        sent = ""
        for piece in pieces(value):
            sent += piece
            yield sent if cumulative else piece

    yield chunk({"role": "assistant", "content": "" if message["content"] else None})
    for name, value in message.items():
        if name in ("role", "tool_calls") or value is None:
            continue
        if name == "reasoning_details":
            for item in value:
                for piece in text(item["text"]):
                    yield chunk({name: [{**item, "text": piece}]})
        else:
            for piece in text(value):
                yield chunk({name: piece})
    for place, call in enumerate(message.get("tool_calls") or ()):
        first = {**call, "index": place, "function": {"name": call["function"]["name"], "arguments": ""}}
        yield chunk({"tool_calls": [first]})
        for piece in pieces(call["function"]["arguments"]):
            yield chunk({"tool_calls": [{"index": place, "function": {"arguments": piece}}]})
    yield chunk({}, choice["finish_reason"])
    if (body.get("stream_options") or {}).get("include_usage"):
        yield {**head, "choices": [], "usage": whole["usage"]}
