"""Tasks in files: how a task and its check are written as JSON, and what is said of one that is written otherwise.

A task is an object with `id`, `prompt`, `gold` (a list of `{"name", "arguments"}`), `answer`, `follow_ups` and `check`. A check
names a function, where there are some, or says what must hold: `{"state": {part of the state}, "answer": ["what it must
contain"]}`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import msgspec

from perturb.answers import says
from perturb.errors import ToolsetError, nearest
from perturb.toolset import Task
from perturb.types import JSON, Call

Check: TypeAlias = Callable[[Any, str, Sequence[Call]], bool]
_TASK_KEYS = ("id", "prompt", "gold", "answer", "follow_ups", "check")


def read_json(path: Path) -> JSON:
    """The JSON of a file."""
    if not path.is_file():
        raise ToolsetError(f"there is no file {path}; write it")
    return parsed(path.read_text(encoding="utf-8"), path, 0)


def parsed(text: str, path: Path, above: int) -> JSON:
    """JSON that stands in a file below `above` other lines."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ToolsetError(
            f"{path}, line {above + error.lineno}, column {error.colno}: {error.msg}; correct the JSON there"
        ) from None


def record(value: JSON, keys: Sequence[str], where: Path | str) -> dict[str, Any]:
    """An object with no other keys than these."""
    if not isinstance(value, dict):
        raise ToolsetError(f"{where} is {_short(value)}; write an object with {', '.join(keys)}")
    for key in value:
        if key not in keys:
            raise ToolsetError(f"{where} has the key {key!r}, which means nothing here; {nearest(key, keys)}")
    return value


def listed(value: JSON, what: str, path: Path) -> list[JSON]:
    """A list of something."""
    if not isinstance(value, list):
        raise ToolsetError(f"{path} is {_short(value)}; write a list of {what}")
    return value


def task_of(value: JSON, index: int, path: Path, functions: Mapping[str, Check], module: str = "") -> Task:
    """The task at a position of a file; its check may name one of `functions`, which stand in `module`."""
    told = record(value, _TASK_KEYS, f"task {index} in {path}")
    task_id = told.get("id")
    where = f"task {task_id!r} in {path}" if task_id else f"task {index} in {path}"
    for key in ("id", "prompt"):
        if not isinstance(told.get(key), str) or not told[key]:
            raise ToolsetError(f"{where} has {key} {_short(told.get(key))}; write a text")
    try:
        gold = msgspec.convert(told.get("gold"), tuple[Call, ...] | None)
        answer = msgspec.convert(told.get("answer", ""), str)
        follow_ups = msgspec.convert(told.get("follow_ups", []), tuple[str, ...])
    except msgspec.ValidationError as error:
        raise ToolsetError(f'{where}: {error}; a gold call is written {{"name": …, "arguments": {{…}}}}') from None
    check = _check(told.get("check"), where, functions, module)
    return Task(id=told["id"], prompt=told["prompt"], gold=gold, answer=answer, follow_ups=follow_ups, check=check)


def _check(wanted: JSON, where: str, functions: Mapping[str, Check], module: str) -> Check:
    if isinstance(wanted, str) and module:
        if wanted not in functions:
            raise ToolsetError(
                f"{where} has the check {wanted!r}, which is no function of {module}; {nearest(wanted, functions)}"
            )
        return functions[wanted]
    if not isinstance(wanted, dict) or not wanted:
        _no_check(wanted, where, module)
    told = record(wanted, ("state", "answer"), f"the check of {where}")
    state, facts = told.get("state", {}), told.get("answer", [])
    facts = facts if isinstance(facts, list) else [facts]
    if not state and not facts:
        _no_check(wanted, where, module)

    def holds(environment: Any, answer: str, calls: Sequence[Call]) -> bool:
        if state and not _within(state, environment.dump() if hasattr(environment, "dump") else vars(environment)):
            return False
        return all(says(answer, fact) for fact in facts)

    return holds


def _no_check(wanted: JSON, where: str, module: str) -> NoReturn:
    named = f"name a function of {module}, or write" if module else "write"
    raise ToolsetError(f'{where} has the check {_short(wanted)}; {named} {{"state": {{…}}, "answer": [what it must contain]}}')


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
