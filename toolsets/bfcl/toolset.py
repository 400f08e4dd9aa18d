"""BFCL's multi-turn tasks, 200 a category: bfcl:multi_turn_base, _miss_func, _miss_param, _long_context.

An adapter: functions, classes, tasks, gold calls and checker are those of the installed package bfcl-eval.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perturb.errors import ConfigurationError, nearest
from perturb.toolset import Task, Toolset, plain_refusal
from perturb.types import JSON, Call, Failure, FailureKind, digest

from .functions import tools_of

if TYPE_CHECKING:
    from .environment import BfclEnvironment

OPTIONS = ("multi_turn_base", "multi_turn_long_context", "multi_turn_miss_func", "multi_turn_miss_param")
"""The categories, as they stand behind the colon of `bfcl:…`."""
VERSION = "2026.3.23"
INSTALL = f'  pip install "perturb-agents[bfcl]" && pip install --no-deps bfcl-eval=={VERSION}'


def create(option: str) -> Toolset:
    """The category called `option`. Raises `ConfigurationError` for another name, and where BFCL is not installed."""
    if option not in OPTIONS:
        wanted = f"there is no category {option!r}; {nearest(option, OPTIONS)}" if option else "name one of its categories"
        known = ", ".join(f"bfcl:{category}" for category in OPTIONS)
        raise ConfigurationError(f"toolset 'bfcl': {wanted} (choose from {known})")
    for package, name in (("bfcl_eval", f"bfcl-eval {VERSION}"), ("mpmath", "mpmath"), ("numpy", "numpy")):
        if find_spec(package) is None:
            raise ConfigurationError(f"toolset 'bfcl:{option}' needs the package {name}; install it:\n{INSTALL}")
    if version("bfcl-eval") != VERSION:
        raise ConfigurationError(
            f"toolset 'bfcl:{option}' is written for bfcl-eval {VERSION}, and {version('bfcl-eval')} is installed; "
            f"install the right one:\n{INSTALL}"
        )
    return _category(option)


@cache
def _category(name: str) -> BfclToolset:
    return BfclToolset(name)


class BfclToolset(Toolset):
    """One category: the functions of all its classes. A task has those of the classes that it involves, and refuses others."""

    loads_state = False

    def __init__(self, category: str) -> None:
        from .environment import register

        register()
        import bfcl_eval

        data = Path(bfcl_eval.__file__).parent / "data"
        file = f"BFCL_v4_{category}.json"
        self._entries = {entry["id"]: entry for entry in _lines(data / file)}
        self._wanted = {entry["id"]: entry["ground_truth"] for entry in _lines(data / "possible_answer" / file)}
        self.name = f"bfcl:{category}"
        described = tools_of(data / "multi_turn_func_doc")
        self.tools = tuple(tool for tools in described.values() for tool in tools)
        self._functions = {name: {tool.name for tool in tools} for name, tools in described.items()}
        self.tasks = tuple(map(self._task, self._entries.values()))
        self._sources = hashlib.sha256((data / file).read_bytes()).hexdigest()

    def _task(self, entry: Mapping[str, Any]) -> Task:
        prompt, *more = (_said(turn) for turn in entry["question"])
        return Task(
            id=entry["id"],
            prompt=prompt,
            follow_ups=tuple(more),
            gold=tuple(self._call(entry, text) for turn in self._wanted[entry["id"]] for text in turn),
        )

    def _call(self, entry: Mapping[str, Any], text: str) -> Call:
        """A gold call, which BFCL writes in Python, some with arguments by position."""
        read = ast.parse(text, mode="eval").body
        if not isinstance(read, ast.Call) or not isinstance(read.func, ast.Name):
            raise ConfigurationError(
                f"toolset {self.name!r}: {text!r} of {entry['id']} is no call; install bfcl-eval {VERSION}"
            )
        owner = next(name for name in entry["involved_classes"] if read.func.id in self._functions[name])
        names = list(_signatures(owner)[read.func.id].parameters)
        arguments = dict(zip(names, map(ast.literal_eval, read.args), strict=False))
        arguments |= {str(one.arg): ast.literal_eval(one.value) for one in read.keywords}
        return Call(read.func.id, json.loads(json.dumps(arguments)))

    def environment(self, task: Task) -> BfclEnvironment:
        from .environment import BfclEnvironment

        entry = self._entries[task.id]
        excluded = set(entry.get("excluded_function", ()))
        known = {name for owner in entry["involved_classes"] for name in self._functions[owner]} - excluded
        withheld = {name: int(turn) for turn, names in entry.get("missed_function", {}).items() for name in names}
        return BfclEnvironment(entry, known, withheld)

    def check(self, task: Task, environment: Any, answer: str, calls: Sequence[Call]) -> bool:
        """BFCL's own verdict on the calls of each turn. Where all were made after the user had been heard out, the turns are
        those that fit best."""
        from .environment import in_turns, judged, written

        entry, wanted = self._entries[task.id], self._wanted[task.id]
        known = {tool.name for tool in self.tools}
        # Code is made of what an agent says: a name that is no function's goes no further.
        made = [written(call) if call.name in known else "" for call in calls]
        heard: list[int] = getattr(environment, "heard", [])
        if any(heard):
            ends = [*heard, len(made)] + [len(made)] * (len(wanted) - len(heard) - 1)
            turns = [made[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        elif tuple(calls) == task.gold:
            left = iter(made)
            turns = [[next(left) for _ in turn] for turn in wanted]
        else:
            turns = in_turns(entry, wanted, [text for text in made if text])
        return bool(judged(entry, wanted, [[text for text in turn if text] for turn in turns])["valid"])

    def refusal(self, kind: FailureKind, *, tool: str, field: str | None = None, value: JSON = None) -> Failure:
        from .environment import RAISED, unknown

        if kind == "unknown_tool":
            return unknown(tool)
        if kind != "invalid_argument":
            return plain_refusal(kind, tool=tool, field=field, value=value)
        told = "expected keyword arguments" if field is None else f"got an unexpected value for argument '{field}'"
        return Failure(kind=kind, message=f"{RAISED}{tool}() {told}", tool=tool, field=field, value=value)

    def digest(self) -> str:
        sources = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(Path(__file__).parent.glob("*.py"))]
        return digest([super().digest(), version("bfcl-eval"), self._sources, sources])


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _said(turn: Sequence[Mapping[str, str]]) -> str:
    """What the user says in a turn; one that holds nothing is where BFCL hands over the functions that were missing."""
    from bfcl_eval.constants.default_prompts import DEFAULT_USER_PROMPT_FOR_ADDITIONAL_FUNCTION_FC

    return "\n\n".join(message["content"] for message in turn) or str(DEFAULT_USER_PROMPT_FOR_ADDITIONAL_FUNCTION_FC)


@cache
def _signatures(owner: str) -> dict[str, inspect.Signature]:
    """The methods of a class, as they are called on an instance."""
    from bfcl_eval.constants.executable_backend_config import CLASS_FILE_PATH_MAPPING

    made = getattr(import_module(CLASS_FILE_PATH_MAPPING[owner]), owner)()
    methods = inspect.getmembers(made, predicate=inspect.ismethod)
    return {name: inspect.signature(method) for name, method in methods if not name.startswith("_")}
