"""Where an MCP server is, and a live session with it.

A session is kept by a task of its own, which enters and leaves all that belongs to it; others use it and ask it to end.
"""

from __future__ import annotations

import logging
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

import anyio
import httpx2
import mcp_types as mcp
import msgspec
from anyio.abc import TaskStatus
from fastmcp.client.transports.base import ClientTransport, TransportOptions
from fastmcp.client.transports.config import MCPConfigTransport
from mcp import ClientSession
from mcp.client._probe import negotiate_auto
from mcp.shared.exceptions import MCPError

from perturb import texts
from perturb.errors import ConfigurationError, PerturbError, ServerFailed, first_of

PATIENCE = 60.0
"""Seconds that a server may take to start and to introduce itself."""


class Server(msgspec.Struct, frozen=True):
    """Where a server is: entries as under `mcpServers` in the files of MCP clients. `told` names it in messages."""

    told: str
    entries: dict[str, dict[str, Any]]

    def with_headers(self, headers: Mapping[str, str]) -> Server:
        """The same with further headers for each entry that is reached over HTTP; its own come first."""
        entries = {
            name: {**entry, "headers": {**headers, **(entry.get("headers") or {})}} if "url" in entry else entry
            for name, entry in self.entries.items()
        }
        return msgspec.structs.replace(self, entries=entries)


def server_of_command(words: Sequence[str]) -> Server:
    """A server that a command starts, which speaks over its standard input and output, and has our whole environment."""
    entry = {"command": words[0], "args": list(words[1:]), "env": dict(os.environ)}
    return Server(told=shlex.join(words), entries={"server": entry})


def server_of_url(url: str) -> Server:
    """A server that speaks streamable HTTP, or SSE where the path ends in `/sse`."""
    return Server(told=url, entries={"server": {"url": url}})


def transport_of(server: Server, errors: TextIO | Path | None) -> ClientTransport:
    """The way to a server. A process is started for each session, and its errors go to `errors`, or to our own."""
    from pydantic import ValidationError

    logging.getLogger("fastmcp").setLevel(logging.WARNING)  # it tells much of how it joins several servers
    entries = {name: {"keep_alive": False, **entry} if "command" in entry else entry for name, entry in server.entries.items()}
    try:
        transport = MCPConfigTransport({"mcpServers": entries})
    except (ValidationError, ValueError) as error:
        problem = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise ConfigurationError(f"{server.told}: no MCP server is described: {problem}; give its command or its url") from None
    if len(entries) == 1 and hasattr(transport.transport, "log_file"):
        # What stands in for our standard error, in a test or a notebook, is often no file that a process can write to.
        transport.transport.log_file = errors or sys.__stderr__
    return transport


class Relaying(ClientSession):
    """A session that passes results on as they are: whether they fit what the server declares is for its client to judge."""

    async def validate_tool_result(self, name: str, result: mcp.CallToolResult) -> None:
        """Nothing is refused."""


class Connection:
    """A session with a server, from `run` to `end`. `callbacks` go to the session: what to do with the server's own requests
    and notifications. `session` is there once `run` has started; `lost` once the server has gone by itself."""

    session: ClientSession

    def __init__(
        self, server: Server, *, errors: TextIO | Path | None = None, patience: float = PATIENCE, **callbacks: Any
    ) -> None:
        self.server = server
        self._errors = errors
        self._patience = patience
        self._callbacks = callbacks
        self._over = anyio.Event()
        self._gone = anyio.Event()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Hold the session until `end` is called. Raises `ServerFailed` where it does not come about."""
        started = False
        try:
            with anyio.CancelScope(deadline=anyio.current_time() + self._patience) as patience:
                transport = transport_of(self.server, self._errors)
                options = TransportOptions(session_class=Relaying)
                async with transport.connect_session(transport_options=options, **self._callbacks) as session:
                    await _introduced(session)
                    patience.deadline = float("inf")
                    self.session = session
                    started = True
                    task_status.started()
                    await self._over.wait()
            if not started and patience.cancelled_caught:
                raise ServerFailed(
                    f"the MCP server {self.server.told} did not introduce itself within {self._patience:g} s; "
                    f"run it by hand to see what it waits for{self._last_words()}"
                )
        except PerturbError:
            raise
        except Exception as error:
            if not started:
                raise ServerFailed(self._why(first_of(error))) from error
        finally:
            self._gone.set()

    async def end(self) -> None:
        """End the session and wait until everything that belongs to it is closed."""
        self._over.set()
        await self._gone.wait()

    def _why(self, error: BaseException) -> str:
        told = self.server.told
        if isinstance(error, FileNotFoundError):
            return (
                f"the MCP server {told} cannot be started: there is no command {error.filename!r}; install it, or name another"
            )
        if isinstance(error, OSError) and error.filename is not None:
            return f"the MCP server {told} cannot be started: {error.filename}: {error.strerror}; name another command"
        if isinstance(error, MCPError) and error.code == mcp.CONNECTION_CLOSED:
            return f"the MCP server {told} ended before it introduced itself; run it by hand to see why{self._last_words()}"
        if isinstance(error, httpx2.HTTPStatusError):
            status = error.response.status_code
            return f"the MCP server {told} answered with HTTP {status}; check the URL, and what it wants as a login"
        if isinstance(error, httpx2.TransportError):
            return f"the MCP server {told} cannot be reached: {texts.told(error)}; start it, or correct the URL"
        return f"the MCP server {told} did not introduce itself: {texts.told(error)}{self._last_words()}"

    def _last_words(self) -> str:
        """The last line that the server wrote to its standard error, where that goes to a file."""
        if not isinstance(self._errors, Path):
            return ""
        with suppress(OSError):
            lines = self._errors.read_text(encoding="utf-8", errors="replace").split("\n")
            last = next((line.strip() for line in reversed(lines) if line.strip()), "")
            return f" (its last line: {last[:200]})" if last else ""
        return ""


async def _introduced(session: ClientSession) -> None:
    """Agree on a version of the protocol: one with sessions where the server speaks any, since pages, faults and the state of
    most servers live in one."""
    try:
        await session.initialize()
    except MCPError as error:
        if error.code == mcp.CONNECTION_CLOSED:
            raise
        await negotiate_auto(session)


async def every_tool(session: ClientSession) -> list[mcp.Tool]:
    """All tools that a server lists, over all pages."""
    found: list[mcp.Tool] = []
    cursor: str | None = None
    while True:
        page = await session.list_tools(params=mcp.PaginatedRequestParams(cursor=cursor) if cursor else None)
        found += page.tools
        cursor = page.next_cursor
        if not cursor:
            return found
