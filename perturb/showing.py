"""Before and after: what an operator makes of one tool, call, result, failure or text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from perturb import texts
from perturb.messages import Said, Told
from perturb.operator import Example, Memory, Setup, StackLens, lens_for
from perturb.operators import from_json
from perturb.scaffold import plain
from perturb.toolset import Growth, Task, Toolset
from perturb.types import JSON, Answer, Call, Delay, Failure, Identifier, Result, to_json


class _OneTool(Toolset):
    """A toolset around the tools of an example."""

    dumps_state = False

    def __init__(self, example: Example) -> None:
        self.name = "example"
        self.tools = (example.tool, *example.others)
        self.system = str(example.before) if example.what == "system" else ""
        if example.what == "conversation":
            self.system = example.before["system"]
        if example.what in ("turns", "conversation"):
            said = example.before if example.what == "turns" else example.before["turns"]
            self.tasks = (Task(id="example", prompt=said[0], follow_ups=tuple(said[1:])),)
        self.entities = {"person": ("Ada Lovelace",)}
        self.identifiers = {"user": Identifier(form=r"U-\d{4}")}
        if example.what == "request":
            self.system, *said = [one["content"] for one in example.before if one["role"] in ("system", "user")]
            self.tasks = (Task(id="example", prompt=said[0], follow_ups=tuple(said[1:])),)
        if example.what == "state":
            self.tasks = (Task(id="example", prompt=""),)
            self.growth = {"files": Growth(rows=_more_files, counts="/files", kind="file")}
            self._state: JSON = example.before

    def environment(self, task: Task) -> Any:
        return _Held(self._state)


class _Held:
    """An environment that holds a state and no more."""

    def __init__(self, state: JSON) -> None:
        self._state = state

    def dump(self) -> JSON:
        return self._state

    def close(self) -> None:
        """Nothing is held open."""


def _more_files(state: JSON, count: int, seed: int) -> dict[str, dict[str, JSON]]:
    return {"/files": {f"more-{number}": {"name": f"{number}.txt"} for number in range(1, count + 1)}}


def shown_example(example: Example) -> JSON:
    """What an example's operator shows for its `before`; equal to its `after`, or the example is wrong."""
    setup = Setup.of(_OneTool(example))
    lens = lens_for(from_json(example.plan), setup)
    shown: object
    if example.what == "names":
        shown = [tool.name for tool in lens.setup.public_tools]
    elif example.what == "tool" and example.others:
        tools = zip(lens.setup.tools, lens.setup.public_tools, strict=True)
        shown = next(public for tool, public in tools if example.tool.name in tool.stands_for)
    elif example.what == "tool":
        shown = next(tool for tool in lens.setup.public_tools if tool.name not in setup.by_name or len(lens.setup.tools) == 1)
    elif example.what == "call":
        shown = lens.show_call(msgspec.convert(example.before, Call))
    elif example.what == "result":
        shown = lens.show_result(example.call or Call(example.tool.name), Result(example.before, example.tool.renderer)).data
    elif example.what == "reply":
        result = Result(example.before, example.tool.renderer)
        shown = texts.result_text(lens.show_result(example.call or Call(example.tool.name), result))
    elif example.what == "system":
        shown = lens.setup.system
    elif example.what == "state":
        shown = lens.load_state(example.before)
    elif example.what == "request":
        shown = _requested(lens, example.before)
    elif example.what == "turns":
        shown = lens.show_turns(tuple(example.before))
    elif example.what == "conversation":
        shown = {"system": lens.setup.system, "turns": lens.show_turns(tuple(example.before["turns"]))}
    elif example.what == "failure":
        shown = lens.show_failure(example.call or Call(example.tool.name), msgspec.convert(example.before, Failure)).message
    elif example.what in ("exchange", "replies"):
        calls = msgspec.convert(example.before["calls"], list[Call])
        given = example.before.get("results") or [example.before["result"]] * len(calls)
        answers = _answers(lens, calls, [Result(data, example.tool.renderer) for data in given])
        shown = [_data(one) if example.what == "exchange" else _text(one) for one in answers]
    else:
        shown = lens.show_text(str(example.before))
    decoded: JSON = msgspec.json.decode(to_json(shown))
    return decoded


def _requested(lens: StackLens, messages: JSON) -> JSON:
    """What the server is sent in the place of a conversation; behind an answer, what the scaffold says to it."""
    scaffold, history = lens.setup.scaffold, plain.read(messages)
    tools = lens.setup.public_tools
    ended = bool(history) and isinstance(history[-1], Said) and not history[-1].calls
    if ended and (more := scaffold.follow(history)) is not None:
        history.append(Told("user", more))
    return plain.plain(scaffold.write(history, tools).history)


def answered(lens: StackLens, call: Call, result: Result, memory: Memory) -> JSON:
    """What a shown call is answered when the environment answers every call with `result`: the data, or the message."""
    return _data(_answer(lens, call, result, memory))


def _answers(lens: StackLens, calls: list[Call], results: list[Result]) -> Iterator[Answer]:
    """The answers to calls that are made one after the other; between two of them the setup may change."""
    memory = lens.start()
    for call, result in zip(calls, results, strict=True):
        yield _answer(lens, call, result, memory)
        while lens.moves(memory) and lens.next_stage is not None:
            lens = lens.next_stage


def _answer(lens: StackLens, call: Call, result: Result, memory: Memory) -> Answer:
    generator = lens.handle(call, memory)
    try:
        request = next(generator)
        while True:
            request = generator.send(None if isinstance(request, Delay) else result)
    except StopIteration as stop:
        answer: Answer = stop.value
    return answer


def _data(answer: Answer) -> JSON:
    return answer.data if isinstance(answer, Result) else answer.message


def _text(answer: Answer) -> str:
    return texts.result_text(answer) if isinstance(answer, Result) else texts.failure_text(answer)
