"""RoTBench's items: a system prompt with tools, a question, and the labelled first steps that would be right.

They are no runs of an agent, so an item has gold calls and none of an agent's. What is wrong with an item is told, and the item
is kept as it is: a prompt that names a tool which was renamed, tools with one name, a label that its own schema does not take.
Source: github.com/Junjie-Ye/RoTBench, `Data/First_Turn/`; arXiv 2401.08326.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

from perturb.importers.chat import read_tools
from perturb.importers.reading import At, Problem, Source, Unreadable, each, records
from perturb.recorded import Recorded, RecordedMessage
from perturb.types import Call, Tool

NAME = "rotbench"
SUMMARY = "RoTBench items, with their defects"
_LEVEL = re.compile(r"(clean|slight|medium|heavy|union)")
_TOOLS = re.compile(r"access of the following tools:\n(\[.*\])", re.DOTALL)
_LABEL = re.compile(r"Thought:(.*?)\nAction:\s*(.*?)\nAction Input:\s*(.*)\Z", re.DOTALL)
_NAMED_IN_RULES = re.compile(r"\"(\w+)\" tool\b")
_FINISHES = "Finish the task and give your answer."
"""How RoTBench describes the tool that it calls `finish`, whatever its name has become."""


def recognises(first: Any) -> bool:
    return isinstance(first, dict) and "conversations" in first and "scenario" in first


def read(source: Source) -> Iterator[Recorded | Problem]:
    """Each item, and behind it a problem for each defect that it has."""
    for one in each(records(source, ("conversations", "scenario")), partial(_item, source)):
        yield one
        if isinstance(one, Recorded):
            yield from (Problem(one.place, what) for what in defects(one))


def _item(source: Source, one: At) -> Recorded:
    record = one.value
    turns = record.get("conversations") if isinstance(record, dict) else None
    if not isinstance(turns, list) or not all(isinstance(turn, dict) and isinstance(turn.get("from"), str) for turn in turns):
        raise Unreadable("an item has conversations, each turn with whom it is from, and this has not")
    labels = [label for turn in turns if turn["from"] == "assistant" for label in _list(turn.get("value"))]
    said = [RecordedMessage(turn["from"], str(turn.get("value"))) for turn in turns if turn["from"] != "assistant"]
    system = "\n".join(message.text for message in said if message.role == "system")
    found = _TOOLS.search(system)
    try:
        tools = read_tools(json.loads(found.group(1))) if found else ()
    except ValueError as error:
        raise Unreadable(f"the tools in its system prompt are no JSON: {error}") from None
    level = _LEVEL.search(source.name)
    first = _label(labels[0]) if labels else None
    return Recorded(
        format=NAME,
        source=str(source.path),
        place=one.place,
        task=str(record.get("id") or one.place),
        suite=str(record.get("scenario") or ""),
        setup=level.group(1) if level else "",
        trial=-1,
        messages=tuple(said),
        tools=tools,
        gold=(first,) if isinstance(first, Call) else None,
        about={"labels": labels},
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _label(label: Any) -> Call | str:
    """The call of a label, or why it holds none."""
    found = _LABEL.match(label) if isinstance(label, str) else None
    if found is None:
        return "is in no form of Thought, Action and Action Input"
    try:
        arguments = json.loads(found.group(3))
    except ValueError as error:
        return f"has arguments that are no JSON: {error}"
    return Call(found.group(2), arguments) if isinstance(arguments, dict) else "has arguments that are no object"


def defects(item: Recorded) -> Iterator[str]:
    """What is wrong with an item, in itself."""
    by_name: dict[str, list[Tool]] = {}
    for tool in item.tools:
        by_name.setdefault(tool.name, []).append(tool)
    finishing = {tool.name for tool in item.tools if tool.description == _FINISHES}
    rules = next((message.text for message in item.messages if message.role == "system"), "").partition("Task description:")[0]
    for name in dict.fromkeys(_NAMED_IN_RULES.findall(rules)):
        if finishing and name not in finishing:
            now = "which is another tool now" if name in by_name else "which no tool is called any more"
            yield f"its prompt names the tool {name!r}, {now}: what it means is called {', '.join(sorted(finishing))}"
    doubled = sorted(name for name, number in Counter(tool.name for tool in item.tools).items() if number > 1)
    if doubled:
        yield f"several of its tools are called {', '.join(doubled)}"
    faults = []
    for number, text in enumerate(item.about.get("labels") or ()):
        label = _label(text)
        why = label if isinstance(label, str) else _refused(label, by_name)
        if why:
            faults.append(f"label {number} {why}")
    if faults:
        yield "; ".join(faults)


def _refused(label: Call, by_name: dict[str, list[Tool]]) -> str | None:
    """Why no tool of the item takes a labelled call."""
    from jsonschema import Draft202012Validator

    if label.name not in by_name:
        return f"calls {label.name}, which is no tool of it"
    reasons = []
    for tool in by_name[label.name]:
        found = [error.message for error in Draft202012Validator(tool.parameters).iter_errors(label.arguments)]
        unknown = sorted(set(label.arguments) - set(tool.parameters.get("properties", {})))
        if unknown:
            found.append(f"{', '.join(unknown)} is not declared")
        if not found:
            return None
        reasons.append(f"fails the schema of {tool.name}: {', '.join(found)}")
    return reasons[0]
