"""What recorded episodes know of their tools, as a toolset: for plans and for what they change, not for running anything."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import get_args

import msgspec

from perturb import texts
from perturb.errors import ConfigurationError
from perturb.recorded import Recorded, pair
from perturb.toolset import Toolset
from perturb.types import JSON, Answer, Call, Failure, FailureKind, Result, Schema, Tool

SAMPLES = 200
"""Results of a tool that its schema is learnt from."""
MOST_KEYS = 24
"""An object with more keys than this, of which hardly any recurs, is taken for a table whose keys are data."""


class RecordedToolset(Toolset):
    """The tools that a recording tells of. It has no environment: nothing can be run in it."""

    name = "recorded"
    dumps_state = False
    loads_state = False

    def __init__(self, tools: Sequence[Tool], system: str = "") -> None:
        self.tools = tuple(tools)
        self.system = system
        self.validate()


def answer_of(text: str, tool: str, is_error: bool) -> Answer:
    """A recorded result as the environment that gave it would have answered: JSON is data."""
    if is_error:
        return _coded(text, tool) or Failure(kind="unknown", message=text, tool=tool)
    try:
        return Result(json.loads(text, parse_constant=str))
    except (ValueError, RecursionError):
        return Result(text, renderer="text")


def _coded(text: str, tool: str) -> Failure | None:
    """A failure that is written as our own error objects are, so that its kind is known."""
    try:
        told = json.loads(text)["error"]
        failure = Failure(
            kind=told["code"],
            message=told["message"],
            tool=tool,
            field=told.get("field"),
            retry_after=told.get("retry_after"),
            renderer="json",
        )
        if failure.kind in get_args(FailureKind) and json.loads(texts.failure_text(failure)) == {"error": told}:
            return failure
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    return None


def learn_toolset(episodes: Iterable[Recorded], tools: Sequence[Tool] = ()) -> RecordedToolset:
    """The tools of recorded episodes, or those given in their place, with schemas of their results as far as the recorded
    results bear them out. Raises `ConfigurationError` where no episode tells its tools."""
    known = {tool.name: tool for tool in tools}
    samples: dict[str, list[JSON]] = {}
    system = ""
    for episode in episodes:
        if not tools:
            for tool in episode.tools:
                known.setdefault(tool.name, tool)
        system = system or next((one.text for one in episode.messages if one.role == "system"), "")
        for one in pair(episode.messages).calls:
            if one.answered is None or episode.messages[one.answered].is_error:
                continue
            kept = samples.setdefault(one.call.name, [])
            if len(kept) < SAMPLES:
                answer = answer_of(episode.messages[one.answered].text, one.call.name, False)
                kept.append(answer.data if isinstance(answer, Result) else None)
    if not known:
        raise ConfigurationError("the recording does not tell which tools there were; name a file of them with --tools")
    learnt = []
    for tool in known.values():
        values = samples.get(tool.name, [])
        if tool.returns is None and values and all(isinstance(value, dict | list) for value in values):
            tool = msgspec.structs.replace(tool, returns=schema_of(values))
        learnt.append(tool)
    return RecordedToolset(learnt, system)


def schema_of(values: Sequence[JSON]) -> Schema:
    """The schema that values have in common; properties that each of them has are required."""
    kinds = {_kind(value) for value in values}
    if kinds == {"object"}:
        keys: dict[str, list[JSON]] = {}
        for value in values:
            for key, inner in value.items():
                keys.setdefault(key, []).append(inner)
        if len(keys) > MOST_KEYS and max(map(len, keys.values())) <= max(1, len(values) // 2):
            return {"type": "object", "additionalProperties": schema_of([one for inner in keys.values() for one in inner])}
        return {
            "type": "object",
            "properties": {key: schema_of(inner) for key, inner in keys.items()},
            "required": [key for key, inner in keys.items() if len(inner) == len(values)],
        }
    if kinds == {"array"}:
        items = [item for value in values for item in value][: SAMPLES * 10]
        return {"type": "array", "items": schema_of(items)} if items else {"type": "array"}
    if {"object", "array"} & kinds or not kinds:
        return {}
    if kinds == {"integer", "number"}:
        return {"type": "number"}
    return {"type": kinds.pop() if len(kinds) == 1 else sorted(kinds)}


def _kind(value: JSON) -> str:
    if value is None:
        return "null"
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return kinds[type(value)]


class Answering:
    """Stands in for the environment of a recorded episode: it answers the call that is being looked at as recorded."""

    def __init__(self) -> None:
        self.now: tuple[Call, Answer] | None = None

    def call(self, call: Call) -> Answer:
        """The recorded answer; to a call that was never made (a part of one) a failure that says so."""
        if self.now is not None and self.now[0] == call:
            return self.now[1]
        return Failure(kind="unknown", message="This call was not recorded.", tool=call.name)

    def dump(self) -> JSON:
        raise NotImplementedError("a recording holds no state")

    def load(self, state: JSON) -> None:
        raise NotImplementedError("a recording holds no state")

    def close(self) -> None:
        pass
