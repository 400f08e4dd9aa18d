"""`arguments.constant`: tools demand one more argument, whose only value the description gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.added_argument import declared, put_back, set_apart
from perturb.operators.tool_places import place_of, tools_by_place
from perturb.types import Axis, Call, Failure, Tool

_CONSTANTS: dict[str, tuple[tuple[str, ...], str]] = {
    "api_version": (("2025-03-31", "2025-10-01", "2026-02-15"), "The version of this API, {}."),
    "api_revision": (("r14", "r27", "r31"), "The revision of this API that the call is written for, {}."),
    "schema_version": (("1.4", "2.0", "3.1"), "The version of the schema that the arguments follow, {}."),
    "protocol_version": (("1.1", "2.3", "4.0"), "The version of the protocol that the caller speaks, {}."),
    "contract_version": (("v2", "v3", "v5"), "The version of the contract between caller and service, {}."),
    "message_format": (("compact-1", "extended-2", "plain-3"), "The format that the arguments are written in, {}."),
}
"""Names, values, and what the description says before the rule."""


class Constant(msgspec.Struct, frozen=True):
    """The argument that is demanded, and its only value."""

    name: str
    value: str


class ConstantArgument(Operator, frozen=True, kw_only=True):
    """Tools demand one more argument, whose only value the description gives.

    Before: `get_user {"id": 7}`
    After: `get_user {"id": 7, "api_version": "2025-10-01"}`

    A call without it, or with another value, is refused. One argument and one value for a plan, as one API has them. Places
    are tools; intensity is their share. Does not apply where there are no tools, or every name for it is taken.
    """

    id: ClassVar[str] = "arguments.constant"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "arguments"
    retires_calls: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="call",
            plan={
                "op": "arguments.constant",
                "version": 1,
                "constants": {"get_user": {"name": "api_version", "value": "2025-10-01"}},
            },
            tool=Tool(
                name="get_user",
                description="Get a user by their id.",
                parameters={"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
                effect="read",
            ),
            before={"name": "get_user", "arguments": {"id": 7}},
            after={"name": "get_user", "arguments": {"id": 7, "api_version": "2025-10-01"}},
        ),
    )

    constants: dict[str, Constant] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> ConstantArgument | NotApplicable:
        tools = tools_by_place(setup)
        if not tools:
            return NotApplicable("nothing_to_change", "there are no tools")
        free = [name for name in _CONSTANTS if name not in setup.names]
        if not free:
            return NotApplicable("names_exhausted", "every name for such an argument is taken")
        name = pick.choice("name", free)
        constant = Constant(name, pick.choice("value", _CONSTANTS[name][0]))
        return cls(constants=dict.fromkeys(pick.chosen(tools, intensity), constant))

    def lens(self, setup: Setup) -> Lens:
        return ConstantArgumentLens(setup, self.constants)


class ConstantArgumentLens(Lens):
    """Demands the argument with its value, and takes it out again."""

    def __init__(self, real: Setup, constants: Mapping[str, Constant]) -> None:
        super().__init__(real)
        self._constants: dict[str, Constant] = {}
        tools: list[Tool] = []
        for tool in real.tools:
            constant = constants.get(place_of(tool))
            if constant is None or constant.name in tool.parameters.get("properties", {}):
                tools.append(tool)
                continue
            self._constants[tool.name] = constant
            tools.append(_demanding(tool, constant))
        if self._constants:
            self.setup = self.shown(tools=tools)

    def show_call(self, call: Call) -> Call:
        constant = self._constants.get(call.name)
        if constant is None:
            return call
        return Call(call.name, {**set_apart(call, constant.name).arguments, constant.name: constant.value})

    def read_call(self, call: Call) -> Call | Failure:
        constant = self._constants.get(call.name)
        if constant is None:
            return call
        given = call.arguments.get(constant.name)
        if given != constant.value:
            return self.real.refusal("invalid_argument", tool=call.name, field=constant.name, value=given)
        return put_back(call, constant.name)


def _demanding(tool: Tool, constant: Constant) -> Tool:
    told = _CONSTANTS[constant.name][1] if constant.name in _CONSTANTS else "A fixed value, {}."
    description = told.format(f'always "{constant.value}"') + " A call without it is refused."
    parameters = declared(tool.parameters, constant.name, {"type": "string", "description": description})
    parameters["required"] = [*tool.parameters.get("required", ()), constant.name]
    return msgspec.structs.replace(tool, parameters=parameters)
