"""`arguments.nest`: arguments of a tool move into an object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from perturb import schemas
from perturb.mentions import Mentions, reworded
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.types import JSON, Axis, Call, Failure, Schema, Tool

_GROUPS: dict[str, tuple[tuple[str, str], ...]] = {
    "read": (("filter", "What to look for."), ("criteria", "The search criteria."), ("query_options", "Options of the query.")),
    "write": (
        ("details", "The details of the request."),
        ("data", "The data to apply."),
        ("input", "The input of the request."),
    ),
}


class Group(msgspec.Struct, frozen=True):
    """The object that arguments of one tool move into: its name, its description, and the arguments' real names."""

    name: str
    description: str
    arguments: tuple[str, ...]


class Nest(Operator, frozen=True, kw_only=True):
    """Arguments of a tool move into an object, as APIs with a request body have it.

    Before: `search_flights {"origin": "OSL", "date": "2026-05-01"}`
    After: `search_flights {"origin": "OSL", "filter": {"date": "2026-05-01"}}`

    A tool whose schema sets conditions over several arguments (`anyOf` at its root, `dependentRequired`) stays as it is.
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

    groups: dict[str, Group] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Nest | NotApplicable:
        named: dict[str, list[str]] = {}
        for tool in setup.tools:
            if len(tool.stands_for) == 1:
                placed = [child["x-place"] for child in tool.parameters.get("properties", {}).values() if "x-place" in child]
                prefix = tool.stands_for[0] + "."
                names = [place[len(prefix) :] for place in placed if place.startswith(prefix)]
                if names and not schemas.conditional(tool.parameters):
                    named[tool.stands_for[0]] = names
        if not named:
            return NotApplicable("nothing_to_change", "no tool has arguments")
        groups = {}
        for place in pick.chosen(named, intensity):
            tool = next(tool for tool in setup.tools if tool.stands_for == (place,))
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


class _Moves:
    """The moves within one tool, in the names that its arguments have now."""

    def __init__(self, tool: Tool, group: Group) -> None:
        properties: dict[str, Schema] = tool.parameters.get("properties", {})
        wanted = {f"{tool.stands_for[0]}.{name}" for name in group.arguments}
        self.group = group.name
        self.inside = [name for name, child in properties.items() if child.get("x-place") in wanted]
        self.outside = frozenset(properties) - frozenset(self.inside)
        self.mentions = Mentions({name: f"{group.name}.{name}" for name in self.inside}, arguments=True)
        self.unmentions = Mentions({f"{group.name}.{name}": name for name in self.inside}, arguments=True)
        required = tool.parameters.get("required", [])
        inner: Schema = {
            "type": "object",
            "description": group.description,
            "properties": {name: properties[name] for name in self.inside},
        }
        if inner_required := [name for name in required if name in self.inside]:
            inner["required"] = inner_required
        if "additionalProperties" in tool.parameters:
            inner["additionalProperties"] = tool.parameters["additionalProperties"]
        outer = dict(tool.parameters)
        outer["properties"] = {name: child for name, child in properties.items() if name in self.outside} | {group.name: inner}
        outer_required = [name for name in required if name in self.outside] + ([group.name] if inner_required else [])
        outer.pop("required", None)
        if outer_required:
            outer["required"] = outer_required
        self.tool = reworded(msgspec.structs.replace(tool, parameters=outer), self.mentions)

    def show(self, arguments: dict[str, JSON]) -> dict[str, JSON]:
        shown = {}
        inner = {}
        for name, value in arguments.items():
            if name in self.inside:
                inner[name] = value
            else:
                # An argument the tool does not have, called like the group, is set apart from it.
                shown[name + "_" if name.rstrip("_") == self.group else name] = value
        if inner:
            shown[self.group] = inner
        return shown

    def read(self, arguments: dict[str, JSON]) -> dict[str, JSON] | tuple[str, JSON]:
        """The real arguments, or the name and value of the first one that cannot be read."""
        real: dict[str, JSON] = {}
        for name, value in arguments.items():
            if name in self.inside:
                return name, value
            if name != self.group:
                real[name[:-1] if name.endswith("_") and name.rstrip("_") == self.group else name] = value
        inner = arguments.get(self.group, {})
        if not isinstance(inner, dict):
            return self.group, inner
        for name, value in inner.items():
            if name in self.outside or name in real:
                return f"{self.group}.{name}", value
            real[name] = value
        return real


class NestLens(Lens):
    """Moves root arguments into their groups and back."""

    def __init__(self, real: Setup, groups: Mapping[str, Group]) -> None:
        super().__init__(real)
        self._moves: dict[str, _Moves] = {}
        for tool in real.tools:
            group = groups.get(tool.stands_for[0]) if len(tool.stands_for) == 1 else None
            if group is not None and not schemas.conditional(tool.parameters):
                moves = _Moves(tool, group)
                if moves.inside:
                    self._moves[tool.name] = moves
        if self._moves:
            self.setup = self.shown(tools=[self._moves[t.name].tool if t.name in self._moves else t for t in real.tools])

    def show_call(self, call: Call) -> Call:
        moves = self._moves.get(call.name)
        return call if moves is None else Call(call.name, moves.show(call.arguments))

    def read_call(self, call: Call) -> Call | Failure:
        moves = self._moves.get(call.name)
        if moves is None:
            return call
        read = moves.read(call.arguments)
        if isinstance(read, tuple):
            return self.real.refusal("invalid_argument", tool=call.name, field=read[0], value=read[1])
        return Call(call.name, read)

    def show_failure(self, call: Call, failure: Failure) -> Failure:
        moves = self._moves.get(call.name)
        if moves is None:
            return failure
        field = f"{moves.group}.{failure.field}" if failure.field in moves.inside else failure.field
        return msgspec.structs.replace(failure, message=moves.mentions(failure.message), field=field)

    def read_failure(self, call: Call, failure: Failure) -> Failure:
        moves = self._moves.get(call.name)
        if moves is None:
            return failure
        field = failure.field
        if field is not None and field.startswith(moves.group + ".") and field[len(moves.group) + 1 :] in moves.inside:
            field = field[len(moves.group) + 1 :]
        return msgspec.structs.replace(failure, message=moves.unmentions(failure.message), field=field)
