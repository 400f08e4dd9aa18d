"""Toolsets found in files: a Python file, or a folder of JSON with an `environment.py`.

A folder holds `toolset.json` (`name`, `system`, `entities`, `identifiers`, `messages`, `volatile`, `clock`, `locale`,
`failures`; every key may be left out), `tools.json` (a list of tools: `name`, `description`, `parameters`, `returns`, `effect`,
`idempotent`, `ordered`, `batch`), `tasks.json` (a list) or `tasks.jsonl` (one a line) of tasks as `perturb.task_files` has
them, and `environment.py` with a class `Environment` that has `call(name, arguments)`, and functions that checks may name.
`rewordings.json` is what `perturb paraphrase` has stored. What the environment reads lies beside these files or in `data/`: a
change there makes other episodes.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import msgspec

from perturb.environments import AuthoredToolset
from perturb.errors import ToolsetError
from perturb.plugins import load_module
from perturb.rewordings import FILE, adopt, beside
from perturb.task_files import listed, parsed, read_json, record, task_of
from perturb.toolset import Clock, Task, Toolset
from perturb.types import Call, Failure, Identifier, Tool

_TOOL_KEYS = ("name", "description", "parameters", "returns", "effect", "idempotent", "ordered", "batch")


def from_file(path: str | Path) -> Toolset:
    """The toolset of a Python file: its `TOOLSET`, or what its function `create()` returns.

    The file may import its neighbours relatively (`from .checks import solved`). Raises `ConfigurationError` for a file
    that cannot be run, `ToolsetError` for a toolset that is not well formed.
    """
    from perturb.loading import load_toolset

    return load_toolset(str(Path(path).resolve()))


def from_folder(path: str | Path) -> Toolset:
    """The toolset of a folder: its `toolset.py` where there is one, or its JSON files.

    Raises `ToolsetError`, and `ConfigurationError` for Python that cannot be run.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise ToolsetError(f"there is no folder {folder}; name a folder that holds toolset.py, or tools.json and tasks.json")
    if (folder / "toolset.py").is_file():
        return from_file(folder / "toolset.py")
    about = _about(folder)
    tools = _tools(folder / "tools.json")
    if not (folder / "environment.py").is_file():
        raise ToolsetError(f"there is no file {folder / 'environment.py'}; write it, with a class Environment")
    module = load_module(folder / "environment.py")
    environment = getattr(module, "Environment", None)
    if not inspect.isclass(environment) or not callable(getattr(environment, "call", None)):
        raise ToolsetError(
            f"{folder / 'environment.py'} has no class Environment with a method call(name, arguments); write one"
        )
    made = AuthoredToolset(
        name=about.name or folder.resolve().name,
        implementations=[SchemaTool(tool) for tool in tools],
        create=environment,
        tasks=_tasks(folder, module),
        system=about.system,
        entities=about.entities,
        identifiers=about.identifiers,
        messages=about.messages,
        volatile=about.volatile,
        clock=about.clock,
        locale=about.locale,
        failures=about.failures,
        sources=_files_of(folder),
    )
    adopt(made, [beside(folder)])
    return made


def _files_of(folder: Path) -> list[Path]:
    """What the environment may read: the files beside it and those in `data/`. What a database leaves beside its file, and
    prose, change no episode."""
    found = [*folder.iterdir(), *(folder / "data").rglob("*")]
    return sorted(
        path
        for path in found
        if path.is_file()
        and not path.name.startswith(".")
        and path.suffix not in (".md", ".rst", ".pyc")
        and path.name != FILE  # a plan holds the words that it took from there
        and not path.name.endswith(("-wal", "-shm", "-journal"))
    )


class _About(msgspec.Struct):
    name: str = ""
    system: str = ""
    entities: dict[str, list[str]] = {}
    identifiers: dict[str, Identifier | str] = {}
    messages: dict[str, dict[str, str]] = {}
    volatile: list[str] = []
    clock: Clock | None = None
    locale: str | None = None
    failures: Literal["plain", "json"] = "plain"


class SchemaTool:
    """A tool declared by JSON Schema and run by the `call` of the environment's class.

    Verdicts on arguments are remembered, since episodes of one task send the same ones again and again.
    """

    is_async = False
    _REMEMBERED = 4096

    def __init__(self, tool: Tool) -> None:
        self.tool = tool
        self._validator: Any = None
        self._verdicts: dict[bytes, Failure | None] = {}

    def read(self, call: Call) -> dict[str, Any] | Failure:
        try:
            key = msgspec.json.encode(call.arguments)
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            message = f"Invalid arguments for {call.name}: they are not JSON ({error})"
            return Failure(kind="invalid_argument", message=message, tool=call.name)
        if key not in self._verdicts:
            if len(self._verdicts) >= self._REMEMBERED:
                self._verdicts.clear()
            self._verdicts[key] = self._judge(call)
        verdict = self._verdicts[key]
        return verdict if verdict is not None else msgspec.json.decode(key)

    def invoke(self, subject: Any, arguments: dict[str, Any]) -> Any:
        return subject.call(self.tool.name, arguments)

    def _judge(self, call: Call) -> Failure | None:
        if self._validator is None:
            from jsonschema import Draft202012Validator

            self._validator = Draft202012Validator(self.tool.parameters)
        from jsonschema.exceptions import best_match

        error = best_match(self._validator.iter_errors(call.arguments))
        if error is None:
            return None
        path = [str(part) for part in error.absolute_path]
        value = error.instance
        reason = error.message
        if error.validator == "required":
            path.append(next(name for name in error.validator_value if name not in error.instance))
            value, reason = None, f"'{'.'.join(path)}' is required"
        elif error.validator == "additionalProperties":
            path.append(next(name for name in error.instance if name not in error.schema.get("properties", {})))
            value, reason = error.instance[path[-1]], f"'{'.'.join(path)}' is not an argument"
        elif path:
            reason = f"'{'.'.join(path)}': {reason}"
        message = f"Invalid arguments for {call.name}: {reason}"
        return Failure(kind="invalid_argument", message=message, tool=call.name, field=".".join(path) or None, value=value)


def _about(folder: Path) -> _About:
    path = folder / "toolset.json"
    if not path.is_file():
        return _About()
    try:
        return msgspec.convert(record(read_json(path), _About.__struct_fields__, path), _About)
    except msgspec.ValidationError as error:
        raise ToolsetError(f"{path}: {error}; correct it") from None


def _tools(path: Path) -> list[Tool]:
    tools = []
    for index, each in enumerate(listed(read_json(path), "tools", path)):
        told = record(each, _TOOL_KEYS, f"tool {index} in {path}")
        try:
            tool = msgspec.convert(told, Tool)
        except msgspec.ValidationError as error:
            raise ToolsetError(f"tool {told.get('name', index)!r} in {path}: {error}; correct it") from None
        tools.append(tool)
    return tools


def _tasks(folder: Path, module: ModuleType) -> list[Task]:
    path = folder / "tasks.jsonl"
    if path.is_file():
        lines = enumerate(path.read_text(encoding="utf-8").splitlines())
        found = [parsed(line, path, number) for number, line in lines if line.strip()]
    else:
        path = folder / "tasks.json"
        found = listed(read_json(path), "tasks", path)
    functions = {name: one for name, one in vars(module).items() if inspect.isfunction(one) and not name.startswith("_")}
    return [task_of(each, index, path, functions, "environment.py") for index, each in enumerate(found)]
