"""`mcp:…`: an MCP server as a toolset.

Each episode has a session with the server of its own, and a process where a command starts it. All sessions live in one thread
beside the agents': environments are also asked for their state by code that does not wait.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import Coroutine
from concurrent.futures import Future, wait
from functools import cache, cached_property
from typing import Any, TypeVar

import anyio
import mcp_types as mcp
import msgspec
from anyio.abc import TaskGroup

from perturb.beside import declared
from perturb.errors import ServerFailed, ToolsetError
from perturb.mcp.connecting import Connection
from perturb.mcp.files import Named, read_spec
from perturb.mcp.records import tool_of
from perturb.mcp.remote import Introduction, Remote, ServerToolset, introduction
from perturb.mcp.world import World
from perturb.toolset import Task
from perturb.types import JSON, Answer, Call, Result, digest

T = TypeVar("T")
_TIME_TO_END = 10.0


class _Thread:
    """The thread in which sessions live, with the loop that runs them."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._ready: Future[TaskGroup] = Future()
        threading.Thread(target=self._loop.run_until_complete, args=(self._hold(),), daemon=True).start()
        self._tasks = self._ready.result()

    async def _hold(self) -> None:
        async with anyio.create_task_group() as tasks:
            self._ready.set_result(tasks)
            await anyio.sleep_forever()

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Do something there; what it gives can be waited for here."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def connect(self, connection: Connection) -> None:
        """To be called there."""

        async def held(*, task_status: Any) -> None:
            await connection.run(task_status=task_status)

        await self._tasks.start(held)


@cache
def _thread() -> _Thread:
    return _Thread()


class McpEnvironment:
    """One episode's server. It is reset, and connected to, when it is first asked for something."""

    def __init__(self, toolset: McpToolset) -> None:
        self._toolset = toolset
        self._world: World | None = None
        self._connection: Connection | None = None
        self._remote: Remote | None = None
        self._starting = anyio.Lock()
        self._state: list[JSON] = []
        self._touched = self._closed = False

    async def call(self, call: Call) -> Answer:
        """Raises `ServerFailed` where the server has gone, `ToolsetError` for a write that nothing would take back."""
        self._toolset.refuse_lasting(call.name)
        self._state.clear()
        self._touched = True
        return await asyncio.wrap_future(_thread().start(self._call(call)))

    async def _call(self, call: Call) -> Answer:
        async with self._starting:
            if self._remote is None:
                await self._connect()
        world, remote = self._world, self._remote
        assert world is not None
        assert remote is not None
        answer = await remote.call(Call(call.name, world.meant(call.arguments)))
        if isinstance(answer, Result):
            return Result(world.told(answer.data), answer.renderer)
        return msgspec.structs.replace(answer, message=world.told(answer.message))

    async def _connect(self) -> None:
        world = await self._begun()
        self._connection = Connection(world.server, errors=world.errors)
        await _thread().connect(self._connection)
        self._remote = Remote(self._toolset.own, self._toolset.listed, self._connection.session)

    async def _begun(self) -> World:
        if self._world is None:
            world = await self._toolset.begin()
            try:
                await world.reset()
            except BaseException:
                self._toolset.leave(world)
                raise
            self._world = world
        return self._world

    def dump(self) -> JSON:
        self._touched = True
        if not self._state:
            self._state.append(_thread().start(self._told()).result())
        return self._state[0]

    async def _told(self) -> JSON:
        async with self._starting:
            world = await self._begun()
        return await world.state()

    def load(self, state: JSON) -> None:
        raise NotImplementedError(f"toolset {self._toolset.name!r} has no command that sets its state")

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            if self._touched:
                self._toolset.ending.append(_thread().start(self._end()))

    async def _end(self) -> None:
        async with self._starting:
            if self._remote is not None and self._connection is not None:
                await self._connection.end()
            if self._world is not None:
                self._toolset.leave(self._world)


class McpToolset(ServerToolset):
    """The tools of a server, with the tasks that somebody has written for it.

    Without a command that resets its world, its tools may be called as far as they are declared to be read-only, unless
    `--allow-writes` is given. It is `exclusive` where its episodes share a world that they may change.
    """

    def __init__(self, named: Named, introduced: Introduction) -> None:
        beside = named.beside
        super().__init__(introduced, declared(map(tool_of, introduced.tools), named.beside, named.server.told))
        self._named = named
        self.name = beside.name or introduced.info.name
        self.system = introduced.instructions if beside.system is None else beside.system
        self.tasks = named.tasks
        self.entities = beside.entities
        self.identifiers = beside.forms()
        self.messages = beside.messages
        self.volatile = beside.volatile
        self.dumps_state = beside.state is not None
        self.exclusive = not named.isolated and (beside.reset is not None or named.allow_writes)
        self.ending: list[Future[None]] = []
        """The ends of episodes that may still be under way."""
        self._open: set[World] = set()
        for task in self.tasks:
            for call in task.gold or ():
                if call.name in self.own:
                    self.refuse_lasting(call.name, f"a gold call of task {task.id!r} of toolset {self.name!r}: ")

    def environment(self, task: Task) -> McpEnvironment:
        return McpEnvironment(self)

    def digest(self) -> str:
        # What is in the environment of a process, or in headers, is nobody's business, and changes from place to place.
        entries = self._named.server.entries.items()
        server = {name: {key: entry.get(key) for key in ("command", "args", "cwd", "url")} for name, entry in entries}
        return digest([super().digest(), self._named.beside, server, self._initial])

    @cached_property
    def _initial(self) -> JSON:
        """The state that episodes begin in, `None` where nothing tells it."""
        if not self.dumps_state:
            return None
        environment = McpEnvironment(self)
        try:
            return environment.dump()
        finally:
            environment.close()

    def refuse_lasting(self, tool: str, where: str = "") -> None:
        """Raise `ToolsetError` for a tool whose effects nothing would take back."""
        known = self.own.get(tool)
        if known is None or known.effect == "read" or self._named.beside.reset is not None or self._named.allow_writes:
            return
        if self._named.isolated:
            return
        raise ToolsetError(
            f"{where}{tool!r} is not declared to be read-only, and nothing takes back what it does; give a command as reset, "
            "have the server work in {workspace}, or allow it with --allow-writes"
        )

    async def begin(self) -> World:
        """A world for an episode. Where they share one, the last must have been left."""
        for one in [one for one in self.ending if one.done()]:
            self.ending.remove(one)
        if self.exclusive:
            await asyncio.gather(*map(asyncio.wrap_future, self.ending), return_exceptions=True)
            if self._open:
                raise ToolsetError(f"two episodes of toolset {self.name!r} would share one world; run them one at a time")
        world = World(self._named)
        self._open.add(world)
        return world

    def leave(self, world: World) -> None:
        """An episode is over."""
        self._open.discard(world)
        world.close()

    def wait(self) -> None:
        """Wait, for a while, until the servers of all episodes have ended, so that none outlives us."""
        wait(self.ending, timeout=_TIME_TO_END)


def create(spec: str) -> McpToolset:
    """The toolset that stands behind `mcp:`. Raises `ServerFailed` where the server cannot be asked what tools it has."""
    named = read_spec(spec)
    world = World(named)

    async def ask() -> Introduction:
        try:
            await world.reset()
            connection = Connection(world.server, errors=world.errors)
            await _thread().connect(connection)
            try:
                return await introduction(connection.session)
            finally:
                await connection.end()
        finally:
            world.close()

    introduced = _thread().start(ask()).result()
    if not introduced.tools:
        raise ServerFailed(f"the MCP server {named.server.told} lists no tools, so there is nothing to test")
    listed = [world.told(one.model_dump(by_alias=True, exclude_none=True, mode="json")) for one in introduced.tools]
    tools = tuple(map(mcp.Tool.model_validate, listed))
    introduced = msgspec.structs.replace(introduced, tools=tools, instructions=world.told(introduced.instructions))
    made = McpToolset(named, introduced)
    atexit.register(made.wait)
    return made
