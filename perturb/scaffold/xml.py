"""Calls as XML elements, with an element for each argument."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from perturb.messages import Answered, ToolCall, Tools
from perturb.scaffold.formats import CallFormat, Reading, arguments_of, as_it_is, called, json_text, paragraphs
from perturb.types import JSON, Tool

_TOLD = """\
To call a tool, write an element like this one, and nothing behind it:

<tool_call name="its name">
<argument name="an argument">its value</argument>
</tool_call>

Text is written as it is; numbers, booleans, lists and objects as JSON. For several calls at once write several elements. The
results come with the next message. When you need no tool any more, answer in plain words, without such an element."""

_CALL = re.compile(r'<tool_call\s+name="([^"]*)"\s*(?:/>|>(.*?)</tool_call>)', re.DOTALL)
_ARGUMENT = re.compile(r'\s*<argument\s+name="([^"]*)"\s*(as="json"\s*)?(?:/>|>(.*?)</argument>)\s*', re.DOTALL)
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\r": "&#13;"}
_SIGNS = {entity: sign for sign, entity in _ENTITIES.items()} | {"&apos;": "'"}
_ENTITY = re.compile("|".join(map(re.escape, _SIGNS)))


def escaped(text: str, signs: str = "&<>\r") -> str:
    """A text with these of its signs written so that they are no markup."""
    return "".join(_ENTITIES[sign] if sign in signs else sign for sign in text)


def unescaped(text: str) -> str:
    return _ENTITY.sub(lambda found: _SIGNS[found[0]], text)


def attribute(text: str) -> str:
    """A text as the value of an attribute."""
    return f'"{escaped(text, "".join(_ENTITIES))}"'


def _write_calls(text: str, calls: Sequence[ToolCall], tools: Tools) -> str:
    return paragraphs(text, *(_written(call, tools) for call in calls))


def _written(call: ToolCall, tools: Tools) -> str:
    arguments = arguments_of(call)
    lines = [f"<tool_call name={attribute(call.name)}>"]
    for name, value in arguments.items() if isinstance(arguments, dict) else [("", arguments)]:
        marked = "" if isinstance(value, str) or not _is_text(tools, call.name, name) else ' as="json"'
        lines.append(f"<argument name={attribute(name)}{marked}>{escaped(_value_text(value))}</argument>")
    return "\n".join([*lines, "</tool_call>"])


def _value_text(value: JSON) -> str:
    """A value as it stands in an element: text as it is, unless it would be taken for JSON or lose its ends."""
    if isinstance(value, str) and value and value == value.strip() and not _is_json(value):
        try:
            value.encode()
        except UnicodeEncodeError:
            return json.dumps(value)
        return value
    return json_text(value)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _is_text(tools: Tools, tool: str, argument: str) -> bool:
    """Whether the schema of an argument has it as text and as nothing else."""
    found: Tool | None = next((one for one in tools if one.name == tool), None)
    properties = found.parameters.get("properties") if found is not None else None
    schema = properties.get(argument) if isinstance(properties, dict) else None
    return isinstance(schema, dict) and schema.get("type") == "string"


def _write_results(answered: Sequence[Answered]) -> str:
    return "\n".join(f"<tool_result name={attribute(one.name)}>\n{one.text}\n</tool_result>" for one in answered)


def _read(text: str, tools: Tools) -> Reading:
    calls: list[ToolCall] = []
    for name, inner in _CALL.findall(text):
        tool = unescaped(name)
        arguments: dict[str, JSON] = {}
        place = 0
        while (found := _ARGUMENT.match(inner, place)) is not None:
            key = unescaped(found[1])
            arguments[key] = _read_value(unescaped(found[3] or ""), not found[2] and _is_text(tools, tool, key))
            place = found.end()
        if inner[place:].strip():
            return _complaint(f"in the call of {tool} stands something that is no <argument>")
        calls.append(called(tool, arguments))
    if len(calls) < text.count("<tool_call"):
        return _complaint("a <tool_call> is not closed, or has no name")
    return Reading(calls=tuple(calls)) if calls else Reading(answer=text)


def _read_value(text: str, is_text: bool) -> JSON:
    text = text.strip()
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if is_text and not isinstance(value, str) else value


def _complaint(why: str) -> Reading:
    return Reading(
        complaint=f"Your call could not be read: {why}. Write it again as a <tool_call> with an <argument> for each argument, "
        "or answer in plain words."
    )


XML = CallFormat(lambda tools: _TOLD, _write_calls, as_it_is, _write_results, _read)
