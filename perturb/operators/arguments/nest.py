"""`arguments.nest`: arguments of a tool move into an object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from perturb import schemas
from perturb.mentions import Mentions, reworded
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.arguments.groups import Group, Step, grouped
from perturb.schemas import StaleName, Unreadable
from perturb.types import Axis, Call, Failure, Tool

_GROUPS: dict[str, tuple[tuple[str, str], ...]] = {
    "read": (("filter", "What to look for."), ("criteria", "The search criteria."), ("query_options", "Options of the query.")),
    "write": (
        ("details", "The details of the request."),
        ("data", "The data to apply."),
        ("input", "The input of the request."),
    ),
}


class Nest(Operator, frozen=True, kw_only=True):
    """Arguments of a tool move into objects, as APIs with a request body have it.

    Before: `search_flights {"origin": "OSL", "date": "2026-05-01"}`
    After: `search_flights {"origin": "OSL", "filter": {"date": "2026-05-01"}}`

    A plan may be written with several groups for a tool, groups within groups, and groups in objects below the root; what is
    drawn is one group at the root. A tool whose schema sets conditions over several arguments (`anyOf` at its root,
    `dependentRequired`) stays as it is.
    Places are tools; intensity is the share of tools. Does not apply where no tool has arguments.
    """

    id: ClassVar[str] = "arguments.nest"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "arguments"
    retires_calls: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="call",
            plan={
                "op": "arguments.nest",
                "version": 1,
                "groups": {
                    "search_flights": {"name": "filter", "description": "What to look for.", "arguments": ["origin", "date"]}
                },
            },
            tool=Tool(
                name="search_flights",
                description="Search for flights.",
                parameters={
                    "type": "object",
                    "properties": {
                        "origin": {"type": "string"},
                        "date": {"type": "string"},
                        "cabin": {"type": "string"},
                    },
                    "required": ["origin", "date"],
                },
                effect="read",
            ),
            before={"name": "search_flights", "arguments": {"origin": "OSL", "date": "2026-05-01", "cabin": "business"}},
            after={
                "name": "search_flights",
                "arguments": {"cabin": "business", "filter": {"origin": "OSL", "date": "2026-05-01"}},
            },
        ),
    )

    groups: dict[str, Group | tuple[Group, ...]] = msgspec.field(default_factory=dict)
    """By tool, one or several; a later one may take in an earlier one."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Nest | NotApplicable:
        named: dict[str, list[str]] = {}
        tools = {tool.stands_for[0]: tool for tool in setup.tools if len(tool.stands_for) == 1}
        for tool in setup.tools:
            if len(tool.stands_for) == 1:
                placed = [child["x-place"] for child in tool.parameters.get("properties", {}).values() if "x-place" in child]
                prefix = tool.stands_for[0] + "."
                names = [place[len(prefix) :] for place in placed if place.startswith(prefix)]
                if names and not schemas.conditional(tool.parameters):
                    named[tool.stands_for[0]] = names
        if not named:
            return NotApplicable("nothing_to_change", "no tool has arguments")
        groups: dict[str, Group | tuple[Group, ...]] = {}
        for place in pick.chosen(named, intensity):
            tool = tools[place]
            options = [option for option in _GROUPS[tool.effect] if option[0] not in tool.parameters.get("properties", {})]
            if not options:
                continue
            name, description = pick.choice(place, options)
            count = pick.integer(place, 1, len(named[place]))
            moved = set(pick.order(place, named[place])[:count])
            groups[place] = Group(name, description, tuple(one for one in named[place] if one in moved))
        return cls(groups=groups)

    def lens(self, setup: Setup) -> Lens:
        return NestLens(setup, self.groups)


class _Nested:
    """One tool with its groups, each made on what the ones before it show."""

    def __init__(self, tool: Tool, groups: tuple[Group, ...]) -> None:
        self.steps: list[Step] = []
        parameters = tool.parameters
        for group in groups:
            step = grouped(parameters, tool.stands_for[0], group)
            if step is not None:
                self.steps.append(step)
                parameters = step.schema
        self.mentions = [Mentions(step.renames, arguments=True) for step in self.steps]
        back = ({new: old for old, new in step.renames.items()} for step in self.steps)
        self.unmentions = [Mentions(renames, arguments=True) for renames in back]
        self.tool = msgspec.structs.replace(tool, parameters=parameters)
        for mentions in self.mentions:
            self.tool = reworded(self.tool, mentions)

    def show_failure(self, failure: Failure) -> Failure:
        message, field = failure.message, failure.field
        for step, mentions in zip(self.steps, self.mentions, strict=True):
            message, field = mentions(message), _moved(field, step.fields)
        return msgspec.structs.replace(failure, message=message, field=field)

    def read_failure(self, failure: Failure) -> Failure:
        message, field = failure.message, failure.field
        for step, unmentions in zip(reversed(self.steps), reversed(self.unmentions), strict=True):
            message, field = unmentions(message), _moved(field, {new: old for old, new in step.fields.items()})
        return msgspec.structs.replace(failure, message=message, field=field)


def _moved(field: str | None, fields: Mapping[str, str]) -> str | None:
    """The path of a failure with its beginning changed where that has moved."""
    if field is None:
        return None
    for old, new in fields.items():
        if field == old or field.startswith(old + "."):
            return new + field[len(old) :]
    return field


class NestLens(Lens):
    """Moves arguments into their groups and back."""

    def __init__(self, real: Setup, groups: Mapping[str, Group | tuple[Group, ...]]) -> None:
        super().__init__(real)
        self._nested: dict[str, _Nested] = {}
        for tool in real.tools:
            if len(tool.stands_for) == 1 and tool.stands_for[0] in groups:
                told = groups[tool.stands_for[0]]
                nested = _Nested(tool, (told,) if isinstance(told, Group) else told)
                if nested.steps:
                    self._nested[tool.name] = nested
        if self._nested:
            self.setup = self.shown(tools=[self._nested[t.name].tool if t.name in self._nested else t for t in real.tools])

    def show_call(self, call: Call) -> Call:
        nested = self._nested.get(call.name)
        if nested is None:
            return call
        arguments = call.arguments
        for step in nested.steps:
            arguments = step.show(arguments)
        return Call(call.name, arguments)

    def read_call(self, call: Call) -> Call | Failure:
        nested = self._nested.get(call.name)
        if nested is None:
            return call
        arguments = call.arguments
        try:
            for step in reversed(nested.steps):
                arguments = step.read(arguments)
        except (StaleName, Unreadable) as refused:
            return self.real.refusal("invalid_argument", tool=call.name, field=refused.name, value=refused.value)
        return Call(call.name, arguments)

    def show_failure(self, call: Call, failure: Failure) -> Failure:
        nested = self._nested.get(call.name)
        return failure if nested is None else nested.show_failure(failure)

    def read_failure(self, call: Call, failure: Failure) -> Failure:
        nested = self._nested.get(call.name)
        return failure if nested is None else nested.read_failure(failure)
