"""`toolset.split`: one tool with a mode becomes several, one for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import msgspec

from perturb.mentions import reworded
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Retired, Setup
from perturb.operators.own_terms import shown_call
from perturb.operators.renaming import names_in_use, single_tools
from perturb.operators.toolset.alternatives import Alternatives
from perturb.operators.toolset.modes import Mode, mode_of
from perturb.operators.vocabulary import mode_names
from perturb.types import JSON, Axis, Call, Failure, Tool

_MOST = 8
"""A mode with more values is no mode."""


class Parted(msgspec.Struct, frozen=True):
    """One tool in parts: the place of the argument that is its mode, and what the tool for each of its values is called, `""`
    where it keeps its name."""

    argument: str
    names: dict[str, str]


class Split(Operator, frozen=True, kw_only=True):
    """One tool with a mode becomes several, one for each value, named after it; the inverse of `toolset.merge`.

    Before: `search_flights {"cabin": "economy", "origin": "OSL"}`
    After: `search_economy_flights {"origin": "OSL"}`, beside `search_business_flights`

    A mode is an argument that is one of two to eight texts, and is required or has a default, which then is what leaving it out
    means. Places are tools with a mode; intensity is the share of them. Does not apply where no tool has one, or none whose
    values can stand in a name.
    """

    id: ClassVar[str] = "toolset.split"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "toolset"
    retires_calls: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="call",
            plan={
                "op": "toolset.split",
                "version": 1,
                "tools": {
                    "search_flights": {
                        "argument": "search_flights.cabin",
                        "names": {"economy": "search_economy_flights", "business": "search_business_flights"},
                    }
                },
            },
            tool=Tool(
                name="search_flights",
                description="Search for flights.",
                parameters={
                    "type": "object",
                    "properties": {
                        "cabin": {"type": "string", "enum": ["economy", "business"], "description": "The cabin to sit in."},
                        "origin": {"type": "string"},
                    },
                    "required": ["cabin", "origin"],
                },
                effect="read",
            ),
            before={"name": "search_flights", "arguments": {"cabin": "economy", "origin": "OSL"}},
            after={"name": "search_economy_flights", "arguments": {"origin": "OSL"}},
        ),
    )

    tools: dict[str, Parted] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Split | NotApplicable:
        taken = set(names_in_use(setup))
        tools: dict[str, Parted] = {}
        any_mode = False
        for place, tool in single_tools(setup).items():
            modes = _modes(setup, tool)
            any_mode = any_mode or bool(modes)
            free = [one for one in modes if not taken.intersection(_new_names(one))]
            if free:
                tools[place] = pick.choice(place, free)
                taken |= _new_names(tools[place])
        if not tools and any_mode:
            return NotApplicable("names_exhausted", "every name of a part is taken")
        if not tools:
            return NotApplicable("nothing_to_change", "no tool has a mode whose values can stand in a name")
        return cls(tools={place: tools[place] for place in pick.chosen(tools, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return SplitLens(setup, self.tools)


def _modes(setup: Setup, tool: Tool) -> list[Parted]:
    """Each way to part a tool. Names are made from the tool's name of now and from the toolset's own values, which other
    operators may have put into codes."""
    own = Setup.of(setup.source).by_name.get(tool.stands_for[0])
    found = []
    for name, child in tool.parameters.get("properties", {}).items() if own is not None else ():
        now, then = mode_of(tool, child.get("x-place", "")), mode_of(own, child.get("x-place", ""))
        if now is None or then is None or len(now.values) != len(then.values) or not 1 < len(then.values) <= _MOST:
            continue
        if names := mode_names(tool.name, name, then.values, then.default):
            found.append(Parted(child["x-place"], {value: "" if new == tool.name else new for value, new in names.items()}))
    return found


def _new_names(parted: Parted) -> set[str]:
    """The names that come into use, in lower case."""
    return {name.lower() for name in parted.names.values() if name}


class _Part(NamedTuple):
    """A tool that does one value's work: whose part it is, the value in that tool's terms, and whether leaving the argument out
    means it."""

    tool: str
    value: str
    implied: bool


class SplitLens(Lens):
    """Takes the mode out of calls and puts it back, by the name of the tool.

    A call without a value that the mode has is shown with what it gives in the mode's place, by the first of the parts, so that
    it fails as it would; one without any, where one is required, with the argument's name and an underscore.
    """

    def __init__(self, real: Setup, parted: Mapping[str, Parted]) -> None:
        super().__init__(real)
        self._modes: dict[str, Mode] = {}
        self._names: dict[str, dict[str, str]] = {}
        self._own: dict[str, dict[str, str]] = {}
        self._parts: dict[str, _Part] = {}
        for place, tool in single_tools(real).items():
            mode = mode_of(tool, parted[place].argument) if place in parted else None
            own = self._own_values(tool, parted[place], mode) if mode is not None else None
            if mode is None or own is None:
                continue
            names = {value: parted[place].names[own[value]] or tool.name for value in mode.values}
            self._modes[tool.name], self._names[tool.name], self._own[tool.name] = mode, names, own
            for value, name in names.items():
                self._parts[name] = _Part(tool.name, value, value == mode.default)
        if not self._modes:
            return
        gone = {old: list(names.values()) for old, names in self._names.items() if old not in self._parts}
        self._gone = gone
        self._mentions = Alternatives(gone)
        self._by_part: dict[str, Alternatives] = {}
        tools = [made for tool in real.tools for made in (self._made(tool) if tool.name in self._modes else [tool])]
        self.setup = self.shown(system=self._mentions(real.system), tools=[reworded(tool, self._mentions) for tool in tools])
        self.retired = tuple(Retired("tool", old) for old in gone)
        self.implied = frozenset(mode.place for mode in self._modes.values() if mode.default is not None)

    def _own_values(self, tool: Tool, parted: Parted, mode: Mode) -> dict[str, str] | None:
        """What each value of now is in the toolset's own terms; `None` where the plan was for another tool than this is now."""
        own = mode_of(Setup.of(self.real.source).by_name.get(tool.stands_for[0]), parted.argument)
        if own is None or set(own.values) != set(parted.names):
            return None
        found: dict[str, str] = {}
        for value, name in parted.names.items():
            now = shown_call(self.real, Call(tool.stands_for[0], {own.argument: value})).arguments.get(mode.argument)
            if not isinstance(now, str) or name in self.real.by_name or name in self._parts:
                return None
            found[now] = value
        return found if set(found) == set(mode.values) else None

    def _made(self, tool: Tool) -> list[Tool]:
        mode = self._modes[tool.name]
        parameters: dict[str, Any] = {**tool.parameters}
        parameters["properties"] = {
            name: child for name, child in tool.parameters["properties"].items() if name != mode.argument
        }
        if "required" in parameters:
            parameters["required"] = [name for name in parameters["required"] if name != mode.argument]
        return [
            msgspec.structs.replace(
                tool,
                name=self._names[tool.name][value],
                description=f"{tool.description}\n{mode.told(value, self._own[tool.name][value])}".strip(),
                parameters=parameters,
            )
            for value in mode.values
        ]

    def show_text(self, text: str) -> str:
        return self._mentions(text) if self._modes else text

    def show_call(self, call: Call) -> Call:
        mode = self._modes.get(call.name)
        if mode is None:
            return call
        names = self._names[call.name]
        given = call.arguments.get(mode.argument, mode.default)
        if isinstance(given, str) and given in names:
            return Call(names[given], {self._apart(mode, key): v for key, v in call.arguments.items() if key != mode.argument})
        arguments = {key if key == mode.argument else self._apart(mode, key): v for key, v in call.arguments.items()}
        missing = {} if mode.argument in arguments else {mode.argument + "_": None}
        return Call(names[mode.values[0]], arguments | missing)

    def _apart(self, mode: Mode, key: str) -> str:
        """An argument that the tool does not have, called like the mode, is set apart from it."""
        return key + "_" if key.rstrip("_") == mode.argument else key

    def read_call(self, call: Call) -> Call | Failure:
        part = self._parts.get(call.name)
        if part is None:
            return self.real.refusal("unknown_tool", tool=call.name) if call.name in self._modes else call
        mode = self._modes[part.tool]
        given = call.arguments.get(mode.argument)
        if isinstance(given, str) and given in mode.values:
            return self.real.refusal("invalid_argument", tool=call.name, field=mode.argument, value=given)
        arguments: dict[str, JSON] = {
            key[:-1] if key.rstrip("_") == mode.argument and key != mode.argument else key: value
            for key, value in call.arguments.items()
            if key != mode.argument + "_"
        }
        if mode.argument in call.arguments:
            arguments[mode.argument] = given
        elif mode.argument + "_" not in call.arguments and not part.implied:
            arguments[mode.argument] = part.value
        return Call(part.tool, arguments)

    def show_failure(self, call: Call, failure: Failure) -> Failure:
        if not self._modes:
            return failure
        name = self.show_call(call).name
        tool = name if failure.tool == call.name else failure.tool
        return msgspec.structs.replace(failure, message=self._for_part(call.name, name)(failure.message), tool=tool)

    def read_failure(self, call: Call, failure: Failure) -> Failure:
        if not self._modes:
            return failure
        name = self.show_call(call).name
        tool = call.name if failure.tool == name else failure.tool
        return msgspec.structs.replace(failure, message=self._for_part(call.name, name).undone(failure.message), tool=tool)

    def _for_part(self, tool: str, name: str) -> Alternatives:
        """The rename of mentions in what is answered to a call of one part: there the tool is that part."""
        made = self._by_part.get(name)
        if made is None:
            made = self._by_part[name] = Alternatives({**self._gone, **({tool: [name]} if tool in self._gone else {})})
        return made
