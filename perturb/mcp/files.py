"""How an MCP server is named as a toolset, and the files that name it.

`mcp:` is followed by options and then by a server: a command with its arguments, a URL, or a file of `mcpServers` as MCP
clients have it, in JSON or YAML. `--tasks FILE` names a file with what a server does not say of itself; a file of `mcpServers`
may hold the same keys itself. `--allow-writes` lets tools change a world that nothing resets.

The keys are those of `perturb.beside`.

`{workspace}` stands for a folder of an episode's own, in the server's command, in `reset` and in `state`; in prompts, gold
calls and checks it stands for what an agent is told in its place, `/workspace`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from perturb.beside import Beside, keys_of, object_of, said_beside, words_of
from perturb.errors import ConfigurationError
from perturb.mcp.connecting import Server, server_of_command, server_of_url
from perturb.plugins import MCP
from perturb.toolset import Task
from perturb.types import JSON

WORKSPACE = "{workspace}"
TOLD = "/workspace"
"""What agents are told in place of the folder of an episode's own."""
_SUFFIXES = (".json", ".yaml", ".yml")
_KEYS = keys_of(Beside)
_WANTED = f"mcpServers, or with {', '.join(_KEYS)}"


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A server as a toolset, as it was named. `folder` is where its commands run: that of the file, or the current one."""

    server: Server
    beside: Beside = Beside()
    tasks: tuple[Task, ...] = ()
    folder: Path
    allow_writes: bool = False

    @property
    def isolated(self) -> bool:
        """Whether each episode has a server over a folder of its own."""
        return WORKSPACE in json.dumps(self.server.entries)


def read_spec(spec: str) -> Named:
    """What stands behind `mcp:`. Raises `ConfigurationError` or `ToolsetError` for what cannot be meant."""
    given, words = words_of(MCP, spec, {"--allow-writes": "", "--tasks": "a file"})
    tasks_file = Path(given["--tasks"]) if "--tasks" in given else None
    if not words:
        raise ConfigurationError(f"toolset 'mcp:{spec}' names no server; write its command, its URL, or a file of mcpServers")
    file = Path(words[0]) if len(words) == 1 and words[0].endswith(_SUFFIXES) else None
    content = object_of(file, _WANTED) if file is not None else {}
    server = _server_in(content, file) if file is not None else _server(words)
    folder, place = Path.cwd(), file
    if file is not None:
        folder = file.resolve().parent
        # Files of MCP clients hold much else that is none of our business; those that are written for us are held to our keys.
        ours = bool(_KEYS_OF_OURS & content.keys())
        content = {key: value for key, value in content.items() if key != "mcpServers" and (ours or key in _KEYS)}
    if tasks_file is not None:
        if content:
            raise ConfigurationError(f"{file} holds {', '.join(content)} itself; leave --tasks {tasks_file} out, or them")
        content, place, folder = object_of(tasks_file, _WANTED), tasks_file, tasks_file.resolve().parent
        if "mcpServers" in content:
            raise ConfigurationError(f"{tasks_file} names a server itself; write mcp:{tasks_file}, and no --tasks")
    beside, tasks = said_beside(_told_tasks(content), place, Beside) if place is not None else (Beside(), ())
    return Named(server=server, beside=beside, tasks=tasks, folder=folder, allow_writes="--allow-writes" in given)


_KEYS_OF_OURS = {"tasks", "reset", "state"}


def server_named(text: str) -> Server:
    """The server that a URL or a file of `mcpServers` names."""
    if text.startswith(("http://", "https://")):
        return server_of_url(text)
    return _server_in(object_of(Path(text), _WANTED), Path(text))


def _server(words: list[str]) -> Server:
    if len(words) == 1 and words[0].startswith(("http://", "https://")):
        return server_of_url(words[0])
    return server_of_command(words)


def _server_in(content: Mapping[str, JSON], file: Path) -> Server:
    entries = content.get("mcpServers")
    if not isinstance(entries, dict) or not entries or not all(isinstance(entry, dict) for entry in entries.values()):
        raise ConfigurationError(
            f'{file} describes no server; write {{"mcpServers": {{"NAME": {{"command": …, "args": […]}}}}}}'
        )
    return Server(told=str(file), entries=entries)


def _told_tasks(content: Mapping[str, JSON]) -> dict[str, JSON]:
    return {key: _told(value) if key == "tasks" else value for key, value in content.items()}


def _told(value: Any) -> Any:
    """JSON in which the workspace is called as agents are told."""
    if isinstance(value, str):
        return value.replace(WORKSPACE, TOLD)
    if isinstance(value, list):
        return [_told(one) for one in value]
    if isinstance(value, dict):
        return {_told(key): _told(one) for key, one in value.items()}
    return value
