"""Messages and tools of Inspect, as chat completions for the engine and back: what nobody has changed stays as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    ContentText,
    ModelOutput,
)
from inspect_ai.tool import ToolCall, ToolFunction, ToolInfo, ToolParams
from pydantic import Field, model_serializer

from perturb.proxies.openai_chat import Chat
from perturb.proxies.openai_records import Raw

CHAT = Chat()
_SOURCE = "source"
"""The field of a written message that says which of Inspect's it was."""


class _Params(ToolParams):
    """Parameters with every keyword of their schema, those too that Inspect has no field for."""

    whole: dict[str, Any] = Field(default_factory=dict)

    @model_serializer
    def _told(self) -> dict[str, Any]:
        return self.whole


class _Info(ToolInfo):
    parameters: _Params


class Written:
    """The messages of one sample, each known by its id; of a turn of the model's, as the model has made it."""

    def __init__(self) -> None:
        self._made: dict[str, ChatMessage] = {}

    def body(self, input: list[ChatMessage], tools: list[ToolInfo], choice: Any) -> Raw:
        """A request."""
        functions = [one.model_dump(exclude_none=True, exclude={"options"}) for one in tools]
        body: Raw = {
            "messages": [self._written(one, place) for place, one in enumerate(input)],
            "tools": [{"type": "function", "function": one} for one in functions],
        }
        if isinstance(choice, ToolFunction):
            body["tool_choice"] = {"type": "function", "function": {"name": choice.name}}
        return body

    def shown(self, body: Raw, tools: list[ToolInfo], choice: Any) -> tuple[list[ChatMessage], list[ToolInfo], Any]:
        """What the model is asked."""
        called = {call["id"]: call["function"]["name"] for raw in body["messages"] for call in raw.get("tool_calls") or ()}
        own = {one.name: one for one in tools}
        functions = [one["function"] for one in body.get("tools") or ()]
        shown = [_info(one, own.get(one["name"])) for one in functions]
        if isinstance(choice, ToolFunction):
            choice = ToolFunction(name=body["tool_choice"]["function"]["name"])
        return [self._read(raw, called) for raw in body["messages"]], shown, choice

    def response(self, output: ModelOutput) -> Raw:
        """A turn of the model's."""
        raw = self._written(output.message, len(self._made))
        self._made[raw[_SOURCE]] = output.message
        response: Raw = {"choices": [{"message": raw, "finish_reason": output.stop_reason}]}
        if output.usage is not None:
            used = {"prompt_tokens": output.usage.input_tokens, "completion_tokens": output.usage.output_tokens}
            response["usage"] = used
        return response

    def output(self, output: ModelOutput, response: Raw) -> ModelOutput:
        """A turn as the solver is to have it: as `output` but for the calls and the text."""
        message = self._read(response["choices"][0]["message"], {})
        assert isinstance(message, ChatMessageAssistant)
        if output.empty:
            choice = ChatCompletionChoice(message=message, stop_reason="tool_calls")
        else:
            choice = output.choices[0].model_copy(update={"message": message})
        return output.model_copy(update={"choices": [choice], "completion": message.text})

    def _written(self, message: ChatMessage, place: int) -> Raw:
        source = message.id or f"message {place}"
        self._made.setdefault(source, message)
        plain = isinstance(message.content, str) or all(one.type in ("text", "reasoning") for one in message.content)
        # Content that is more than text passes as it is: to the engine it has no text alone.
        raw: Raw = {_SOURCE: source, "role": message.role, "content": message.text if plain else [{"text": message.text}, {}]}
        if isinstance(message, ChatMessageAssistant) and message.tool_calls:
            raw["tool_calls"] = [_call(one) for one in message.tool_calls]
        if isinstance(message, ChatMessageTool):
            raw["tool_call_id"] = message.tool_call_id
            raw["content"] = message.error.message if message.error else message.text
        return raw

    def _read(self, raw: Raw, called: Mapping[str, str]) -> ChatMessage:
        message: Any
        text, made = raw.get("content"), self._made.get(raw.get(_SOURCE, ""))
        if raw["role"] == "tool":
            id = str(raw["tool_call_id"])
            if isinstance(made, ChatMessageTool):
                return made.model_copy(update={"tool_call_id": id, "function": called.get(id, made.function)})
            return ChatMessageTool(content=str(text), tool_call_id=id, function=called.get(id))
        if made is None:
            kinds = {"user": ChatMessageUser, "assistant": ChatMessageAssistant}
            message = kinds.get(raw["role"], ChatMessageSystem)(content=text or "")
        elif isinstance(text, str) and text != made.text:
            message = made.model_copy(update={"content": _with_text(made.content, text)})
        else:
            message = made
        if isinstance(message, ChatMessageAssistant):
            known = {one.id: one for one in message.tool_calls or ()}
            calls = [_called(one, known.get(one["id"])) for one in raw.get("tool_calls") or ()]
            return message.model_copy(update={"tool_calls": calls or None})
        found: ChatMessage = message
        return found


def _with_text(content: Any, text: str) -> Any:
    """A content with another text; its reasoning stays."""
    if isinstance(content, str):
        return text
    return [*(one for one in content if one.type != "text"), ContentText(text=text)]


def _call(call: ToolCall) -> Raw:
    # Arguments that were no JSON are told as what they were, and answered as such.
    arguments = call.parse_error or json.dumps(call.arguments, ensure_ascii=False)
    return {"id": call.id, "type": "function", "function": {"name": call.function, "arguments": arguments}}


def _called(raw: Raw, like: ToolCall | None) -> ToolCall:
    name, arguments = raw["function"]["name"], raw["function"]["arguments"]
    if like is not None and _call(like)["function"] == raw["function"]:
        return like
    try:
        return ToolCall(id=raw["id"], function=name, arguments=json.loads(arguments))
    except ValueError:
        return ToolCall(id=raw["id"], function=name, arguments={}, parse_error=arguments)


def _info(function: Raw, own: ToolInfo | None) -> ToolInfo:
    schema = function.get("parameters") or {"type": "object", "properties": {}}
    if own is not None and own.model_dump(exclude_none=True, exclude={"options"}) == function:
        return own
    names = {name: one for name, one in schema.items() if name in ("properties", "required")}
    params = _Params(**names, whole=schema)
    return _Info(name=function["name"], description=function.get("description") or "", parameters=params)
