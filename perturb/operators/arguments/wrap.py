"""`arguments.wrap`: all arguments of a tool go into one, an object or a string of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import msgspec

from perturb import schemas
from perturb.mentions import Mentions, reworded
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.types import JSON, Axis, Call, Failure, Schema, Tool

_NAMES: dict[str, tuple[str, ...]] = {
    "object": ("request", "input", "params", "body"),
    "text": ("payload", "request_json", "arguments_json"),
}


class Wrapping(msgspec.Struct, frozen=True):
    """The one argument that holds the others: its name, and whether it is an object or the JSON text of one."""

    name: str
    form: Literal["object", "text"]


class Wrap(Operator, frozen=True, kw_only=True):
    """All arguments of a tool go into one: an object, as RPC servers have it, or the JSON text of one, as gateways do.

    Before: `get_orders {"user": 7, "open": true}`
    After: `get_orders {"request": {"user": 7, "open": true}}`, or `get_orders {"payload": "{\\"user\\":7,\\"open\\":true}"}`

    What is in a text is told by `contentSchema`, the keyword of JSON Schema for it. One form for a plan. Places are tools
    with arguments; intensity is their share. Does not apply where no tool has arguments.
    """

    id: ClassVar[str] = "arguments.wrap"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "arguments"
    retires_calls: ClassVar[bool] = True
    conflicts: ClassVar[frozenset[str]] = frozenset({"arguments.nest"})
    examples: ClassVar[tuple[Example, ...]] = tuple(
        Example(
            what="call",
            plan={"op": "arguments.wrap", "version": 1, "wrappings": {"get_orders": {"name": name, "form": form}}},
            tool=Tool(
                name="get_orders",
                description="Get the orders of a user.",
                parameters={
                    "type": "object",
                    "properties": {"user": {"type": "integer"}, "open": {"type": "boolean"}},
                    "required": ["user"],
                },
                effect="read",
            ),
            before={"name": "get_orders", "arguments": {"user": 7, "open": True}},
            after={"name": "get_orders", "arguments": {name: value}},
        )
        for name, form, value in (
            ("request", "object", {"user": 7, "open": True}),
            ("payload", "text", '{"user":7,"open":true}'),
        )
    )

    wrappings: dict[str, Wrapping] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Wrap | NotApplicable:
        tools = {
            tool.stands_for[0]: tool
            for tool in setup.tools
            if len(tool.stands_for) == 1 and any("x-place" in one for one in tool.parameters.get("properties", {}).values())
        }
        if not tools:
            return NotApplicable("nothing_to_change", "no tool has arguments")
        used = {name for tool in tools.values() for names in schemas.siblings(tool.parameters) for name in names}
        form: Literal["object", "text"] = pick.choice("form", ("object", "text"))
        free = [name for name in _NAMES[form] if name not in used]
        if not free:
            return NotApplicable("names_exhausted", "every name for the one argument is taken")
        wrapping = Wrapping(pick.choice("name", free), form)
        return cls(wrappings=dict.fromkeys(pick.chosen(tools, intensity), wrapping))

    def lens(self, setup: Setup) -> Lens:
        return WrapLens(setup, self.wrappings)


class _Wrapped:
    """One tool with its arguments in one."""

    def __init__(self, tool: Tool, wrapping: Wrapping) -> None:
        self.name, self.form = wrapping.name, wrapping.form
        self.inside = frozenset(tool.parameters.get("properties", {}))
        inner = dict(tool.parameters)
        inner.pop("description", None)
        parameters: Schema = {"type": "object", "properties": {self.name: self._argument(inner)}, "additionalProperties": False}
        if inner.get("required"):
            parameters["required"] = [self.name]
        renames = {one: f"{self.name}.{one}" for one in self.inside} if self.form == "object" else {}
        self.mentions = Mentions(renames, arguments=True)
        self.unmentions = Mentions({new: old for old, new in renames.items()}, arguments=True)
        self.tool = reworded(msgspec.structs.replace(tool, parameters=parameters), self.mentions)

    def _argument(self, inner: Schema) -> Schema:
        if self.form == "object":
            return {**inner, "description": "The request, with everything that the call needs."}
        # In words, or as JSON in the description, the schema's own words (`"format": "date"`) would read as names.
        return {
            "type": "string",
            "description": "The JSON text of one object with everything that the call needs: a string, not an object. Inside, "
            "true, false and null are written as in JSON. The object fits the schema under contentSchema.",
            "contentMediaType": "application/json",
            "contentSchema": schemas.strip(inner),
        }

    def show(self, arguments: dict[str, JSON]) -> dict[str, JSON]:
        if not arguments:
            return arguments
        return {self.name: arguments if self.form == "object" else _text(arguments)}

    def read(self, arguments: dict[str, JSON]) -> dict[str, JSON] | tuple[str, JSON]:
        """The real arguments, or the name and value of the first one that cannot be read."""
        for name, value in arguments.items():
            if name != self.name:
                return name, value
        held = arguments.get(self.name, {} if self.form == "object" else "{}")
        inner = held if self.form == "object" else _object(held)
        return inner if isinstance(inner, dict) else (self.name, held)


def _text(arguments: dict[str, JSON]) -> str:
    return json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))


def _object(text: JSON) -> Any:
    """What a text holds; `None` where it holds no JSON. What is no number in JSON (`NaN`) is none here."""
    if not isinstance(text, str):
        return None
    try:
        return json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError):
        return None


def _refused(name: str) -> None:
    raise ValueError(name)


class WrapLens(Lens):
    """Wraps arguments and takes them out again."""

    def __init__(self, real: Setup, wrappings: Mapping[str, Wrapping]) -> None:
        super().__init__(real)
        self._wrapped: dict[str, _Wrapped] = {}
        for tool in real.tools:
            wrapping = wrappings.get(tool.stands_for[0]) if len(tool.stands_for) == 1 else None
            properties = tool.parameters.get("properties", {})
            if wrapping is not None and properties and wrapping.name not in properties:
                self._wrapped[tool.name] = _Wrapped(tool, wrapping)
        if self._wrapped:
            self.setup = self.shown(tools=[self._wrapped[t.name].tool if t.name in self._wrapped else t for t in real.tools])

    def show_call(self, call: Call) -> Call:
        wrapped = self._wrapped.get(call.name)
        return call if wrapped is None else Call(call.name, wrapped.show(call.arguments))

    def read_call(self, call: Call) -> Call | Failure:
        wrapped = self._wrapped.get(call.name)
        if wrapped is None:
            return call
        read = wrapped.read(call.arguments)
        if isinstance(read, tuple):
            return self.real.refusal("invalid_argument", tool=call.name, field=read[0], value=read[1])
        return Call(call.name, read)

    def show_failure(self, call: Call, failure: Failure) -> Failure:
        wrapped = self._wrapped.get(call.name)
        if wrapped is None or wrapped.form != "object":
            return failure
        field = f"{wrapped.name}.{failure.field}" if _root(failure.field) in wrapped.inside else failure.field
        return msgspec.structs.replace(failure, message=wrapped.mentions(failure.message), field=field)

    def read_failure(self, call: Call, failure: Failure) -> Failure:
        wrapped = self._wrapped.get(call.name)
        if wrapped is None or wrapped.form != "object":
            return failure
        field = failure.field
        prefix = wrapped.name + "."
        if field is not None and field.startswith(prefix) and _root(field.removeprefix(prefix)) in wrapped.inside:
            field = field.removeprefix(prefix)
        return msgspec.structs.replace(failure, message=wrapped.unmentions(failure.message), field=field)


def _root(field: str | None) -> str:
    return (field or "").split(".", 1)[0]
