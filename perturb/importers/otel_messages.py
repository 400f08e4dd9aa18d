"""What the spans of OpenTelemetry's conventions for generative AI say of messages, calls and results."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from perturb.importers.chat import read_arguments, read_call, read_content, says_error
from perturb.importers.reading import Unreadable
from perturb.recorded import RecordedCall, RecordedMessage
from perturb.types import JSON

_NUMBERED = re.compile(r"gen_ai\.(prompt|completion)\.(\d+)\.(.+)")
_CALL_OF = re.compile(r"tool_calls\.(\d+)\.(\w+)")
_ROLE_OF_EVENT = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
    "gen_ai.choice": "assistant",
}


def attributes(pairs: Any) -> dict[str, Any]:
    """OTLP's list of keys and typed values as plain JSON."""
    return {str(pair["key"]): _plain(pair.get("value")) for pair in pairs or ()}


def _plain(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "intValue" in value:
        return int(value["intValue"])
    if "arrayValue" in value:
        return [_plain(inner) for inner in value["arrayValue"].get("values") or ()]
    if "kvlistValue" in value:
        return attributes(value["kvlistValue"].get("values"))
    return next(iter(value.values()), None)


def structured(value: Any) -> Any:
    """An attribute that may be written as the text of its JSON."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def of_span(span: dict[str, Any]) -> list[RecordedMessage]:
    """The messages that a span tells of, in order: what the model was given, then what it gave."""
    told = [span["attributes"], *(event["attributes"] for event in span["events"])]
    for known in told:
        if "gen_ai.input.messages" in known or "gen_ai.output.messages" in known:
            made: list[RecordedMessage] = []
            instructions = structured(known.get("gen_ai.system_instructions"))
            if instructions:
                parts = instructions if isinstance(instructions, list) else [{"type": "text", "content": instructions}]
                made += _with_parts({"role": "system", "parts": parts})
            for name in ("gen_ai.input.messages", "gen_ai.output.messages"):
                for message in _list(structured(known.get(name)), name):
                    made += _with_parts(message)
            return made
    by_event = [message for event in span["events"] for message in _of_event(event)]
    return by_event or _numbered(span["attributes"])


def _list(value: Any, name: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unreadable(f"{name} is no list of messages")
    return value


def _with_parts(message: Any) -> Iterator[RecordedMessage]:
    """A message of the conventions since 1.37; results that share a message are a message each, as in the chat form."""
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        raise Unreadable("a message has a role, and this has none")
    words, thoughts, calls, results, rest = [], [], [], list[RecordedMessage](), list[JSON]()
    content = message.get("parts", message.get("content"))
    for part in content if isinstance(content, list) else [{"type": "text", "content": content}]:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind == "text":
            words.append(str(part.get("content", part.get("text")) or ""))
        elif kind in ("reasoning", "thinking"):
            thoughts.append(str(part.get("content") or ""))
        elif kind == "tool_call":
            calls.append(read_call(part))
        elif kind == "tool_call_response":
            text = _as_text(part.get("response", part.get("result")))
            results.append(_result(text, part.get("id")))
        else:
            rest.append(part)
    text = "\n".join(words)
    if not results:
        yield RecordedMessage(message["role"], text, calls=tuple(calls), reasoning="\n".join(thoughts), rest=tuple(rest))
        return
    yield from results
    if text or rest or calls:
        yield RecordedMessage(message["role"], text, calls=tuple(calls), rest=tuple(rest))


def _result(text: str, identifier: Any, tool: str | None = None, is_error: bool | None = None) -> RecordedMessage:
    failed = says_error(text) if is_error is None else is_error
    answers = identifier if isinstance(identifier, str) and identifier else None
    return RecordedMessage("tool", text, answers=answers, tool=tool, is_error=failed)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _of_event(event: dict[str, Any]) -> Iterator[RecordedMessage]:
    """An event of the conventions before 1.37; its fields are attributes, or stand in the text of one."""
    role = _ROLE_OF_EVENT.get(str(event["name"]))
    if role is None:
        return
    known = dict(event["attributes"])
    for name in ("gen_ai.event.content", "event_body", "body"):
        inner = structured(known.get(name))
        if isinstance(inner, dict):
            known |= inner
    body = structured(known.get("message"))
    known |= body if isinstance(body, dict) else {}
    content = known.get("content")
    text, rest = read_content(structured(content) if isinstance(structured(content), list) else _as_text(content))
    if role == "tool":
        yield _result(text, known.get("id"), tool=known["name"] if isinstance(known.get("name"), str) else None)
        return
    calls = tuple(read_call(call) for call in structured(known.get("tool_calls")) or ())
    yield RecordedMessage(str(known.get("role") or role), text, calls=calls, rest=rest)


def _numbered(known: dict[str, Any]) -> list[RecordedMessage]:
    """OpenLLMetry's attributes: `gen_ai.prompt.0.role`, `gen_ai.completion.0.tool_calls.0.name`."""
    fields: dict[tuple[bool, int], dict[str, Any]] = {}
    for key, value in known.items():
        found = _NUMBERED.fullmatch(key)
        if found:
            fields.setdefault((found.group(1) == "completion", int(found.group(2))), {})[found.group(3)] = value
    made = []
    for (given, _), message in sorted(fields.items(), key=lambda one: one[0]):
        calls: dict[int, dict[str, Any]] = {}
        for name, value in message.items():
            found = _CALL_OF.fullmatch(name)
            if found:
                calls.setdefault(int(found.group(1)), {})[found.group(2)] = value
        role = str(message.get("role") or ("assistant" if given else "user"))
        text, rest = read_content(_as_text(message.get("content")))
        if role == "tool":
            made.append(_result(text, message.get("tool_call_id")))
        else:
            made.append(RecordedMessage(role, text, calls=tuple(read_call(calls[at]) for at in sorted(calls)), rest=rest))
    return made


def append_new(known: list[RecordedMessage], told: Sequence[RecordedMessage]) -> None:
    """Add what a later span tells beyond what is known: each call of a model repeats what was said before, whole or in part."""
    left = Counter(map(_like, known))
    for message in told:
        same = _like(message)
        if left[same] > 0:
            left[same] -= 1
        else:
            known.append(message)


def _like(message: RecordedMessage) -> bytes:
    # Reasoning is left out as a message is sent again.
    return msgspec.json.encode(msgspec.structs.replace(message, reasoning="", is_error=False, tool=None), order="deterministic")


def with_tool_spans(messages: list[RecordedMessage], spans: Sequence[dict[str, Any]]) -> list[RecordedMessage]:
    """The conversation with what spans of tools know: that a call failed, and calls and results that no model's span tells."""
    made = list(messages)
    for span in spans:
        known = span["attributes"]
        identifier, name = known.get("gen_ai.tool.call.id"), str(known.get("gen_ai.tool.name") or span.get("name"))
        failed = span["status"].get("code") in (2, "STATUS_CODE_ERROR") or "error.type" in known
        result = known.get("gen_ai.tool.call.result")
        at = next((i for i, one in enumerate(made) if one.role == "tool" and identifier and one.answers == identifier), None)
        if at is not None:
            made[at] = msgspec.structs.replace(made[at], tool=name, is_error=made[at].is_error or failed)
            continue
        text = _as_text(result) if result is not None else str(span["status"].get("message") or "")
        answer = _result(text, identifier, name, failed or None)
        called = next(
            (i for i, one in enumerate(made) if any(call.id is not None and call.id == identifier for call in one.calls)), None
        )
        if called is None:
            arguments, malformed = read_arguments(known.get("gen_ai.tool.call.arguments"))
            call = RecordedCall(name, arguments, identifier if isinstance(identifier, str) else None, malformed)
            where = len(made) - (1 if made and made[-1].role == "assistant" and not made[-1].calls else 0)
            made[where:where] = [RecordedMessage("assistant", calls=(call,)), *([answer] if text or failed else [])]
        elif text or failed:
            while called + 1 < len(made) and made[called + 1].role == "tool":
                called += 1
            made.insert(called + 1, answer)
    return made
