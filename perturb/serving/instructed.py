"""A model that does as its system prompt says: it calls tools in the form that is asked for, and plans first where it must.

All is read off the request. What is written here shares no code with the scaffolds that ask for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from perturb.serving.documented import tools_told
from perturb.serving.minds import Mind
from perturb.serving.seen import Event, Move, Result, Seen, SeenCall, Turn, User, Wanted
from perturb.types import Tool


class Manner(NamedTuple):
    """A way to call tools in text: the sign by which a prompt is known to ask for it, how a call is written, how calls of one's
    own are found again, and what stands before each result."""

    asked: re.Pattern[str]
    write: Callable[[Wanted, str], str]
    calls: Callable[[str], list[tuple[str, str]]]
    result: re.Pattern[str]
    answer: str = ""


def _react(call: Wanted, said: str) -> str:
    return f"Thought: {said or 'I call a tool.'}\nAction: {call.name}\nAction Input: {call.arguments}"


def _json(call: Wanted, said: str) -> str:
    return f'```json\n{{"tool": {json.dumps(call.name)}, "arguments": {call.arguments}}}\n```'


def _xml(call: Wanted, said: str) -> str:
    lines = [f'<tool_call name="{_quoted(call.name)}">']
    for name, value in json.loads(call.arguments).items():
        text = value if isinstance(value, str) and not _looks_like_json(value) else json.dumps(value, ensure_ascii=False)
        lines.append(f'<argument name="{_quoted(name)}">{_quoted(text)}</argument>')
    return "\n".join([*lines, "</tool_call>"])


def _quoted(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _unquoted(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&#10;", "\n").replace("&amp;", "&")


def _looks_like_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return text != text.strip() or not text
    return True


def _python(call: Wanted, said: str) -> str:
    given = json.loads(call.arguments)
    plain = {name: value for name, value in given.items() if name.isidentifier()}
    odd = {name: value for name, value in given.items() if not name.isidentifier()}
    parts = [f"{name}={value!r}" for name, value in plain.items()] + ([f"**{odd!r}"] if odd else [])
    name = call.name if call.name.isidentifier() else f"tools[{call.name!r}]"
    return f"```python\n{name}({', '.join(parts)})\n```"


def _react_calls(text: str) -> list[tuple[str, str]]:
    return re.findall(r"^Action: (.+)\nAction Input: (.+)$", text, re.MULTILINE)


def _json_calls(text: str) -> list[tuple[str, str]]:
    found = [json.loads(block) for block in re.findall(r"```json\n(.*?)\n```", text, re.DOTALL)]
    return [(one["tool"], json.dumps(one["arguments"])) for one in found]


def _xml_calls(text: str) -> list[tuple[str, str]]:
    found = []
    for name, inner in re.findall(r'<tool_call name="(.*?)">(.*?)</tool_call>', text, re.DOTALL):
        pairs = re.findall(r'<argument name="(.*?)">(.*?)</argument>', inner, re.DOTALL)
        found.append((_unquoted(name), json.dumps({_unquoted(key): _meant(_unquoted(value)) for key, value in pairs})))
    return found


def _meant(text: str) -> Any:
    return json.loads(text) if _looks_like_json(text) and text else text


def _python_calls(text: str) -> list[tuple[str, str]]:
    import ast

    found = []
    for block in re.findall(r"```python\n(.*?)\n```", text, re.DOTALL):
        for line in ast.parse(block).body:
            call: Any = line.value
            name = call.func.id if isinstance(call.func, ast.Name) else call.func.slice.value
            given: dict[str, Any] = {}
            for one in call.keywords:
                value = ast.literal_eval(one.value)
                given |= value if one.arg is None else {one.arg: value}
            found.append((name, json.dumps(given)))
    return found


MANNERS: tuple[Manner, ...] = (
    Manner(
        re.compile(r"^Action Input:", re.MULTILINE),
        _react,
        _react_calls,
        re.compile(r"^Observation: ", re.MULTILINE),
        answer="Thought: I know enough.\nFinal Answer: ",
    ),
    Manner(
        re.compile(r'^<tool_call name="', re.MULTILINE),
        _xml,
        _xml_calls,
        re.compile(r'(?:\n</tool_result>\n?)?(?:^<tool_result name=".*?">\n)?', re.MULTILINE),
    ),
    Manner(re.compile(r'^\{"tool": ', re.MULTILINE), _json, _json_calls, re.compile(r"(?:^|\n\n)Result of \S+:\n")),
    Manner(re.compile(r"^```python\n\w+\(", re.MULTILINE), _python, _python_calls, re.compile(r"(?:^|\n\n)Output of \S+:\n")),
)
_PLAN = re.compile(r"\bmake a plan\b.*\bno tool can be called yet\b", re.DOTALL)
_FLAT = re.compile(r"(?:^|\n\n)Calling tools:\n(\[.*\])\Z", re.DOTALL)


async def move(mind: Mind, seen: Seen) -> Move:
    """The next turn of a mind, in the form that the system prompt asks for."""
    told = tools_told(seen.system)
    if not seen.tools and told and _PLAN.search(seen.system):
        return _planned(await mind.move(msgspec.structs.replace(seen, tools=told)))
    manner = next((one for one in MANNERS if one.asked.search(seen.system)), None) if told else None
    if manner is None:
        return await mind.move(_unflattened(seen))
    made = await mind.move(_heard(seen, manner, told))
    if made.refusal or made.ended:
        return made
    if made.calls:
        written = [manner.write(call, made.text if place == 0 else "") for place, call in enumerate(made.calls)]
        return Move(text="\n".join(written), thought=made.thought)
    return Move(text=manner.answer + made.text, thought=made.thought)


def _planned(made: Move) -> Move:
    """A plan in place of the first calls: more of it shows only as results come."""
    names = [call.name for call in made.calls] or ["nothing"]
    steps = [f"{place}. {name}" for place, name in enumerate([*names, "then as the results have it"], 1)]
    return Move(text="\n".join(steps), thought=made.thought)


def _heard(seen: Seen, manner: Manner, tools: tuple[Tool, ...]) -> Seen:
    """The conversation with the calls and results that its text holds."""
    events: list[Event] = []
    waiting: list[str] = []
    for place, event in enumerate(seen.events):
        if isinstance(event, Turn):
            calls = [SeenCall(f"{place}-{index}", *call) for index, call in enumerate(manner.calls(event.text))]
            waiting = [call.id for call in calls]
            events.append(Turn("" if calls else event.text.removeprefix(manner.answer), event.thoughts, tuple(calls)))
        elif isinstance(event, User) and waiting:
            events += [
                Result(name, text) for name, text in zip(waiting, _results(event.text, manner, len(waiting)), strict=False)
            ]
            waiting = []
        else:
            events.append(event)
    return msgspec.structs.replace(seen, events=tuple(events), tools=tools)


def _results(text: str, manner: Manner, number: int) -> list[str]:
    if number == 1:
        # One result is all that stands behind its mark, whatever it holds.
        whole = re.fullmatch(r'<tool_result name="[^"]*">\n(.*)\n</tool_result>', text, re.DOTALL)
        mark = manner.result.match(text)
        return [whole[1] if whole else text[mark.end() :] if mark else text]
    return [part for part in manner.result.split(text) if part]


def _unflattened(seen: Seen) -> Seen:
    """The conversation with the calls that stand as words of the model's, each with what the user says of its result."""
    events: list[Event] = []
    waiting: list[str] = []
    for event in seen.events:
        flat = _FLAT.search(event.text) if isinstance(event, Turn) and not event.calls else None
        if isinstance(event, Turn) and flat is not None:
            listed = json.loads(flat[1])
            calls = tuple(SeenCall(one["id"], one["name"], json.dumps(one["arguments"])) for one in listed)
            waiting = [call.id for call in calls]
            events.append(Turn(event.text[: flat.start()], event.thoughts, calls))
        elif isinstance(event, User) and waiting:
            events.append(Result(waiting.pop(0), event.text.removeprefix("Observation:\n")))
        else:
            events.append(event)
    return msgspec.structs.replace(seen, events=tuple(events))
