"""Lenses that tell everything otherwise, text by text: prompts, tools, calls, results, failures, answers, and the state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from perturb.mentions import reworded
from perturb.operator import Lens, Setup, StateLens
from perturb.types import JSON, Call, Failure, Result, Schema, Tool

Text = Callable[[str], str]


def retold(value: JSON, text: Text, passes: Callable[[JSON], bool] | None = None) -> JSON:
    """JSON with every text in it told otherwise, keys included. What stays as it is is the same object, and so is what
    `passes` (asked of every list and object) says to pass over."""
    if isinstance(value, str):
        return text(value)
    if not isinstance(value, (dict, list)) or (passes is not None and passes(value)):
        return value
    if isinstance(value, list):
        items = [retold(item, text, passes) for item in value]
        return value if all(map(_same, items, value)) else items
    made, same = {}, True
    for key, item in value.items():
        name, new = text(key), retold(item, text, passes)
        same = same and name == key and _same(new, item)
        made[name] = new
    return value if same else made


def _same(one: JSON, other: JSON) -> bool:
    """Whether nothing was changed: an equal text may be another object."""
    return one is other or (isinstance(one, str) and one == other)


class RetoldLens(Lens):
    """Tells everything otherwise by `show`, and reads it back by `read`, which undoes it."""

    def __init__(self, real: Setup, show: Text, read: Text, passes: Callable[[JSON], bool] | None = None) -> None:
        super().__init__(real)
        self._show, self._read, self._passes = show, read, passes
        self._returns: dict[int, tuple[Schema, Schema]] = {}
        # A setup of its own in any case: what the user says is told otherwise, even where no tool is.
        self.setup = self.shown(system=show(real.system), tools=[self.shown_tool(tool) for tool in real.tools])

    def shown_tool(self, tool: Tool) -> Tool:
        made = reworded(tool, self._show)
        made = msgspec.structs.replace(
            made, parameters=self._values(made.parameters), returns=None if made.returns is None else self._values(made.returns)
        )
        return tool if made == tool else made

    def _values(self, node: Any, names: bool = False) -> Any:
        """A schema with the values that it lists told otherwise."""
        if isinstance(node, list):
            return [self._values(item) for item in node]
        if not isinstance(node, dict):
            return node
        return {
            key: self._told(value)
            if key in ("enum", "const", "default", "examples") and not names
            else self._values(value, key == "properties" and not names)
            for key, value in node.items()
        }

    def _told(self, value: JSON) -> JSON:
        return retold(value, self._show, self._passes)

    def _untold(self, value: JSON) -> JSON:
        return retold(value, self._read, self._passes)

    def show_text(self, text: str) -> str:
        return self._show(text)

    def show_answer(self, text: str) -> str:
        return self._show(text)

    def read_answer(self, text: str) -> str:
        return self._read(text)

    def show_call(self, call: Call) -> Call:
        made = self._told(call.arguments)
        return call if made is call.arguments else Call(call.name, made)

    def read_call(self, call: Call) -> Call | Failure:
        made = self._untold(call.arguments)
        return call if made is call.arguments else Call(call.name, made)

    def show_result(self, call: Call, result: Result) -> Result:
        made = self._told(result.data)
        return result if made is result.data else Result(made, result.renderer)

    def read_result(self, call: Call, result: Result) -> Result:
        made = self._untold(result.data)
        return result if made is result.data else Result(made, result.renderer)

    def show_returns(self, call: Call, schema: Schema) -> Schema:
        known = self._returns.get(id(schema))
        if known is None:
            shown = self.shown_tool(Tool(name=call.name, returns=schema)).returns
            # Kept with the schema itself, or its id could come again as another's.
            known = self._returns[id(schema)] = (schema, schema if shown is None else shown)
        return known[1]

    def show_failure(self, call: Call, failure: Failure) -> Failure:
        return msgspec.structs.replace(failure, message=self._show(failure.message), value=self._told(failure.value))

    def read_failure(self, call: Call, failure: Failure) -> Failure:
        return msgspec.structs.replace(failure, message=self._read(failure.message), value=self._untold(failure.value))


class RetoldStateLens(RetoldLens, StateLens):
    """The same where the environment itself lives in what is told."""

    def load_state(self, state: JSON) -> JSON:
        return self._told(state)

    def read_state(self, state: JSON) -> JSON:
        return self._untold(state)
