"""How an MCP server is named as a toolset, and the files that name it.

`mcp:` is followed by options and then by a server: a command with its arguments, a URL, or a file of `mcpServers` as MCP
clients have it, in JSON or YAML. `--tasks FILE` names a file with what a server does not say of itself; a file of `mcpServers`
may hold the same keys itself. `--allow-writes` lets tools change a world that nothing resets.

The keys are `tasks` (as `perturb.task_files` has them), `reset` and `state` (commands, each a list of words or a line for the
shell), `tools` (by name, what a tool's author would declare: `effect`, `idempotent`, `ordered`, `batch`, `parameters`,
`returns`), and `name`, `system`, `entities`, `identifiers`, `messages`, `volatile` as toolsets have them.

`{workspace}` stands for a folder of an episode's own, in the server's command, in `reset` and in `state`; in prompts, gold
calls and checks it stands for what an agent is told in its place, `/workspace`.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import yaml

from perturb.errors import ConfigurationError, ToolsetError, nearest
from perturb.mcp.connecting import Server, server_of_command, server_of_url
from perturb.task_files import record, task_of
from perturb.toolset import Task
from perturb.types import JSON, Identifier

Command: TypeAlias = tuple[str, ...] | str
"""The words of a command, or a line for the shell."""
WORKSPACE = "{workspace}"
TOLD = "/workspace"
"""What agents are told in place of the folder of an episode's own."""
_SUFFIXES = (".json", ".yaml", ".yml")


class Beside(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands beside a server, in files: what it does not say of itself."""

    name: str = ""
    system: str | None = None
    reset: Command | None = None
    state: Command | None = None
    tools: dict[str, dict[str, JSON]] = {}
    entities: dict[str, tuple[str, ...]] = {}
    identifiers: dict[str, Identifier | str] = {}
    messages: dict[str, dict[str, str]] = {}
    volatile: tuple[str, ...] = ()


_KEYS = (*Beside.__struct_fields__, "tasks")


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
    try:
        words = shlex.split(spec)
    except ValueError as error:
        raise ConfigurationError(f"toolset 'mcp:{spec}': {error}; close the quotation") from None
    allow_writes, tasks_file = False, None
    while words and words[0].startswith("--"):
        option = words.pop(0)
        if option == "--allow-writes":
            allow_writes = True
        elif option == "--tasks" and words:
            tasks_file = Path(words.pop(0))
        elif option == "--":
            break
        else:
            known = ("--allow-writes", "--tasks")
            needs = "it takes a file" if option in known else nearest(option, known)
            raise ConfigurationError(f"toolset 'mcp:{spec}' has the option {option}; {needs}")
    if not words:
        raise ConfigurationError(f"toolset 'mcp:{spec}' names no server; write its command, its URL, or a file of mcpServers")
    file = Path(words[0]) if len(words) == 1 and words[0].endswith(_SUFFIXES) else None
    content = _content(file) if file is not None else {}
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
        content, place, folder = _content(tasks_file), tasks_file, tasks_file.resolve().parent
        if "mcpServers" in content:
            raise ConfigurationError(f"{tasks_file} names a server itself; write mcp:{tasks_file}, and no --tasks")
    beside, tasks = _beside(content, place) if place is not None else (Beside(), ())
    return Named(server=server, beside=beside, tasks=tasks, folder=folder, allow_writes=allow_writes)


_KEYS_OF_OURS = {"tasks", "reset", "state"}


def server_named(text: str) -> Server:
    """The server that a URL or a file of `mcpServers` names."""
    if text.startswith(("http://", "https://")):
        return server_of_url(text)
    return _server_in(_content(Path(text)), Path(text))


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


def _content(path: Path) -> dict[str, JSON]:
    """The object in a file, JSON or YAML."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}; write it, or name another") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is no text in UTF-8: {error.reason}; write it in that") from None
    try:
        # JSON is YAML but for tabs; dates and the like become text.
        found = json.loads(text) if path.suffix == ".json" else json.loads(json.dumps(yaml.safe_load(text), default=str))
    except json.JSONDecodeError as error:
        raise ToolsetError(f"{path}, line {error.lineno}, column {error.colno}: {error.msg}; correct the JSON there") from None
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        at = f", line {where.line + 1}, column {where.column + 1}" if where is not None else ""
        raise ToolsetError(f"{path}{at}: {getattr(error, 'problem', None) or error}; correct the YAML there") from None
    if not isinstance(found, dict):
        raise ToolsetError(f"{path} holds no object; write one with mcpServers, or with {', '.join(_KEYS)}")
    return found


def _beside(content: Mapping[str, JSON], path: Path) -> tuple[Beside, tuple[Task, ...]]:
    told = record(dict(content), _KEYS, path)
    tasks = told.pop("tasks", [])
    if not isinstance(tasks, list):
        raise ToolsetError(f"the tasks in {path} are no list; write one of objects with id, prompt, gold and check")
    try:
        beside = msgspec.convert(told, Beside)
    except msgspec.ValidationError as error:
        raise ToolsetError(f"{path}: {error}; correct it") from None
    made = tuple(task_of(_told(each), index, path, {}) for index, each in enumerate(tasks))
    return beside, made


def _told(value: Any) -> Any:
    """JSON in which the workspace is called as agents are told."""
    if isinstance(value, str):
        return value.replace(WORKSPACE, TOLD)
    if isinstance(value, list):
        return [_told(one) for one in value]
    if isinstance(value, dict):
        return {_told(key): _told(one) for key, one in value.items()}
    return value
