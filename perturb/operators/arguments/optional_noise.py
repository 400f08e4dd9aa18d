"""`arguments.optional_noise`: tools take optional arguments that change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.operators.added_argument import declared, put_back, set_apart
from perturb.operators.tool_places import place_of, tools_by_place
from perturb.types import Axis, Call, Failure, Kind, Schema, Tool

_NOISE: dict[str, Schema] = {
    "trace_id": {"type": "string", "description": "An id of the caller's own that is written to the server's trace."},
    "correlation_id": {
        "type": "string",
        "description": "An id by which related calls are found in the log; it is only logged.",
    },
    "client_name": {"type": "string", "description": "Name of the calling program, for the statistics of use."},
    "client_version": {"type": "string", "description": "Version of the calling program, for the statistics of use."},
    "sdk_language": {"type": "string", "description": "Programming language of the caller, for the statistics of use."},
    "include_debug_info": {
        "type": "boolean",
        "default": False,
        "description": "Write details of the call to the server's debug log. The answer stays the same.",
    },
    "telemetry": {
        "type": "boolean",
        "default": True,
        "description": "Whether the duration of the call is counted in the service's own statistics.",
    },
    "log_level": {
        "type": "string",
        "enum": ["error", "warning", "info", "debug"],
        "default": "info",
        "description": "How much of the call the server writes to its log. The answer stays the same.",
    },
    "session_label": {"type": "string", "description": "A label that is shown beside the call on the operators' dashboard."},
    "call_sequence": {"type": "integer", "minimum": 0, "description": "The number of the call in the caller's own count."},
}
"""What servers take for their own logs and statistics, and no more: nothing that a caller could take to bear on the task."""


class OptionalNoise(Operator, frozen=True, kw_only=True):
    """Tools take optional arguments for the server's logs and statistics, which change nothing.

    Before: `get_user {"id"}`
    After: `get_user {"id", "trace_id"?, "include_debug_info"?}`

    Whatever is sent there is dropped. The same one to three arguments in all tools, as one server has them. Places are tools;
    intensity is their share. Does not apply where there are no tools.
    """

    id: ClassVar[str] = "arguments.optional_noise"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "arguments"
    promises: ClassVar[Kind] = "distraction"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="tool",
            plan={"op": "arguments.optional_noise", "version": 1, "added": {"get_user": ["trace_id"]}},
            tool=Tool(
                name="get_user",
                description="Get a user by their id.",
                parameters={"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
                effect="read",
            ),
            before={"name": "get_user"},
            after={
                "name": "get_user",
                "description": "Get a user by their id.",
                "parameters": {
                    "type": "object",
                    "properties": {"id": {"type": "integer"}, "trace_id": _NOISE["trace_id"]},
                    "required": ["id"],
                },
                "returns": None,
                "effect": "read",
                "idempotent": False,
                "ordered": True,
                "batch": None,
                "renderer": "json",
                "stands_for": [],
            },
        ),
    )

    added: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """The names of the arguments that each tool takes besides its own."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> OptionalNoise | NotApplicable:
        tools = tools_by_place(setup)
        if not tools:
            return NotApplicable("nothing_to_change", "there are no tools")
        free = [name for name in _NOISE if name not in setup.names]
        if not free:
            return NotApplicable("names_exhausted", "every name for such an argument is taken")
        names = tuple(pick.order("names", free)[: pick.integer("number", 1, 3)])
        return cls(added=dict.fromkeys(pick.chosen(tools, intensity), names))

    def lens(self, setup: Setup) -> Lens:
        return OptionalNoiseLens(setup, self.added)


class OptionalNoiseLens(Lens):
    """Declares the arguments, and drops what is sent there."""

    def __init__(self, real: Setup, added: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__(real)
        self._added: dict[str, tuple[str, ...]] = {}
        tools: list[Tool] = []
        for tool in real.tools:
            own = tool.parameters.get("properties", {})
            names = tuple(name for name in added.get(place_of(tool), ()) if name in _NOISE and name not in own)
            if names:
                self._added[tool.name] = names
            parameters: dict[str, Any] = tool.parameters
            for name in names:
                parameters = declared(parameters, name, _NOISE[name])
            tools.append(msgspec.structs.replace(tool, parameters=parameters) if names else tool)
        if self._added:
            self.setup = self.shown(tools=tools)

    def show_call(self, call: Call) -> Call:
        for name in self._added.get(call.name, ()):
            call = set_apart(call, name)
        return call

    def read_call(self, call: Call) -> Call | Failure:
        for name in self._added.get(call.name, ()):
            call = put_back(call, name)
        return call
