"""What an agent saw before and what it sees now: an operator on real tools, calls, results and errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from perturb.boundary import Boundary, shown_turns
from perturb.messages import Message, Said, Told
from perturb.operator import Operator, Setup, StackLens, lens_for
from perturb.replay import Gold, run_gold
from perturb.scaffold import NATIVE
from perturb.scaffold.dialogue import dialogue, differs
from perturb.scaffold.transcript import transcript
from perturb.toolset import Task, Toolset
from perturb.types import JSON, Call, Schema, Step, Tool

MOST_TASKS = 25
"""How many tasks are looked through for one that meets the change."""


class Section(msgspec.Struct, frozen=True):
    """One thing before and after, as text of several lines."""

    title: str
    before: str
    after: str


async def demonstrate(gold: Gold, operator: Operator, tasks: Sequence[Task], tool: str | None = None) -> list[Section]:
    """The prompts, a tool, a gold call with its result, and an error, each in real and in shown terms.

    The first of `tasks` that meets a change serves as the example; `tool`, the toolset's own name, narrows it to calls of
    that tool. Where no task calls that tool, a call is made up from its schema.
    """
    lens = lens_for(operator, gold.setup)
    toolset = gold.toolset
    example = await _example(toolset, lens, tasks, tool, gold.setup)
    made_up = example is None and tool is not None and bool(tasks)
    if made_up and tool is not None:
        example = await _made_up(toolset, lens, tasks[0], tool, gold.setup)
    chosen = tool or _tool_of(example, lens, gold.setup)
    sections = [Section("system prompt", toolset.system, lens.setup.system)]
    if tasks:
        task = example[0] if example else tasks[0]
        said = ["\n\n".join(shown_turns(one, task)) for one in (None, lens)]
        sections.append(Section(f"prompt of task {task.id}", *said))
    sections.append(Section("names of the tools", _names(gold.setup), _names(lens.setup)))
    if chosen is not None:
        before = [one for one in gold.setup.public_tools if one.name == chosen]
        now = [one.name for one in lens.setup.tools if chosen in one.stands_for]
        after = [one for one in lens.setup.public_tools if one.name in now]
        sections.append(Section(f"tool {chosen}", _tools(before), _tools(after)))
    if example is not None:
        task, call, clean, perturbed = example
        what = f"call of {call.name}, made up from its schema" if made_up else f"gold call of task {task.id}"
        sections.append(Section(f"{what}, and its result", _exchange(clean), _exchange(perturbed)))
        provoked = await _provoke(toolset, task, lens, call)
        if provoked is not None:
            sections.append(Section("an error", *map(_exchange, provoked)))
    if tasks and lens.setup.scaffold != NATIVE:
        sections.append(await _sent(toolset, example[0] if example else tasks[0], lens))
    return [one for one in sections if one.before or one.after]


async def _sent(toolset: Toolset, task: Task, lens: StackLens) -> Section:
    """What a model is sent at the end of a conversation that goes as the gold calls do: in the server's own form, and by the
    scaffold. One call a turn where that differs, else two, else so many that the conversation is long."""
    run = await run_gold(toolset, task, lens)
    opening = [{"role": lens.setup.role, "content": lens.setup.system}] if lens.setup.system else []
    first, *more = shown_turns(lens, task)
    opening.append({"role": "user", "content": first})
    scaffold, tools = lens.setup.scaffold, lens.setup.public_tools
    told: list[Message] = []
    for at_once, times in ((1, 1), (2, 1), (1, 12), (1, 120)):
        told = dialogue(opening, run.steps * times, run.answer, follow_ups=more, at_once=at_once)
        if differs(scaffold, told, tools):
            break
    following = scaffold.follow(told)
    begins = next((place for place, one in enumerate(told) if isinstance(one, Said)), len(told))
    if scaffold.write(told, tools) == (told, tools) and following is None:
        told = told[:begins]  # it is the first request alone that differs
    after = told if following is None else [*told, Told("user", following)]
    return Section(
        "what the model is sent",
        *(transcript(one.write(history, tools)) for one, history in ((NATIVE, told), (scaffold, after))),
    )


Example = tuple[Task, Call, list[Step], list[Step]]


async def _example(toolset: Toolset, lens: StackLens, tasks: Sequence[Task], tool: str | None, setup: Setup) -> Example | None:
    """A gold call that looks different; where there is none, the first."""
    first: Example | None = None
    for task in tasks[:MOST_TASKS]:
        if not task.gold or (tool is not None and all(call.name != tool for call in task.gold)):
            continue
        clean = await _drive(toolset, task, lens_for(None, setup), task.gold)
        shown = await _drive(toolset, task, lens, task.gold)
        for call, before, after in zip(task.gold, clean, shown, strict=True):
            if tool is None or call.name == tool:
                first = first or (task, call, before, after)
                if _exchange(before) != _exchange(after):
                    return task, call, before, after
    return first


async def _made_up(toolset: Toolset, lens: StackLens, task: Task, tool: str, setup: Setup) -> Example:
    """A call that the schema of a tool allows, in the environment of a task."""
    call = Call(tool, _sample(setup.by_name[tool].parameters, tool))
    (clean,) = await _drive(toolset, task, lens_for(None, setup), [call])
    (shown,) = await _drive(toolset, task, lens, [call])
    return task, call, clean, shown


_TEXTS = {
    "date": "2026-05-01",
    "date-time": "2026-05-01T09:30:00Z",
    "time": "09:30:00",
    "email": "ada@example.org",
    "uri": "https://example.org/1",
}


def _sample(schema: Schema, name: str) -> Any:
    """A value that a schema allows, as far as tools' schemas go: told ones first, then the plainest of its type."""
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    for key in ("enum", "examples"):
        if schema.get(key):
            return schema[key][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            return _sample({**{k: v for k, v in schema.items() if k != key}, **schema[key][0]}, name)
    declared = schema.get("type")
    match declared[0] if isinstance(declared, list) else declared:
        case "object":
            properties = schema.get("properties") or {}
            return {key: _sample(properties.get(key, {}), key) for key in schema.get("required", ())}
        case "array":
            return [_sample(schema.get("items") or {}, name) for _ in range(max(1, schema.get("minItems", 0)))]
        case "integer":
            return int(schema.get("minimum", 1))
        case "number":
            return float(schema.get("minimum", 1))
        case "boolean":
            return True
        case "null":
            return None
    text = _TEXTS.get(str(schema.get("format")), f"some {name.replace('_', ' ')}")
    return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength")]


def _tool_of(example: Example | None, lens: StackLens, setup: Setup) -> str | None:
    """The tool to show: the example's where it is shown differently, else the first that is, else the example's."""
    changed = [tool.name for tool in setup.public_tools if _shown_differently(tool, lens)]
    own = example[1].name if example is not None else None
    if own in changed or not changed:
        return own
    return changed[0]


def _shown_differently(tool: Tool, lens: StackLens) -> bool:
    return tool not in lens.setup.public_tools


async def _drive(toolset: Toolset, task: Task, lens: StackLens, calls: Iterable[Call]) -> list[list[Step]]:
    """The steps that each call takes for an agent that knows the setup."""
    environment = toolset.environment(task)
    try:
        boundary = Boundary(lens, task, environment, max_calls=1_000_000)
        driven: list[list[Step]] = []
        for call in calls:
            steps: list[Step] = []
            generator = lens.perform(call)
            shown = next(generator)
            try:
                while True:
                    answer = await boundary.send(shown)
                    steps.append(Step(shown, boundary.reply(shown, answer)))
                    shown = generator.send(answer)
            except StopIteration:
                driven.append(steps)
        return driven
    finally:
        environment.close()


async def _provoke(toolset: Toolset, task: Task, lens: StackLens, call: Call) -> tuple[list[Step], list[Step]] | None:
    """The first bad form of a call that the toolset itself refuses, in both setups."""
    for bad in _bad_forms(call):
        clean = (await _drive(toolset, task, lens_for(None, lens.real), [bad]))[0]
        if not clean[-1].reply.is_error:
            continue
        try:
            return clean, (await _drive(toolset, task, lens, [bad]))[0]
        except (KeyError, TypeError, ValueError):
            continue  # a call without what it must have cannot always be shown in another form
    return None


def _bad_forms(call: Call) -> Iterator[Call]:
    for key, value in call.arguments.items():
        if isinstance(value, str):
            yield Call(call.name, {**call.arguments, key: "no-such-thing"})
    for key, value in call.arguments.items():
        if isinstance(value, int) and not isinstance(value, bool):
            yield Call(call.name, {**call.arguments, key: -999_999})
    for key in call.arguments:
        yield Call(call.name, {other: value for other, value in call.arguments.items() if other != key})


def _names(setup: Setup) -> str:
    return "\n".join(tool.name for tool in setup.public_tools)


def _tools(tools: Iterable[Tool]) -> str:
    return "\n".join(
        _indented({"name": one.name, "description": one.description, "parameters": one.parameters, "returns": one.returns})
        for one in tools
    )


def _exchange(steps: Sequence[Step]) -> str:
    lines = []
    for step in steps:
        lines.append(f"{step.call.name} {_indented(step.call.arguments)}")
        lines.append(("error: " if step.reply.is_error else "") + _text(step.reply.text))
    return "\n".join(lines)


def _text(text: str) -> str:
    """A reply as it is; JSON in several lines, so that a difference is a line and not the whole."""
    try:
        read: Any = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    return _indented(read) if isinstance(read, (dict, list)) and "\n" not in text else text


def _indented(value: JSON) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
