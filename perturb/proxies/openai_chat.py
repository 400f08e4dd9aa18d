"""Chat Completions, as a client sends it and as its provider does."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from perturb.models.chat_stream import Assembly
from perturb.models.dialect import Unreadable
from perturb.proxies.openai_records import Asked, BadRequest, Entry, Given, Other, Raw, Said, Turn
from perturb.types import JSON

_NUMBERS = count(1)


class Chat:
    """See `perturb.proxies.openai_records.Wire`."""

    path = "chat/completions"
    history = "messages"

    def check(self, body: Raw) -> None:
        if not isinstance(body.get("messages"), list):
            raise BadRequest("'messages' must be a list")
        if body.get("n") not in (None, 1):
            raise BadRequest(f"n is {body['n']}; perturb proxy carries one choice of each response: leave n out")
        if body.get("functions"):
            raise BadRequest("'functions' is an old form that perturb proxy does not carry; write them as 'tools'")

    def entries(self, body: Raw) -> list[Entry]:
        made: list[Entry] = []
        for raw in body["messages"]:
            if not isinstance(raw, dict):
                raise BadRequest("'messages' must be a list of objects")
            role = raw.get("role")
            if role in ("system", "developer", "user"):
                made.append(Said(role, text_alone(raw.get("content")), raw))
            elif role == "assistant":
                made.append(self._turn(raw))
            elif role == "tool":
                made.append(Given(str(raw.get("tool_call_id")), text_of(raw.get("content")), raw))
            else:
                made.append(Other(raw))
        return made

    def _turn(self, raw: Raw) -> Turn:
        functions = [(str(one.get("id") or ""), one["function"]) for one in self._calls(raw)]
        calls = tuple(Asked(id, str(one.get("name") or ""), arguments_of(one.get("arguments"))) for id, one in functions)
        return Turn(text_of(raw.get("content")), calls, (raw,))

    def _calls(self, raw: Raw) -> list[Raw]:
        return [one for one in raw.get("tool_calls") or () if isinstance(one.get("function"), dict)]

    def call_raws(self, turn: Turn) -> list[Raw]:
        return self._calls(turn.raws[0])

    def instructions(self, body: Raw) -> str | None:
        return None

    def earlier(self, body: Raw) -> str | None:
        return None

    def functions(self, body: Raw) -> list[Raw]:
        return [one["function"] for one in body.get("tools") or () if _is_function(one)]

    def with_tools(self, body: Raw, functions: Sequence[Raw], shown_name: Mapping[str, str]) -> Raw:
        others = [one for one in body.get("tools") or () if not _is_function(one)]
        made = {**body, "tools": [*({"type": "function", "function": one} for one in functions), *others]}
        if not made["tools"]:
            del made["tools"]
        choice = body.get("tool_choice")
        if isinstance(choice, dict) and isinstance(choice.get("function"), dict):
            made["tool_choice"] = _renamed(choice, shown_name)
        elif isinstance(choice, dict) and isinstance(choice.get("allowed_tools"), dict):
            allowed = choice["allowed_tools"]
            tools = [_renamed(one, shown_name) if _is_function(one) else one for one in allowed.get("tools") or ()]
            made["tool_choice"] = {**choice, "allowed_tools": {**allowed, "tools": tools}}
        return made

    def message(self, role: str, text: str) -> Raw:
        return {"role": role, "content": text}

    def with_text(self, raw: Raw, text: str) -> Raw:
        content = raw.get("content")
        return {**raw, "content": [{**content[0], "text": text}] if isinstance(content, list) and content else text}

    def with_calls(self, raws: Sequence[Raw], calls: Sequence[Raw]) -> list[Raw]:
        kept = [one for one in raws[0].get("tool_calls") or () if not isinstance(one.get("function"), dict)]
        made = {name: value for name, value in raws[0].items() if name != "tool_calls"}
        return [{**made, "tool_calls": [*calls, *kept]} if calls or kept else made]

    def turn_with_text(self, raws: Sequence[Raw], text: str) -> list[Raw]:
        return [self.with_text(raws[0], text)]

    def call(self, asked: Asked, like: Raw | None = None) -> Raw:
        like = like or {"type": "function"}
        function = {**like.get("function", {}), "name": asked.name, "arguments": asked.arguments}
        return {**like, "id": asked.id, "function": function}

    def result(self, id: str, text: str, like: Raw | None = None) -> Raw:
        if like is not None:
            return {**like, "tool_call_id": id}
        return {"role": "tool", "tool_call_id": id, "content": text}

    def turn(self, response: Raw) -> Turn:
        try:
            message = response["choices"][0]["message"]
            return self._turn({"role": "assistant", **message})
        except (KeyError, IndexError, TypeError, AttributeError):
            raise ValueError("the response holds no message") from None

    def handed(self, response: Raw, calls: Sequence[Raw], text: str | None, usage: Raw | None) -> Raw:
        first, *_ = response["choices"]
        (message,) = self.with_calls([first["message"]], calls)
        if text is not None:
            message = self.with_text(message, text)
        choice = {**first, "message": message}
        if calls and first.get("finish_reason") == "stop":
            choice["finish_reason"] = "tool_calls"
        return {**response, "choices": [choice]} | ({} if usage is None else {"usage": usage})

    def made(self, body: Raw, calls: Sequence[Raw]) -> Raw:
        message = {"role": "assistant", "content": None, "tool_calls": list(calls)}
        return {
            "id": f"chatcmpl-perturb-{next(_NUMBERS)}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": body.get("model", ""),
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "tool_calls"}],
            "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        }

    def usage(self, response: Raw) -> tuple[int, int, int, int] | None:
        used = response.get("usage")
        if not isinstance(used, dict):
            return None
        of_input, of_output = used.get("prompt_tokens_details") or {}, used.get("completion_tokens_details") or {}
        return (
            used.get("prompt_tokens") or 0,
            used.get("completion_tokens") or 0,
            of_input.get("cached_tokens") or 0,
            of_output.get("reasoning_tokens") or 0,
        )

    def reasoning(self, response: Raw) -> str:
        message = response["choices"][0]["message"]
        found = next((message[name] for name in ("reasoning", "reasoning_content") if message.get(name)), "")
        return found if isinstance(found, str) else ""

    def stream(self, passes_text: bool) -> ChatStream:
        return ChatStream(passes_text)


class ChatStream:
    """See `perturb.proxies.openai_records.Stream`. Of several responses the client sees one, which has the id of the first."""

    def __init__(self, passes_text: bool) -> None:
        self._passes_text = passes_text
        self._chunks: list[JSON] = []
        self._head: Raw = {}
        self._usage = self._begun = False
        self.id: str | None = None
        self.text = ""

    def take(self, event: JSON) -> Iterator[str]:
        self._chunks.append(event)
        if not isinstance(event, dict):
            return
        choices = event.get("choices") or ()
        if not choices:
            self._usage = self._usage or event.get("usage") is not None
            return
        if not self._head:
            self._head = {name: value for name, value in event.items() if name not in ("choices", "usage")}
        for choice in choices:
            delta = choice.get("delta") if isinstance(choice, dict) else None
            if not isinstance(delta, dict) or choice.get("index", 0) != 0:
                continue
            passed = {name: value for name, value in delta.items() if name != "tool_calls"}
            if not self._passes_text:
                passed.pop("content", None)
            if isinstance(passed.get("content"), str):
                self.text += passed["content"]
            if self._begun:
                passed.pop("role", None)
            if passed:
                self._begun = True
                yield self._chunk({**choice, "delta": passed, "finish_reason": None})

    def _chunk(self, choice: Raw, **more: JSON) -> str:
        return _event({**self._head, "choices": [choice], **more})

    def whole(self) -> Raw:
        chunks, self._chunks = self._chunks, []
        try:
            response: Raw = Assembly().of(chunks)
        except (Unreadable, AttributeError, TypeError) as error:
            raise ValueError(str(error)) from None
        return response

    def end(self, handed: Raw) -> Iterator[str]:
        if not self._head:
            self._head = {name: handed.get(name) for name in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
            yield self._chunk({"index": 0, "delta": {"role": "assistant", "content": None}, "finish_reason": None})
        choice = handed["choices"][0]
        message = choice["message"]
        if not self._passes_text and message.get("content"):
            self.text += text_of(message["content"])
            yield self._chunk({"index": 0, "delta": {"content": message["content"]}, "finish_reason": None})
        for place, call in enumerate(message.get("tool_calls") or ()):
            yield self._chunk({"index": 0, "delta": {"tool_calls": [{"index": place, **call}]}, "finish_reason": None})
        yield self._chunk({"index": 0, "delta": {}, "finish_reason": choice.get("finish_reason")})
        if self._usage:
            yield _event({**self._head, "choices": [], "usage": handed.get("usage")})
        yield "data: [DONE]\n\n"

    def error(self, message: str) -> Iterator[str]:
        yield _event({"error": {"message": message, "type": "upstream_error", "code": None}})


def _event(data: JSON) -> str:
    return f"data: {json.dumps(data)}\n\n"


def _is_function(tool: Any) -> bool:
    return isinstance(tool, dict) and tool.get("type") == "function" and isinstance(tool.get("function"), dict)


def _renamed(tool: Raw, shown_name: Mapping[str, str]) -> Raw:
    name = tool["function"].get("name")
    return {**tool, "function": {**tool["function"], "name": shown_name.get(name, name)}}


def text_alone(content: JSON) -> str | None:
    """The text of a message that holds one text and nothing else."""
    if isinstance(content, list) and len(content) == 1 and isinstance(content[0], dict):
        content = content[0].get("text")
    return content if isinstance(content, str) else None


def text_of(content: JSON) -> str:
    """All the text of a message."""
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def arguments_of(arguments: JSON) -> str:
    """Arguments as text; some servers send an object."""
    return arguments if isinstance(arguments, str) else json.dumps(arguments)
