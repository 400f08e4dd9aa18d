"""The texts that a client sends as results of calls, as the answers that they are written from.

The wire has no word for an error and none for structure: both are told from the text, and from what the tool declares.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import get_args

from perturb import texts
from perturb.proxies.batch import Sent
from perturb.types import JSON, Answer, Call, Failure, FailureKind, Result, Tool

_KINDS = frozenset(get_args(FailureKind))
_SAYS_SO = re.compile(
    r"\s*(?:(?:\w+\.)*[A-Za-z]*(?:Error|Exception|error|ERROR)\b\s*[:\n]|Traceback \(most recent call last\))"
)

_AS_PYTHON: dict[str, Callable[[JSON], str]] = {
    "spaced": lambda data: json.dumps(data),
    "spaced, any letter": lambda data: json.dumps(data, ensure_ascii=False),
    "compact, ASCII": lambda data: json.dumps(data, separators=(",", ":")),
    "indented, ASCII": lambda data: json.dumps(data, indent=2),
}
for _name, _render in _AS_PYTHON.items():
    texts.register_result(_name, _render)
_FORMS = ("json", "indented", *_AS_PYTHON)
"""The renderers that clients' texts are told by; the first that gives the text is the one that wrote it."""


def sent(text: str, call: Call, tool: Tool | None) -> Sent:
    """What a client has sent for a call. `tool` is the toolset's own, `None` where it has none of that name."""
    answer = answer_of(text, call, tool)
    rendered = texts.failure_text(answer) if isinstance(answer, Failure) else texts.result_text(answer)
    return Sent(answer, text, rendered)


def answer_of(text: str, call: Call, tool: Tool | None) -> Answer:
    """A result, or a failure where the text says that it is one."""
    if tool is not None and tool.renderer == "text":
        return _prose(text, call, tool)
    try:
        data = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return _prose(text, call, tool)
    return _failure(data, text, call, tool) or Result(data, _form(data, text, tool))


def _no_constant(name: str) -> JSON:
    raise ValueError(f"{name} is no JSON")


def _prose(text: str, call: Call, tool: Tool | None) -> Answer:
    """A text that is no JSON. Of a tool that declares what it returns it can only be a refusal, unless it returns text."""
    if tool is not None and tool.renderer not in ("text", *_FORMS):
        return Result(text, "text")
    declared = None if tool is None or tool.returns is None else tool.returns.get("type")
    if (declared is not None and declared != "string") or _SAYS_SO.match(text):
        return _in_its_own_words(text, call)
    return Result(text, "text")


def _failure(data: JSON, text: str, call: Call, tool: Tool | None) -> Failure | None:
    """The failure that an object tells, unless the tool declares such an object as its result."""
    if not isinstance(data, dict) or "error" in ((tool.returns or {}).get("properties") or {} if tool is not None else {}):
        return None
    error = data.get("error")
    if not error and data.get("isError") is not True and data.get("is_error") is not True:
        return None
    if len(data) == 1 and isinstance(error, dict) and isinstance(error.get("message"), str):
        field, wait = error.get("field"), error.get("retry_after")
        plain = error.keys() <= {"code", "message", "field", "retry_after"} and (field is None or isinstance(field, str))
        if plain and error.get("code") in _KINDS and (wait is None or isinstance(wait, (int, float))):
            return Failure(
                kind=error["code"],
                message=error["message"],
                tool=call.name,
                field=field,
                value=None if field is None else call.arguments.get(field),
                retry_after=wait,
                renderer="json",
            )
    return _in_its_own_words(text, call)


def _in_its_own_words(text: str, call: Call) -> Failure:
    return Failure(kind="unknown", message=text, tool=call.name)


def _form(data: JSON, text: str, tool: Tool | None) -> str:
    """The renderer that has written a text, or the one that the tool has where none of them gives it to the letter."""
    first = () if tool is None or tool.renderer not in _FORMS else (tool.renderer,)
    found = (form for form in (*first, *_FORMS) if texts.result_text(Result(data, form)) == text)
    return next(found, tool.renderer if tool is not None and first else "json")
