"""One client's session with a proxied MCP server: a connection of its own behind it, and all that operators remember."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import mcp_types as mcp
import msgspec
from anyio.abc import TaskGroup
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.shared.message import ServerMessageMetadata
from pydantic import BaseModel

from perturb.boundary import Boundary
from perturb.errors import PerturbError
from perturb.mcp.connecting import Connection, Server, every_tool
from perturb.mcp.records import PROTOCOL, shown_result, shown_tool
from perturb.mcp.remote import Introduction, Remote, ServerToolset
from perturb.operator import Operator, Setup, lens_for
from perturb.proxies.recording import TASK, Recorder, new_key
from perturb.toolset import Task
from perturb.types import Answer, Call, Failure, Reply

if TYPE_CHECKING:
    from mcp.server.connection import Connection as ClientConnection

Context = ServerRequestContext[Any, Any]
_Result = TypeVar("_Result", bound=BaseModel)
_NO_LIMIT = 1_000_000_000


class ProxiedEpisode(Boundary):
    """A boundary that keeps the answer behind its last reply, since a reply does not say how an error came."""

    answer: Answer | None = None

    def reply(self, call: Call, answer: Answer) -> Reply:
        self.answer = answer
        return super().reply(call, answer)


class ProxySession:
    """What a client's session consists of. It is connected to the server at its first request, declaring what the client has
    declared that it can do. Calls reach the server one at a time, in the order in which they came; those that wait for one
    another are one batch, within which the setup does not change."""

    def __init__(
        self, server: Server, introduced: Introduction, operator: Operator | None, recorder: Recorder | None, tasks: TaskGroup
    ) -> None:
        self._server = server
        self._introduced = introduced
        self._operator = operator
        self._recorder = recorder
        self._tasks = tasks
        self._client: ClientConnection | None = None
        self._connection: Connection | None = None
        self._connecting = anyio.Lock()
        self._turn = anyio.Lock()
        self._under_way = 0
        self._current: Context | None = None
        self._started = time.perf_counter()
        self.toolset = ServerToolset.of_usable(introduced)
        self.first = lens_for(operator, Setup.of(self.toolset))
        self.remote = Remote(self.toolset.own, self.toolset.listed)
        self.episode = ProxiedEpisode(self.first, Task(id=TASK, prompt=""), self.remote, max_calls=_NO_LIMIT)

    async def connected(self, context: Context) -> Connection:
        """The connection to the server, made now where there is none yet. Raises an error of the protocol where it fails."""
        async with self._connecting:
            if self._connection is None:
                self._client = context.session._connection
                connection = Connection(self._server_for(context), **self._callbacks())
                try:
                    await self._tasks.start(_held, connection)
                except PerturbError as error:
                    raise MCPError(mcp.INTERNAL_ERROR, str(error)) from error
                self._connection = connection
                self.remote.session = connection.session
            return self._connection

    def _server_for(self, context: Context) -> Server:
        """The server, reached over HTTP with the login that the client sends to the proxy, where we have none."""
        login = context.request.headers.get("authorization") if context.request is not None else None
        return self._server.with_headers({"Authorization": login}) if login else self._server

    async def close(self) -> None:
        """The client has gone: write down what it did, and let go of the server."""
        if self._recorder is not None:
            self._recorder.keep(self.episode, self.first, new_key(), self._started)
        if self._connection is not None:
            await self._connection.end()

    # What the client asks for

    async def list_tools(self, context: Context) -> mcp.ListToolsResult:
        await self.connected(context)
        return mcp.ListToolsResult(tools=self._shown_tools())

    def _shown_tools(self) -> list[mcp.Tool]:
        setup = self.episode.lens.setup
        root = {tool.name: public for tool, public in zip(setup.root.tools, setup.root.public_tools, strict=True)}
        listed = self.toolset.listed
        found = []
        for tool, public in zip(setup.tools, setup.public_tools, strict=True):
            if root.get(tool.name) == public and tool.stands_for == (tool.name,):
                found.append(listed[tool.name])
            else:
                one = tool.stands_for[0] if len(tool.stands_for) == 1 else None
                found.append(shown_tool(public, tool.effect, None if one is None else listed.get(one)))
        return [*found, *(listed[name] for name in self.toolset.apart)]

    async def call_tool(self, context: Context, asked: mcp.CallToolRequestParams) -> mcp.CallToolResult:
        await self.connected(context)
        if asked.name in self.toolset.apart and asked.name not in self.episode.lens.setup.by_name:
            return await self.ask(context, mcp.CallToolRequest(params=asked), mcp.CallToolResult)
        if not self._under_way:
            self.episode.begin_batch()
        self._under_way += 1
        try:
            async with self._turn:
                return await self._called(context, asked)
        finally:
            self._under_way -= 1
            if not self._under_way:
                await self._end_batch(context)

    async def _called(self, context: Context, asked: mcp.CallToolRequestParams) -> mcp.CallToolResult:
        self._current = context
        self.remote.options = _options(context)
        self.remote.given = None
        tool = next((one for one in self.episode.lens.setup.public_tools if one.name == asked.name), None)
        try:
            reply = await self.episode.call_in_batch(asked.name, asked.arguments or {})
        except PerturbError as error:
            raise MCPError(mcp.INTERNAL_ERROR, str(error)) from error
        finally:
            self._current = None
        answer, given = self.episode.answer, self.remote.given
        untouched = given is not None and answer is not None and answer is self.episode.real_answers[-1]
        if isinstance(answer, Failure) and answer.renderer == PROTOCOL:
            if untouched and isinstance(given, mcp.ErrorData):
                raise MCPError.from_error_data(given)
            raise MCPError(given.code if isinstance(given, mcp.ErrorData) else mcp.INVALID_PARAMS, reply.text)
        if not isinstance(given, mcp.CallToolResult):
            return shown_result(reply, tool, None)
        shown = shown_result(reply, tool, given)
        return given if untouched and given.structured_content in (None, shown.structured_content) else shown

    async def _end_batch(self, context: Context) -> None:
        before = self.episode.lens
        self.episode.end_batch()
        if self.episode.lens is not before:
            with anyio.CancelScope(shield=True):
                changed = mcp.ToolListChangedNotification()
                await context.session.send_notification(changed, related_request_id=context.request_id)

    async def ask(self, context: Context, request: Any, result: type[_Result]) -> _Result:
        """Pass a request of the client's on as it is."""
        connection = await self.connected(context)
        return await connection.session.send_request(request, result, progress_callback=_progress(context))

    async def tell(self, context: Context, notification: Any) -> None:
        """Pass a notification of the client's on as it is."""
        connection = await self.connected(context)
        await connection.session.send_notification(notification)

    # What the server asks for

    def _callbacks(self) -> dict[str, Any]:
        """What we do for the server: what the client has said that it can do."""
        can = self._client.client_capabilities if self._client is not None else None
        found: dict[str, Any] = {"message_handler": self._notified}
        if self._client is not None and self._client.client_params is not None:
            found["client_info"] = self._client.client_params.client_info
        if can is not None and can.sampling is not None:
            found |= {"sampling_callback": self._sample, "sampling_capabilities": can.sampling}
        if can is not None and can.elicitation is not None:
            found["elicitation_callback"] = self._elicit
        if can is not None and can.roots is not None:
            found["list_roots_callback"] = self._roots
        return found

    async def _sample(self, context: Any, asked: mcp.CreateMessageRequestParams) -> Any:
        made = mcp.CreateMessageResultWithTools if asked.tools else mcp.CreateMessageResult
        return await self._of_client(mcp.CreateMessageRequest(params=asked), made)

    async def _elicit(self, context: Any, asked: mcp.ElicitRequestParams) -> Any:
        return await self._of_client(mcp.ElicitRequest(params=asked), mcp.ElicitResult)

    async def _roots(self, context: Any) -> Any:
        return await self._of_client(mcp.ListRootsRequest(), mcp.ListRootsResult)

    async def _of_client(self, request: Any, result: type[BaseModel]) -> Any:
        """Ask the client in the server's name: beside the call that is under way, where there is one."""
        context, client = self._current, self._client
        assert client is not None
        try:
            if context is not None:
                beside = ServerMessageMetadata(related_request_id=context.request_id)
                return await context.session.send_request(request, result, metadata=beside)
            return await client.send_request(request, result_type=result)
        except MCPError as error:
            return error.error

    async def _notified(self, message: Any) -> None:
        if isinstance(message, mcp.ToolListChangedNotification):
            self._tasks.start_soon(self._relist)
        elif isinstance(message, _PASSED_ON):
            await self._tell_client(message)

    async def _tell_client(self, message: Any) -> None:
        if self._current is not None:
            await self._current.session.send_notification(message, related_request_id=self._current.request_id)
        elif self._client is not None:
            data = message.model_dump(by_alias=True, mode="json", exclude_none=True)
            await self._client.notify(data["method"], data.get("params"))

    async def _relist(self) -> None:
        """The server has changed its tools by itself: show the new ones under the same plan. What is remembered stays."""
        if self._connection is None:
            return
        try:
            tools = tuple(await every_tool(self._connection.session))
        except MCPError:
            return
        async with self._turn:
            self.toolset = ServerToolset.of_usable(msgspec.structs.replace(self._introduced, tools=tools))
            self.remote.tools, self.remote.listed = self.toolset.own, self.toolset.listed
            self.episode.lens = lens_for(self._operator, Setup.of(self.toolset))
            self.episode.end_batch()
        await self._tell_client(mcp.ToolListChangedNotification())


_PASSED_ON = (
    mcp.LoggingMessageNotification,
    mcp.ResourceListChangedNotification,
    mcp.ResourceUpdatedNotification,
    mcp.PromptListChangedNotification,
)


def _options(context: Context) -> dict[str, Any]:
    """What goes along with a call: where progress is told, and what the client says beside it."""
    meta = {key: value for key, value in (context.meta or {}).items() if key not in ("progressToken", "progress_token")}
    return {"progress_callback": _progress(context)} | ({"meta": meta} if meta else {})


def _progress(context: Context) -> Any:
    """Where progress is told of, `None` where the client has not asked for it."""
    if (context.meta or {}).get("progress_token") is None:
        return None

    async def told(progress: float, total: float | None, message: str | None) -> None:
        await context.session.report_progress(progress, total, message)

    return told


async def _held(connection: Connection, *, task_status: Any = anyio.TASK_STATUS_IGNORED) -> None:
    await connection.run(task_status=task_status)
