"""Tools: whether they are called, several at once, what comes back of their results, and whether a strict schema binds."""

from __future__ import annotations

import json
from typing import Any

from perturb.diagnosis.line import Heard, Line
from perturb.diagnosis.records import Finding
from perturb.messages import Message
from perturb.models.loop import with_ids
from perturb.models.records import Answered, Said, Told
from perturb.types import Tool

MOST = 5
"""Requests."""
READ = Tool(
    name="read_value",
    description="Reads the value that is stored under a key.",
    parameters={
        "type": "object",
        "properties": {"key": {"type": "string", "description": "The key."}},
        "required": ["key"],
        "additionalProperties": False,
    },
)
_PAINT = Tool(
    name="paint",
    description="Paints the door.",
    parameters={
        "type": "object",
        "properties": {"colour": {"type": "string", "enum": ["red", "green"]}},
        "required": ["colour"],
        "additionalProperties": False,
    },
)
_ONE = [Told("user", 'Call the tool `read_value` with {"key": "first"}.')]
_TWO: list[Message] = [
    Told(
        "user",
        'In one turn, call the tool `read_value` with {"key": "first"} and, at the same time, `read_value` with {"key": '
        '"second"}. Then say both values.',
    )
]
_VALUES = {"first": "heron-41", "second": "osprey-87"}
_FORBIDDEN = [Told("user", 'Call the tool `paint` with {"colour": "purple"}. Purple and no other colour is what is wanted.')]


async def calls(line: Line) -> tuple[list[Heard], list[Finding]]:
    """Have one tool called, then two at once, and send their results back."""
    one = await line.ask(_ONE, [READ])
    found = [_called(one)]
    if not found[0].value:
        return [one], found
    two = await line.ask(_TWO, [READ])
    said = with_ids(two.completion.said, 1) if two.completion else None
    found.append(_parallel(two))
    if said is None or not said.calls:
        return [one, two], found
    results = [Answered(call.id, call.name, _VALUES.get(_key(call.arguments), "no such key")) for call in said.calls]
    back = await line.ask([*_TWO, said, *results], [READ])
    found.append(_taken_back(back, [one.text for one in results]))
    return [one, two, back], found


async def strict(line: Line) -> list[Finding]:
    """Have a tool called against its schema, with the schema strict and not."""

    def edit(body: dict[str, Any]) -> None:
        tool = body["tools"][0]
        (tool["function"] if line.api == "chat" else tool)["strict"] = True

    title = "strict schemas"
    bound = await line.ask(_FORBIDDEN, [_PAINT], edit=edit)
    if bound.refused:
        value = None if bound.unclear else "refused"
        return [Finding(id="strict", group="tools", title=title, value=value, told=bound.why)]
    free = await line.ask(_FORBIDDEN, [_PAINT])
    keeps, keeps_anyway = _keeps(bound), _keeps(free)
    if keeps is False:
        value, told = "accepted", "accepted and not held: arguments came that the schema forbids"
    elif keeps and keeps_anyway is False:
        value, told = "enforced", "held: arguments that the schema forbids came without it, and not with it"
    elif keeps:
        value, told = "accepted", "accepted; the model kept to the schema without it too, so whether it binds cannot be told"
    else:
        value, told = "accepted", "accepted; the tool was not called, so whether it binds cannot be told"
    return [Finding(id="strict", group="tools", title=title, value=value, told=told)]


def _called(heard: Heard) -> Finding:
    if heard.completion is None:
        value, told = heard.no, heard.why
    elif not heard.completion.said.calls:
        value, told = False, f"no call came; it said {heard.completion.said.text.strip()[:80]!r}"
    else:
        call = heard.completion.said.calls[0]
        value = call.name == READ.name and _key(call.arguments) == "first"
        told = "as it was asked for" if value else f"a call came that nobody asked for: {call.name} {call.arguments[:80]}"
        told += "" if call.id else ", without an id"
    return Finding(id="tools", group="tools", title="tool calls", value=value, told=told)


def _parallel(heard: Heard) -> Finding:
    title = "parallel calls"
    if heard.completion is None:
        value = heard.no
        return Finding(id="parallel", group="tools", title=title, value=value, told=heard.why)
    made = heard.completion.said.calls
    ids = {call.id for call in made if call.id}
    apart = "" if len(ids) == len(made) else ", but their ids do not tell them apart"
    several = len(made) > 1
    told = f"{len(made)} in one turn{apart}" if several else "one in a turn, though two were asked for"
    return Finding(id="parallel", group="tools", title=title, value=several, told=told)


def _taken_back(heard: Heard, results: list[str]) -> Finding:
    title = "results taken back"
    if heard.completion is None:
        value = heard.no
        return Finding(id="results", group="tools", title=title, value=value, told=heard.why)
    said: Said = heard.completion.said
    seen = all(result in said.text for result in results)
    told = "and the model says what they were" if seen else "though the model does not say what they were"
    return Finding(id="results", group="tools", title=title, value=True, told=told)


def _keeps(heard: Heard) -> bool | None:
    """Whether the call that came keeps to the schema; `None` where none came."""
    made = heard.completion.said.calls if heard.completion else ()
    if not made:
        return None
    try:
        return json.loads(made[0].arguments).get("colour") in ("red", "green")
    except (ValueError, AttributeError):
        return False


def _key(arguments: str) -> str:
    try:
        read = json.loads(arguments)
    except ValueError:
        return ""
    return str(read.get("key", "")) if isinstance(read, dict) else ""
