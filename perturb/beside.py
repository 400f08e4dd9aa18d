"""What stands beside a server, in a file: what it does not say of itself, and commands that reset its world and tell its state.

The keys are `tasks` (as `perturb.task_files` has them), `reset` and `state` (commands, each a list of words or a line for the
shell), `tools` (by name, what a tool's author would declare: `effect`, `idempotent`, `ordered`, `batch`, `parameters`,
`returns`), and `name`, `system`, `entities`, `identifiers`, `messages`, `volatile` as toolsets have them.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import anyio
import msgspec
import yaml

from perturb.errors import ConfigurationError, ToolsetError, nearest
from perturb.task_files import record, task_of
from perturb.toolset import Task
from perturb.types import JSON, Identifier, Tool

Command: TypeAlias = tuple[str, ...] | str
"""The words of a command, or a line for the shell."""
TIME_FOR_COMMAND = 120.0
_DECLARED = ("effect", "idempotent", "ordered", "batch", "parameters", "returns")


class Beside(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a file says beside a server, but for its tasks."""

    name: str = ""
    system: str | None = None
    reset: Command | None = None
    state: Command | None = None
    tools: dict[str, dict[str, JSON]] = {}
    entities: dict[str, tuple[str, ...]] = {}
    identifiers: dict[str, Identifier | str] = {}
    messages: dict[str, dict[str, str]] = {}
    volatile: tuple[str, ...] = ()

    def forms(self) -> dict[str, Identifier]:
        """How identifiers are written, by kind."""
        return {kind: one if isinstance(one, Identifier) else Identifier(form=one) for kind, one in self.identifiers.items()}


Said = TypeVar("Said", bound=Beside)


def words_of(named: str, spec: str, options: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The options at the beginning of what stands behind the colon of a toolset's name, and the words after them. `options`
    says of each that there is what it takes, `""` for nothing."""
    try:
        words = shlex.split(spec)
    except ValueError as error:
        raise ConfigurationError(f"toolset '{named}{spec}': {error}; close the quotation") from None
    given: dict[str, str] = {}
    while words and words[0].startswith("--"):
        option = words.pop(0)
        if option == "--":
            break
        if option not in options or (options[option] and not words):
            needs = f"it takes {options[option]}" if option in options else nearest(option, options)
            raise ConfigurationError(f"toolset '{named}{spec}' has the option {option}; {needs}")
        given[option] = words.pop(0) if options[option] else ""
    return given, words


def object_of(path: Path, wanted: str) -> dict[str, JSON]:
    """The object in a file, JSON or YAML. `wanted` says what it should hold, for one who wrote something else."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}; write it, or name another") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is no text in UTF-8: {error.reason}; write it in that") from None
    return object_in(text, str(path), wanted, is_json=path.suffix == ".json")


def object_in(text: str, where: str, wanted: str, *, is_json: bool) -> dict[str, JSON]:
    """The object in a text, JSON or YAML."""
    try:
        # JSON is YAML but for tabs; dates and the like become text.
        found = json.loads(text) if is_json else json.loads(json.dumps(yaml.safe_load(text), default=str))
    except json.JSONDecodeError as error:
        raise ToolsetError(f"{where}, line {error.lineno}, column {error.colno}: {error.msg}; correct the JSON there") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = f", line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        raise ToolsetError(f"{where}{at}: {getattr(error, 'problem', None) or error}; correct the YAML there") from None
    if not isinstance(found, dict):
        raise ToolsetError(f"{where} holds no object; write one with {wanted}")
    return found


def keys_of(kind: type[Beside]) -> tuple[str, ...]:
    """The keys that a file beside a server of some kind may hold."""
    return (*kind.__struct_fields__, "tasks")


def said_beside(told: Mapping[str, JSON], path: Path, kind: type[Said]) -> tuple[Said, tuple[Task, ...]]:
    """What the object in a file says, and its tasks."""
    keys = record(dict(told), keys_of(kind), path)
    tasks = keys.pop("tasks", [])
    if not isinstance(tasks, list):
        raise ToolsetError(f"the tasks in {path} are no list; write one of objects with id, prompt, gold and check")
    try:
        beside = msgspec.convert(keys, kind)
    except msgspec.ValidationError as error:
        raise ToolsetError(f"{path}: {error}; correct it") from None
    return beside, tuple(task_of(each, index, path, {}) for index, each in enumerate(tasks))


def declared(tools: Iterable[Tool], beside: Beside, server: str) -> list[Tool]:
    """The tools of a server, with what a file declares of them beyond what the server does."""
    made = {one.name: one for one in tools}
    for name, told in beside.tools.items():
        if name not in made:
            told_of = f"{name!r}, of which more is declared"
            raise ToolsetError(f"{server} has no tool {told_of}; {nearest(name, made)}")
        for key in told:
            if key not in _DECLARED:
                raise ToolsetError(f"of tool {name!r} {key!r} is declared, which means nothing; write {', '.join(_DECLARED)}")
        try:
            made[name] = msgspec.convert({**msgspec.to_builtins(made[name]), **told}, Tool)
        except msgspec.ValidationError as error:
            raise ToolsetError(f"what is declared of tool {name!r} cannot be read: {error}; correct it") from None
    return list(made.values())


async def run(what: str, command: Command, folder: Path, environment: Mapping[str, str] | None = None) -> str:
    """What a command prints, run in a folder. `what` is the command's key, for one that fails."""
    words = command if isinstance(command, str) else list(command)
    told = command if isinstance(command, str) else shlex.join(command)
    try:
        with anyio.fail_after(TIME_FOR_COMMAND):
            done = await anyio.run_process(
                words, cwd=folder, env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL, check=False
            )
    except OSError as error:
        raise ToolsetError(f"the {what} command {told!r} cannot be run: {error.filename}: {error.strerror}") from None
    except TimeoutError:
        raise ToolsetError(f"the {what} command {told!r} was not done after {TIME_FOR_COMMAND:g} s; mend it") from None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        raise ToolsetError(f"the {what} command {told!r} ended with {done.returncode}: {lines[-1][:200]}; mend it")
    return done.stdout.decode(errors="replace")


def told_by(text: str) -> Any:
    """What the state command has printed: its JSON, or its text where it prints none."""
    try:
        return json.loads(text)
    except ValueError:
        return text.strip()
