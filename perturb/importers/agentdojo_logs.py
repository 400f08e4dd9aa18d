"""AgentDojo's run logs: one file an episode, `{suite_name, pipeline_name, user_task_id, messages, utility, security, …}`.

Source: agentdojo 0.1.35, `benchmark.TaskResults`, `logging.TraceLogger` and `types`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from perturb.importers.chat import listed, read_arguments
from perturb.importers.reading import At, Problem, Source, Unreadable, each, records
from perturb.recorded import Recorded, RecordedCall, RecordedMessage
from perturb.types import JSON

NAME = "agentdojo"
SUMMARY = "AgentDojo run logs (runs/PIPELINE/SUITE/TASK/…/*.json)"
_NAMED = frozenset({"suite_name", "pipeline_name", "user_task_id", "messages", "error", "utility", "security", "duration"})


def recognises(first: Any) -> bool:
    return isinstance(first, dict) and "suite_name" in first and ("user_task_id" in first or "pipeline_name" in first)


def read(source: Source) -> Iterator[Recorded | Problem]:
    """The episode of a log, or each of several that were put into one file."""
    return each(records(source, ("suite_name", "messages")), partial(_episode, source))


def _episode(source: Source, one: At) -> Recorded:
    record = one.value
    if not isinstance(record, dict) or "messages" not in record:
        raise Unreadable("a log has a suite_name and messages, and this has not")
    messages = tuple(_messages(record["messages"]))
    utility, error = record.get("utility"), record.get("error")
    injection, attack = record.get("injection_task_id"), record.get("attack_type")
    return Recorded(
        format=NAME,
        source=str(source.path),
        place=one.place,
        suite=str(record.get("suite_name") or ""),
        task=str(record.get("user_task_id") or record.get("injection_task_id") or one.place),
        trial=-1,
        setup="/".join(str(part) for part in (attack, injection) if part and part != "none"),
        model=str(record.get("pipeline_name") or ""),
        messages=messages,
        passed=utility if isinstance(utility, bool) else None,
        reward=float(utility) if isinstance(utility, bool) else None,
        verdicts={name: record[name] for name in ("utility", "security") if record.get(name) is not None},
        ended=str(error) if error else "",
        cut_off=bool(error) or not messages or messages[-1].role != "assistant" or bool(messages[-1].calls),
        seconds=float(record.get("duration") or 0.0),
        about={name: value for name, value in record.items() if name not in _NAMED and value not in (None, {}, [])},
    )


def _messages(value: Any) -> Iterator[RecordedMessage]:
    for index, message in enumerate(listed(value, "messages")):
        try:
            yield _message(message)
        except Unreadable as error:
            raise Unreadable(f"messages[{index}]: {error}") from None


def _message(message: Any) -> RecordedMessage:
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        raise Unreadable("a message has a role, and this has none")
    text, thoughts, rest = _content(message.get("content"))
    error, own, identifier = message.get("error"), message.get("tool_call"), message.get("tool_call_id")
    is_result = message["role"] == "tool"
    return RecordedMessage(
        role=message["role"],
        # What the model was given: its pipelines show the error in place of the content.
        text=str(error) if is_result and error else text,
        calls=tuple(_call(call) for call in listed(message.get("tool_calls") or [], "tool_calls")),
        answers=identifier if isinstance(identifier, str) and identifier else None,
        tool=str(own["function"]) if is_result and isinstance(own, dict) and "function" in own else None,
        is_error=is_result and bool(error),
        reasoning=thoughts,
        rest=rest,
    )


def _content(content: Any) -> tuple[str, str, tuple[JSON, ...]]:
    """Text, reasoning and the rest; a plain text in logs from before AgentDojo had blocks."""
    if content is None or isinstance(content, str):
        return content or "", "", ()
    parts: dict[str, list[str]] = {"text": [], "thinking": []}
    rest = []
    for part in listed(content, "content"):
        kind = part.get("type") if isinstance(part, dict) else None
        if kind in parts and isinstance(part.get("content"), str):
            parts[kind].append(part["content"])
        elif kind not in parts or part.get("content") is not None:
            rest.append(part)
    return "\n".join(parts["text"]), "\n".join(parts["thinking"]), tuple(rest)


def _call(call: Any) -> RecordedCall:
    if not isinstance(call, dict) or not isinstance(call.get("function"), str):
        raise Unreadable("a call names its function, and this does not")
    arguments, malformed = read_arguments(call.get("args"))
    identifier = call.get("id")
    return RecordedCall(
        call["function"], arguments, identifier if isinstance(identifier, str) and identifier else None, malformed
    )
