"""OpenAI chat messages: each record is a list of messages, or an object with `messages` and what else is known.

Beside `messages`, a record may have `tools`, `task` or `task_id` or `id`, `trial`, `model`, `suite`, `setup`, `reward` or
`passed`. The form has no mark for a failed call, so a result counts as one where it says so itself: `is_error`, text that
begins with `Error`, or a JSON object with an `error`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from perturb.importers.reading import At, Problem, Source, Unreadable, each, first_record, records
from perturb.recorded import Recorded, RecordedCall, RecordedMessage
from perturb.types import JSON, Tool

NAME = "openai-chat"
SUMMARY = "OpenAI chat messages, an episode a line (JSONL) or in an array"
_TEXTS = frozenset({"text", "input_text", "output_text"})


def recognises(first: Any) -> bool:
    if isinstance(first, dict) and isinstance(first.get("messages"), list):
        return all(isinstance(one, dict) and "role" in one for one in first["messages"])
    if isinstance(first, dict) and isinstance(first.get("role"), str):
        return "content" in first or "tool_calls" in first
    return isinstance(first, list) and bool(first) and all(isinstance(one, dict) and "role" in one for one in first)


def read(source: Source) -> Iterator[Recorded | Problem]:
    """Each episode of a file of chat messages; a file that is itself one list of messages is one episode."""
    if _is_one_episode(source):
        rows = list(records(source, ("role",)))
        yield from (one for one in rows if isinstance(one, Problem))
        yield from each([At("the file", [one.value for one in rows if isinstance(one, At)])], partial(_episode, source))
        return
    yield from each(records(source, ("messages",)), partial(_episode, source))


def _is_one_episode(source: Source) -> bool:
    first = first_record(source)
    return isinstance(first, dict) and "role" in first and "messages" not in first


def _episode(source: Source, one: At) -> Recorded:
    record = {"messages": one.value} if isinstance(one.value, list) else one.value
    if not isinstance(record, dict):
        raise Unreadable(f"a record is an object or a list of messages, and this is {_kind(record)}")
    reward, passed = record.get("reward"), record.get("passed")
    number = float(reward) if isinstance(reward, int | float) else None
    if not isinstance(passed, bool):
        passed = None if number is None else number >= 1.0
    known = {"messages", "tools", "functions", "task", "task_id", "trial", "model", "suite", "setup", "reward", "passed"}
    task = next((record[name] for name in ("task", "task_id", "id") if isinstance(record.get(name), str | int)), None)
    trial = record.get("trial")
    return Recorded(
        format=NAME,
        source=str(source.path),
        place=one.place,
        task=one.place if task is None else str(task),
        trial=trial if isinstance(trial, int) else -1,
        suite=_text(record, "suite"),
        setup=_text(record, "setup"),
        model=_text(record, "model"),
        messages=read_messages(record.get("messages")),
        tools=read_tools(record.get("tools") or record.get("functions") or ()),
        passed=passed,
        reward=number,
        about={name: value for name, value in record.items() if name not in known},
    )


def _text(record: Mapping[str, Any], name: str) -> str:
    return value if isinstance(value := record.get(name), str) else ""


def _kind(value: Any) -> str:
    kinds: dict[type, str] = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")


def listed(value: Any, name: str) -> list[Any]:
    """`value`, which must be a list; `name` says what it is."""
    if not isinstance(value, list):
        raise Unreadable(f"{name} must be a list, and is {_kind(value)}")
    return value


def read_messages(value: Any, name: str = "messages") -> tuple[RecordedMessage, ...]:
    """A list of chat messages. Raises `Unreadable`, naming the message, where one is in no such form."""
    made = []
    for index, message in enumerate(listed(value, name)):
        try:
            made.append(read_message(message))
        except Unreadable as error:
            raise Unreadable(f"{name}[{index}]: {error}") from None
    return tuple(made)


def read_message(message: Any) -> RecordedMessage:
    """One chat message; the older `function_call` and role `function` too."""
    if not isinstance(message, dict):
        raise Unreadable(f"a message is an object, and this is {_kind(message)}")
    role = message.get("role")
    if not isinstance(role, str):
        raise Unreadable(f"a message has a role, and here that is {_kind(role)}")
    text, rest = read_content(message.get("content", message.get("refusal")))
    calls = [read_call(call) for call in listed(message.get("tool_calls") or [], "tool_calls")]
    if message.get("function_call"):
        calls.append(read_call(message["function_call"]))
    reasoning = next((message[name] for name in ("reasoning_content", "reasoning") if isinstance(message.get(name), str)), "")
    role = "tool" if role == "function" else role
    is_result = role == "tool"
    answers = message.get("tool_call_id")
    return RecordedMessage(
        role=role,
        text=text,
        calls=tuple(calls),
        answers=answers if isinstance(answers, str) else None,
        tool=message["name"] if is_result and isinstance(message.get("name"), str) else None,
        is_error=is_result and (bool(message["is_error"]) if "is_error" in message else says_error(text)),
        reasoning=reasoning,
        rest=rest,
    )


def read_content(content: Any) -> tuple[str, tuple[JSON, ...]]:
    """The text of a message, and its parts that are none."""
    if content is None:
        return "", ()
    if isinstance(content, str):
        return content, ()
    words, rest = [], []
    for part in listed(content, "content"):
        if isinstance(part, str):
            words.append(part)
        elif isinstance(part, dict) and part.get("type") in _TEXTS and isinstance(part.get("text"), str):
            words.append(part["text"])
        else:
            rest.append(part)
    return "\n".join(words), tuple(rest)


def read_call(call: Any) -> RecordedCall:
    """A call as OpenAI writes it, or flat: `{"id", "name", "arguments"}`, the arguments as an object or as its text."""
    if not isinstance(call, dict):
        raise Unreadable(f"a call is an object, and this is {_kind(call)}")
    inner = next((call[kind] for kind in ("function", "custom") if isinstance(call.get(kind), dict)), call)
    name = inner.get("name")
    if not isinstance(name, str):
        raise Unreadable(f"a call names its tool, and here the name is {_kind(name)}")
    identifier = call.get("id")
    arguments, malformed = read_arguments(inner.get("arguments", inner.get("input")))
    return RecordedCall(name, arguments, identifier if isinstance(identifier, str) else None, malformed)


def read_arguments(value: Any) -> tuple[dict[str, JSON], str | None]:
    """The arguments of a call, and their text where that is no JSON object."""
    if value is None or value == "":
        return {}, None
    if isinstance(value, dict):
        return value, None
    text = value if isinstance(value, str) else json.dumps(value)
    try:
        read = json.loads(text, parse_constant=str)
    except (ValueError, RecursionError):
        return {}, text
    return (read, None) if isinstance(read, dict) else ({}, text)


def says_error(text: str) -> bool:
    """Whether a result says of itself that the call failed."""
    start = text.lstrip()
    if start.startswith("Error"):
        return True
    if not start.startswith("{") or '"error"' not in text:
        return False
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(read, dict) and bool(read.get("error"))


def read_tools(value: Any) -> tuple[Tool, ...]:
    """Tools as OpenAI, MCP and Anthropic write them. Raises `Unreadable` for one without a name."""
    made = []
    for index, one in enumerate(value if isinstance(value, list | tuple) else ()):
        inner = one.get("function", one) if isinstance(one, dict) else None
        if not isinstance(inner, dict) or not isinstance(inner.get("name"), str):
            raise Unreadable(f"tools[{index}] has no name")
        schema = next((inner[k] for k in ("parameters", "inputSchema", "input_schema") if isinstance(inner.get(k), dict)), None)
        made.append(
            Tool(
                name=inner["name"],
                description=str(inner.get("description") or ""),
                parameters=schema or {"type": "object", "properties": {}},
                returns=next((inner[k] for k in ("outputSchema", "returns") if isinstance(inner.get(k), dict)), None),
                effect="read" if (inner.get("annotations") or {}).get("readOnlyHint") else "write",
            )
        )
    return tuple(made)
