"""What a server says of itself, and its tools as an environment whose calls go over the wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import anyio
import mcp_types as mcp
import msgspec
from mcp import ClientSession
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from perturb import texts, validity
from perturb.errors import ServerFailed, ToolsetError
from perturb.mcp.connecting import every_tool
from perturb.mcp.records import answer_of, failure_of, tool_of
from perturb.toolset import Toolset, plain_refusal
from perturb.types import JSON, Answer, Call, Failure, FailureKind, Tool

NOBODY = "perturb_names_no_tool"
"""The name under which a tool is asked for that no server has."""
_TIME_FOR_IT = 10.0


class Introduction(msgspec.Struct, frozen=True):
    """What a server says of itself. `unknown` is how it refuses a call of a tool that it does not have, with `NOBODY` as the
    name, `None` where it has no tools or does not refuse."""

    info: mcp.Implementation
    capabilities: mcp.ServerCapabilities
    instructions: str
    tools: tuple[mcp.Tool, ...]
    unknown: Failure | None


async def introduction(session: ClientSession) -> Introduction:
    """Ask a server that has just been connected to."""
    capabilities = session.server_capabilities or mcp.ServerCapabilities()
    tools = await every_tool(session) if capabilities.tools is not None else []
    return Introduction(
        info=session.server_info or mcp.Implementation(name="mcp", version=""),
        capabilities=capabilities,
        instructions=session.instructions or "",
        tools=tuple(tools),
        unknown=await _refusal(session) if tools else None,
    )


async def _refusal(session: ClientSession) -> Failure | None:
    """How the server refuses a tool that it does not have: a setup in which a tool is called otherwise must fail likewise."""
    with anyio.move_on_after(_TIME_FOR_IT):
        answer = await Remote({}, {}, session).call(Call(NOBODY))
        return answer if isinstance(answer, Failure) else None
    return None


class Remote:
    """The tools of a server as an environment. `session` may be given later, before the first call. `given` is what the last
    call was answered on the wire, an error of the protocol among it; `options` go along with each call."""

    session: ClientSession

    def __init__(self, tools: dict[str, Tool], listed: dict[str, mcp.Tool], session: ClientSession | None = None) -> None:
        if session is not None:
            self.session = session
        self.tools = tools
        self.listed = listed
        self.given: mcp.CallToolResult | mcp.ErrorData | None = None
        self.options: dict[str, Any] = {}

    async def call(self, call: Call) -> Answer:
        """Raises `ServerFailed` where the server has gone, or answers with what is no result."""
        self.given = None
        try:
            given = await self.session.call_tool(call.name, call.arguments, **self.options)
        except MCPError as error:
            if error.code == mcp.CONNECTION_CLOSED:
                raise ServerFailed(f"the MCP server has gone in the middle of a call of {call.name!r}") from error
            self.given = error.error
            return failure_of(call, error.error, call.name in self.tools)
        except (ValidationError, RuntimeError) as error:
            raise ServerFailed(
                f"the MCP server answered a call of {call.name!r} with no result: {texts.told(error)}"
            ) from error
        self.given = given
        return answer_of(call, given, self.tools.get(call.name), self.listed.get(call.name))

    def dump(self) -> JSON:
        raise NotImplementedError("a server does not tell its state")

    def load(self, state: JSON) -> None:
        raise NotImplementedError("a server takes no state")

    def close(self) -> None:
        """The session is somebody else's."""


class ServerToolset(Toolset):
    """The tools of a server, as it introduced itself; `declared` are tools of which somebody has declared more. `apart` are
    those with a name or a schema that no operator can work with, each with the reason: a proxy passes them on as they are."""

    dumps_state = False
    loads_state = False

    def __init__(self, introduced: Introduction, declared: Sequence[Tool] | None = None) -> None:
        self.name = introduced.info.name
        self.system = introduced.instructions
        self.tools = tuple(declared if declared is not None else map(tool_of, introduced.tools))
        self.apart: dict[str, str] = {}
        self.listed = {one.name: one for one in introduced.tools}
        self.own = {tool.name: tool for tool in self.tools}
        self._unknown = introduced.unknown

    @classmethod
    def of_usable(cls, introduced: Introduction) -> Self:
        """The toolset of those tools that operators can work with; the others are `apart`."""
        made = cls(introduced)
        for tool in made.tools:
            try:
                validity.validate_tool(made.name, tool)
            except ToolsetError as error:
                made.apart[tool.name] = str(error)
        made.tools = tuple(tool for tool in made.tools if tool.name not in made.apart)
        return made

    def refusal(self, kind: FailureKind, *, tool: str, field: str | None = None, value: JSON = None) -> Failure:
        if kind == "unknown_tool" and self._unknown is not None:
            return msgspec.structs.replace(
                self._unknown, message=self._unknown.message.replace(NOBODY, tool), tool=tool, field=field, value=value
            )
        return plain_refusal(kind, tool=tool, field=field, value=value)
