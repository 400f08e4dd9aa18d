"""The MCP proxy: a server in front of a server, whose tools any client sees perturbed.

It speaks the versions of MCP that have sessions, up to 2025-11-25, over stdio and over streamable HTTP: what operators remember
(pages, faults, a migration under way) belongs to one client's session, and 2026-07-28 has none. Clients of that version fall
back by themselves.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import mcp_types as mcp
import msgspec
from anyio.abc import TaskGroup
from mcp.server.lowlevel import NotificationOptions
from mcp.server.lowlevel import Server as McpServer
from mcp.server.models import InitializationOptions
from mcp.server.runner import serve_loop
from mcp.server.stdio import stdio_server
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.types import ASGIApp, Receive, Scope, Send

from perturb.errors import first_of
from perturb.mcp.connecting import Connection, Server
from perturb.mcp.remote import Introduction, ServerToolset, introduction
from perturb.operator import Setup, lens_for
from perturb.proxies.mcp_session import Context, ProxySession
from perturb.proxies.plans import Drawn, Wanted, drawn
from perturb.proxies.recording import Recorder
from perturb.store import Store

PATH = "/mcp"
_SESSION = "perturb"
"""Under what a client's connection keeps its session."""


async def introduced(server: Server) -> Introduction:
    """Connect to a server for as long as it takes to introduce itself. Raises `ServerFailed` where it does not."""
    connection = Connection(server)
    found: list[Introduction] = []

    async def ask() -> None:
        found.append(await introduction(connection.session))
        await connection.end()

    try:
        async with anyio.create_task_group() as tasks:
            await tasks.start(_run, connection)
            tasks.start_soon(ask)
    except BaseExceptionGroup as group:
        raise first_of(group) from None
    return found[0]


async def _run(connection: Connection, *, task_status: Any) -> None:
    await connection.run(task_status=task_status)


class Proxy(McpServer[TaskGroup]):
    """The server that clients talk to. It has the name, the version and the capabilities of the one behind it."""

    def __init__(self, server: Server, known: Introduction, wanted: Wanted, store: Store | None) -> None:
        super().__init__(known.info.name, version=known.info.version, lifespan=_tasks)
        self.middleware.clear()
        self.known = known
        self._behind = server
        self._open: set[ProxySession] = set()
        self.toolset = ServerToolset.of_usable(known)
        setup = Setup.of(self.toolset)
        self.drawn: Drawn = drawn(wanted, setup)
        self.setup = lens_for(self.drawn.operator, setup).setup
        self._recorder = None if store is None else Recorder(store, self.drawn.operator)
        self._register()

    def create_initialization_options(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
    ) -> InitializationOptions:
        info, capabilities = self.known.info, self.known.capabilities
        if capabilities.tools is not None:
            # A migration changes the tools within a session, whatever the server itself does.
            capabilities = capabilities.model_copy(update={"tools": mcp.ToolsCapability(list_changed=True)})
        return InitializationOptions(
            server_name=info.name,
            server_version=info.version,
            title=info.title,
            description=info.description,
            capabilities=capabilities.model_copy(update={"tasks": None}),
            instructions=self.setup.system or None,
            website_url=info.website_url,
            icons=info.icons,
        )

    async def session(self, context: Context) -> ProxySession:
        """The session of the client that a request comes from."""
        client = context.session._connection
        found: ProxySession | None = client.state.get(_SESSION)
        if found is None:
            tasks: TaskGroup = context.lifespan_context
            found = ProxySession(self._behind, self.known, self.drawn.operator, self._recorder, tasks)
            client.state[_SESSION] = found
            client.exit_stack.push_async_callback(self._end, found)
            self._open.add(found)
        return found

    async def _end(self, session: ProxySession) -> None:
        self._open.discard(session)
        await session.close()

    async def close(self) -> None:
        """End all sessions."""
        for session in list(self._open):
            await self._end(session)

    def _register(self) -> None:
        can = self.known.capabilities
        if can.tools is not None:
            self.add_request_handler("tools/list", mcp.PaginatedRequestParams, self._list_tools)
            self.add_request_handler("tools/call", mcp.CallToolRequestParams, self._call_tool)
        if can.prompts is not None:
            self._pass_on("prompts/list", mcp.ListPromptsRequest, mcp.PaginatedRequestParams, mcp.ListPromptsResult)
            self.add_request_handler("prompts/get", mcp.GetPromptRequestParams, self._get_prompt)
        if can.resources is not None:
            page = mcp.PaginatedRequestParams
            self._pass_on("resources/list", mcp.ListResourcesRequest, page, mcp.ListResourcesResult)
            self._pass_on("resources/templates/list", mcp.ListResourceTemplatesRequest, page, mcp.ListResourceTemplatesResult)
            self._pass_on("resources/read", mcp.ReadResourceRequest, mcp.ReadResourceRequestParams, mcp.ReadResourceResult)
        if can.resources is not None and can.resources.subscribe:
            self._pass_on("resources/subscribe", mcp.SubscribeRequest, mcp.SubscribeRequestParams, mcp.EmptyResult)
            self._pass_on("resources/unsubscribe", mcp.UnsubscribeRequest, mcp.UnsubscribeRequestParams, mcp.EmptyResult)
        if can.completions is not None:
            self._pass_on("completion/complete", mcp.CompleteRequest, mcp.CompleteRequestParams, mcp.CompleteResult)
        if can.logging is not None:
            self._pass_on("logging/setLevel", mcp.SetLevelRequest, mcp.SetLevelRequestParams, mcp.EmptyResult)
        self.add_notification_handler("notifications/roots/list_changed", mcp.NotificationParams, self._roots_changed)

    def _pass_on(self, method: str, request: type[Any], params: type[Any], result: type[Any]) -> None:
        async def handler(context: Context, asked: Any) -> Any:
            session = await self.session(context)
            return await session.ask(context, request(params=asked), result)

        self.add_request_handler(method, params, handler)

    async def _list_tools(self, context: Context, asked: mcp.PaginatedRequestParams) -> mcp.ListToolsResult:
        return await (await self.session(context)).list_tools(context)

    async def _call_tool(self, context: Context, asked: mcp.CallToolRequestParams) -> mcp.CallToolResult:
        return await (await self.session(context)).call_tool(context, asked)

    async def _get_prompt(self, context: Context, asked: mcp.GetPromptRequestParams) -> mcp.GetPromptResult:
        """A prompt may name tools: it names them as they are shown."""
        session = await self.session(context)
        given = await session.ask(context, mcp.GetPromptRequest(params=asked), mcp.GetPromptResult)
        for message in given.messages:
            if isinstance(message.content, mcp.TextContent):
                message.content.text = session.episode.shown_text(message.content.text)
        return given

    async def _roots_changed(self, context: Context, asked: mcp.NotificationParams) -> None:
        await (await self.session(context)).tell(context, mcp.RootsListChangedNotification())


@asynccontextmanager
async def _tasks(server: McpServer[TaskGroup]) -> AsyncGenerator[TaskGroup]:
    """The tasks that hold the connections to the server behind the proxy."""
    async with anyio.create_task_group() as tasks:
        yield tasks
        tasks.cancel_scope.cancel()


async def serve_stdio(proxy: Proxy) -> None:
    """Serve one client over standard input and output, until it closes them or asks us to terminate."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_terminated, proxy)
        async with proxy.lifespan(proxy) as state, stdio_server() as (incoming, outgoing):
            await serve_loop(proxy, incoming, outgoing, lifespan_state=state)
        tasks.cancel_scope.cancel()


async def _terminated(proxy: Proxy) -> None:
    """Leave at once when we are told to, with everything written down: the thread that waits for standard input cannot be
    called off."""
    with anyio.open_signal_receiver(signal.SIGTERM) as signals:
        async for _ in signals:
            await proxy.close()
            os._exit(0)


def http_app(proxy: Proxy, host: str) -> ASGIApp:
    """The proxy as an application of streamable HTTP at `PATH`, with a session for each client."""
    return with_sessions_only(proxy.streamable_http_app(streamable_http_path=PATH, host=host))


def with_sessions_only(app: ASGIApp) -> ASGIApp:
    """Refuse requests in a version of MCP without sessions, naming those that are spoken here; clients then fall back."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        version = next((value.decode("latin-1") for name, value in scope.get("headers", ()) if name == _VERSION), None)
        if scope["type"] != "http" or version is None or version in HANDSHAKE_PROTOCOL_VERSIONS:
            await app(scope, receive, send)
        else:
            await _refuse(version, receive, send)

    return answer


_VERSION = b"mcp-protocol-version"


async def _refuse(version: str, receive: Receive, send: Send) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message["type"] == "http.request" and message.get("more_body", False)
    try:
        asked = json.loads(body)
    except ValueError:
        asked = None
    error = {
        "code": mcp.UNSUPPORTED_PROTOCOL_VERSION,
        "message": f"MCP {version} has no sessions, and this server needs them",
        "data": {"supported": list(HANDSHAKE_PROTOCOL_VERSIONS), "requested": version},
    }
    answer = {"jsonrpc": "2.0", "id": asked.get("id") if isinstance(asked, dict) else None, "error": error}
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": msgspec.json.encode(answer)})
