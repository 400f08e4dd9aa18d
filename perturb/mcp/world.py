"""The world of one episode behind an MCP server: a folder of its own, and the commands that reset it and read its state."""

from __future__ import annotations

import re
import shutil
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any

from perturb.beside import Command, run, told_by
from perturb.mcp.connecting import Server
from perturb.mcp.files import TOLD, WORKSPACE, Named
from perturb.types import JSON


class World:
    """Where one episode happens. `root` is its folder, whose path stands in no transcript: agents are told `/workspace`."""

    def __init__(self, named: Named) -> None:
        self._named = named
        self.root = Path(tempfile.mkdtemp(prefix="perturb-")).resolve()
        self.errors = self.root.with_name(f"{self.root.name}.log")
        """Where the server writes its errors."""

    @cached_property
    def server(self) -> Server:
        """The server over this world."""
        entries = self._placed(self._named.server.entries)
        for entry in entries.values():
            if "command" in entry:
                entry.setdefault("cwd", str(self._named.folder))
        return Server(told=self._named.server.told, entries=entries)

    async def reset(self) -> None:
        """Make the world as it is to be when an episode begins."""
        if self._named.beside.reset is not None:
            await self._run("reset", self._named.beside.reset)

    async def state(self) -> JSON:
        """What the state command tells: its JSON, or its text where it prints none."""
        command = self._named.beside.state
        if command is None:
            raise NotImplementedError("nothing reads the state behind this server; name a command as state")
        return self.told(told_by(await self._run("state", command)))

    def close(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        self.errors.unlink(missing_ok=True)

    def told(self, value: Any) -> Any:
        """A value from within as agents are told it."""
        return _everywhere(value, lambda text: text.replace(str(self.root), TOLD))

    def meant(self, value: Any) -> Any:
        """What an agent says, as it is meant within."""
        return _everywhere(value, lambda text: _SAID.sub(lambda _: str(self.root), text))

    def _placed(self, value: Any) -> Any:
        return _everywhere(value, lambda text: text.replace(WORKSPACE, str(self.root)))

    async def _run(self, what: str, command: Command) -> str:
        words = self._placed(command if isinstance(command, str) else list(command))
        return await run(what, words, self._named.folder, {"PERTURB_WORKSPACE": str(self.root)})


_SAID = re.compile(rf"(?<![\w.\-/]){re.escape(TOLD)}(?![\w\-])")


def _everywhere(value: Any, change: Any) -> Any:
    """JSON with each of its texts changed, keys among them."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, (list, tuple)):
        return [_everywhere(one, change) for one in value]
    if isinstance(value, dict):
        return {change(key): _everywhere(one, change) for key, one in value.items()}
    return value
