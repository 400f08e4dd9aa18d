"""Toolsets found in files: a Python file, or a folder of JSON with an `environment.py`.

A folder holds `toolset.json` (`name`, `system`, `entities`, `identifiers`, `messages`, `volatile`, `clock`, `locale`,
`failures`; every key may be left out), `tools.json` (a list of tools: `name`, `description`, `parameters`, `returns`, `effect`,
`idempotent`, `ordered`, `batch`), `tasks.json` (a list) or `tasks.jsonl` (one a line) of tasks (`id`, `prompt`, `gold`,
`answer`, `follow_ups`, `check`), and `environment.py` with a class `Environment` that has `call(name, arguments)`. A check
names a function of `environment.py`, or says what must hold:
`{"state": {part of the state}, "answer": ["what it must contain"]}`. `rewordings.json` is what `perturb paraphrase` has
stored. What the environment reads lies beside these files or in `data/`: a change there makes other episodes.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, NoReturn

import msgspec

from perturb.answers import says
from perturb.environments import AuthoredToolset
from perturb.errors import ToolsetError, nearest
from perturb.plugins import load_module
from perturb.rewordings import FILE, adopt, beside
from perturb.toolset import Clock, Task, Toolset
from perturb.types import JSON, Call, Failure, Identifier, Tool

_TOOL_KEYS = ("name", "description", "parameters", "returns", "effect", "idempotent", "ordered", "batch")
_TASK_KEYS = ("id", "prompt", "gold", "answer", "follow_ups", "check")


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


def _json(path: Path) -> JSON:
    if not path.is_file():
        raise ToolsetError(f"there is no file {path}; write it")
    return _parsed(path.read_text(encoding="utf-8"), path, 0)


def _parsed(text: str, path: Path, above: int) -> JSON:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ToolsetError(
            f"{path}, line {above + error.lineno}, column {error.colno}: {error.msg}; correct the JSON there"
        ) from None


def _about(folder: Path) -> _About:
    path = folder / "toolset.json"
    if not path.is_file():
        return _About()
    try:
        return msgspec.convert(_record(_json(path), _About.__struct_fields__, path), _About)
    except msgspec.ValidationError as error:
        raise ToolsetError(f"{path}: {error}; correct it") from None


def _record(value: JSON, keys: Sequence[str], where: Path | str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ToolsetError(f"{where} is {_short(value)}; write an object with {', '.join(keys)}")
    for key in value:
        if key not in keys:
            raise ToolsetError(f"{where} has the key {key!r}, which means nothing here; {nearest(key, keys)}")
    return value


def _list(value: JSON, what: str, path: Path) -> list[JSON]:
    if not isinstance(value, list):
        raise ToolsetError(f"{path} is {_short(value)}; write a list of {what}")
    return value


def _tools(path: Path) -> list[Tool]:
    tools = []
    for index, each in enumerate(_list(_json(path), "tools", path)):
        record = _record(each, _TOOL_KEYS, f"tool {index} in {path}")
        try:
            tool = msgspec.convert(record, Tool)
        except msgspec.ValidationError as error:
            raise ToolsetError(f"tool {record.get('name', index)!r} in {path}: {error}; correct it") from None
        tools.append(tool)
    return tools


def _tasks(folder: Path, module: ModuleType) -> list[Task]:
    path = folder / "tasks.jsonl"
    if path.is_file():
        lines = enumerate(path.read_text(encoding="utf-8").splitlines())
        found = [_parsed(line, path, number) for number, line in lines if line.strip()]
    else:
        path = folder / "tasks.json"
        found = _list(_json(path), "tasks", path)
    return [_task(each, index, path, module) for index, each in enumerate(found)]


def _task(value: JSON, index: int, path: Path, module: ModuleType) -> Task:
    record = _record(value, _TASK_KEYS, f"task {index} in {path}")
    task_id = record.get("id")
    where = f"task {task_id!r} in {path}" if task_id else f"task {index} in {path}"
    for key in ("id", "prompt"):
        if not isinstance(record.get(key), str) or not record[key]:
            raise ToolsetError(f"{where} has {key} {_short(record.get(key))}; write a text")
    try:
        gold = msgspec.convert(record.get("gold"), tuple[Call, ...] | None)
        answer = msgspec.convert(record.get("answer", ""), str)
        follow_ups = msgspec.convert(record.get("follow_ups", []), tuple[str, ...])
    except msgspec.ValidationError as error:
        raise ToolsetError(f'{where}: {error}; a gold call is written {{"name": …, "arguments": {{…}}}}') from None
    check = _check(record.get("check"), where, module)
    return Task(id=record["id"], prompt=record["prompt"], gold=gold, answer=answer, follow_ups=follow_ups, check=check)


def _check(wanted: JSON, where: str, module: ModuleType) -> Callable[[Any, str, Sequence[Call]], bool]:
    if isinstance(wanted, str):
        functions = [name for name, value in vars(module).items() if inspect.isfunction(value) and not name.startswith("_")]
        if wanted not in functions:
            raise ToolsetError(
                f"{where} has the check {wanted!r}, which is no function of environment.py; {nearest(wanted, functions)}"
            )
        check: Callable[[Any, str, Sequence[Call]], bool] = getattr(module, wanted)
        return check
    if not isinstance(wanted, dict) or not wanted:
        _no_check(wanted, where)
    record = _record(wanted, ("state", "answer"), f"the check of {where}")
    state, facts = record.get("state", {}), record.get("answer", [])
    facts = facts if isinstance(facts, list) else [facts]
    if not state and not facts:
        _no_check(wanted, where)

    def holds(environment: Any, answer: str, calls: Sequence[Call]) -> bool:
        dumped = environment.dump() if hasattr(environment, "dump") else vars(environment)
        return _within(state, dumped) and all(says(answer, fact) for fact in facts)

    return holds


def _no_check(wanted: JSON, where: str) -> NoReturn:
    raise ToolsetError(
        f"{where} has the check {_short(wanted)}; name a function of environment.py, or write "
        '{"state": {…}, "answer": [what it must contain]}'
    )


def _within(part: JSON, whole: JSON) -> bool:
    """Whether `whole` holds `part`: objects may hold more keys, everything else is equal."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(key in whole and _within(value, whole[key]) for key, value in part.items())
    if isinstance(part, list):
        return isinstance(whole, list) and len(part) == len(whole) and all(map(_within, part, whole))
    return bool(part == whole)


def _short(value: JSON) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
