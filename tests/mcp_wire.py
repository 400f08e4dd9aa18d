"""Clients and proxies for the tests of MCP: in this process, and an informed client that knows the plan of a proxy."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

pytest.importorskip("fastmcp", reason="the extra [mcp] is not installed")

import mcp_notes
import mcp_types as mcp
import msgspec
from fastmcp import FastMCP
from fastmcp.client.transports import FastMCPTransport
from mcp import Client

from perturb import texts
from perturb.mcp import connecting
from perturb.mcp.connecting import Server, server_of_command
from perturb.mcp.records import answer_of, tool_of
from perturb.operator import Performing, Setup, StackLens, lens_for
from perturb.proxies.mcp_proxy import Proxy, introduced
from perturb.proxies.mcp_session import ProxySession
from perturb.proxies.plans import Wanted
from perturb.store import Store
from perturb.types import Answer, Call, Failure, Result

NOWHERE = server_of_command(["in", "this", "process"])
GOLD = (
    Call("list_notes", {}),
    Call("get_note", {"note_id": 3}),
    Call("add_note", {"title": "Water the roses", "tag": "garden"}),
    Call("rename_note", {"note_id": 4, "title": "Call the office"}),
    Call("list_notes", {"tag": "garden"}),
    Call("count_notes", {}),
    Call("get_note", {"note_id": 99}),
    Call("get_note", {"note_id": 9}),
)
"""Reads and writes, one of which fails, and what they have left behind."""


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> list[FastMCP[Any]]:
    """Servers behind the proxies of a test, one for each connection, all in this process."""
    made: list[FastMCP[Any]] = []

    def transport(server: Server, errors: Any) -> FastMCPTransport:
        made.append(mcp_notes.make())
        return FastMCPTransport(made[-1])

    monkeypatch.setattr(connecting, "transport_of", transport)
    return made


class Watched(Proxy):
    """A proxy whose last session can be looked into."""

    last: ProxySession

    async def session(self, context: Any) -> ProxySession:
        self.last = await super().session(context)
        return self.last


async def a_proxy(*operators: str, store: Store | None = None, **wanted: Any) -> Watched:
    return Watched(NOWHERE, await introduced(NOWHERE), Wanted(operators=operators, **wanted), store)


@asynccontextmanager
async def client_of(proxy: Proxy, **options: Any) -> AsyncGenerator[Client]:
    async with Client(proxy, mode="legacy", **options) as client:
        yield client


def itself() -> Client:
    """A client of the server, without a proxy."""
    return Client(mcp_notes.make()._mcp_server, mode="legacy")


class Informed:
    """A client that knows what the proxy shows: it makes real calls as an agent that knows the plan would, and reads the
    answers back. What an answer is comes over the wire; of which kind an error is, which MCP does not say, from the proxy."""

    def __init__(self, proxy: Watched) -> None:
        self.proxy = proxy
        self.session: Client
        self.lens = lens_for(proxy.drawn.operator, Setup.of(proxy.toolset))
        self.staged = self.lens.next_stage is not None
        self.heard = 0

    async def notified(self, message: Any) -> None:
        """The tools have changed: a migration has taken place."""
        if isinstance(message, mcp.ToolListChangedNotification):
            self.heard += 1
            self.lens = self.lens.next_stage or self.lens

    async def __call__(self, call: Call) -> Answer:
        """The real answer to a real call."""
        if not self.staged:
            return await _driven(self.lens.perform(call), self._send)
        # What changes within a session lies outermost, so that it may change between two calls.
        return await _driven(self.lens.inner.perform(call), lambda inner: _driven(self._outermost(inner), self._send))

    def _outermost(self, call: Call) -> Performing:
        return self.lens.layers[-1].perform(call)

    async def _send(self, call: Call) -> Answer:
        given = await self.session.call_tool(call.name, call.arguments)
        shown = self.proxy.last.episode.answer
        assert shown is not None
        text = given.content[0].text
        if isinstance(shown, Failure):
            assert given.is_error == (not shown.in_band)
            return msgspec.structs.replace(shown, message=text) if shown.renderer == "plain" else shown
        assert not given.is_error
        assert text == texts.result_text(shown)
        if given.structured_content is None:
            return shown
        tools = {tool.name: tool for tool in await tools_of(self.session)}
        return shown if call.name not in tools else answer_of(call, given, tool_of(tools[call.name]), tools[call.name])


async def _driven(performing: Performing, send: Callable[[Call], Awaitable[Answer]]) -> Answer:
    request = next(performing)
    while True:
        answer = await send(request)
        try:
            request = performing.send(answer)
        except StopIteration as stop:
            found: Answer = stop.value
            return found


async def tools_of(session: Any) -> list[mcp.Tool]:
    """What a client of `mcp` or of `fastmcp` is told of tools."""
    listed = await session.list_tools()
    return list(getattr(listed, "tools", listed))


class Reader:
    """An informed client that has nothing but the wire and the plan. Of errors it knows those that say to try again."""

    def __init__(self, session: Any, lens: StackLens) -> None:
        self.session = session
        self.lens = lens
        self.staged = lens.next_stage is not None

    async def notified(self, message: Any) -> None:
        if isinstance(message, mcp.ToolListChangedNotification):
            self.lens = self.lens.next_stage or self.lens

    async def __call__(self, call: Call) -> Answer:
        performing = self.lens.inner.perform(call) if self.staged else self.lens.perform(call)
        return await self._driven(performing, inner=self.staged)

    async def _driven(self, performing: Performing, *, inner: bool) -> Answer:
        request = next(performing)
        while True:
            if inner:
                answer = await self._driven(self.lens.layers[-1].perform(request), inner=False)
            else:
                answer = await self._send(request)
            try:
                request = performing.send(answer)
            except StopIteration as stop:
                found: Answer = stop.value
                return found

    async def _send(self, call: Call) -> Answer:
        listed = {tool.name: tool for tool in await tools_of(self.session)}
        plain = {} if isinstance(self.session, Client) else {"raise_on_error": False}
        given = await self.session.call_tool(call.name, call.arguments, **plain)
        result = mcp.CallToolResult(content=given.content, structured_content=given.structured_content, is_error=given.is_error)
        tool = listed.get(call.name)
        answer = answer_of(call, result, None if tool is None else tool_of(tool), tool)
        if isinstance(answer, Result) and answer.renderer == "text" and answer.data.startswith(("[", "{")):
            with suppress(ValueError):
                return Result(json.loads(answer.data))  # JSON that no schema was shown for
        if isinstance(answer, Failure) and "temporarily unavailable" in answer.message:
            return Failure(kind="unavailable", message=answer.message, tool=call.name)
        return answer
