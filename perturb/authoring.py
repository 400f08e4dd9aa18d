"""A toolset from what an author has: a class, plain typed functions, a Python file, or a folder of JSON.

from perturb.authoring import read, toolset
from perturb.toolset import Task
from perturb.types import Call

class Shop:
    def __init__(self):
        self.stock = {"lamp": 3, "desk": 1}

    @read
    def count(self, item: str) -> int:
        '''How many of an item are in stock.'''
        return self.stock[item]

    def order(self, item: str, number: int) -> dict[str, int]:
        '''Order more of an item.'''
        self.stock[item] += number
        return {"now": self.stock[item]}

GOLD = (Call("order", {"item": "lamp", "number": 2}),)
TASK = Task(id="1", prompt="Order 2 more lamps.", gold=GOLD, check=lambda shop, answer, calls: shop.stock["lamp"] == 5)
TOOLSET = toolset(Shop, name="shop", tasks=[TASK])

Plain functions are given as `toolset(tools=[count, order], state={"lamp": 3}, …)`. A folder holds `tools.json`, `tasks.json`
and `environment.py`: `perturb.toolset_files` says what stands in each.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, overload

import msgspec

from perturb.environments import AuthoredEnvironment, AuthoredToolset, ToolError
from perturb.errors import ToolsetError
from perturb.signatures import METADATA, STATE, ToolFunction, tool_functions
from perturb.toolset import Task
from perturb.toolset_files import from_file, from_folder
from perturb.types import JSON, Call, Identifier

__all__ = [
    "AuthoredEnvironment",
    "AuthoredToolset",
    "Call",
    "Identifier",
    "Task",
    "ToolError",
    "from_file",
    "from_folder",
    "read",
    "toolset",
    "write",
]

F = TypeVar("F", bound=Callable[..., Any])


@overload
def read(function: F) -> F: ...
@overload
def read(*, ordered: bool = True, batch: str | None = None) -> Callable[[F], F]: ...
def read(function: Any = None, *, ordered: bool = True, batch: str | None = None) -> Any:
    """Declare that a tool changes nothing; `ordered=False` where the order of its rows means nothing, `batch` the argument
    that holds several items. Used with or without parentheses."""
    return _declare(function, {"effect": "read", "idempotent": True, "ordered": ordered, "batch": batch})


@overload
def write(function: F) -> F: ...
@overload
def write(*, idempotent: bool = False, ordered: bool = True, batch: str | None = None) -> Callable[[F], F]: ...
def write(function: Any = None, *, idempotent: bool = False, ordered: bool = True, batch: str | None = None) -> Any:
    """Declare that a tool changes the state, as one without a declaration is taken to do; `idempotent` where a second
    equal call changes nothing more."""
    return _declare(function, {"effect": "write", "idempotent": idempotent, "ordered": ordered, "batch": batch})


def _declare(function: Any, metadata: dict[str, Any]) -> Any:
    if function is None:
        return lambda each: _declare(each, metadata)
    setattr(function, METADATA, metadata)
    return function


def toolset(
    environment_class: type | None = None,
    *,
    name: str,
    tasks: Sequence[Task],
    tools: Sequence[Callable[..., Any]] = (),
    state: Mapping[str, JSON] | Callable[[], dict[str, JSON]] | None = None,
    system: str = "",
    entities: Mapping[str, Sequence[str]] | None = None,
    identifiers: Mapping[str, Identifier | str] | None = None,
    volatile: Sequence[str] = (),
    failures: str = "plain",
) -> AuthoredToolset:
    """A toolset from a class, or from plain functions.

    Each public method of `environment_class` is a tool; an instance, made without arguments, lives for one episode. Its
    state is its public attributes, or what its own `dump` and `load` say. In place of a class, `tools` are functions; one
    with a parameter `state` is given the episode's dictionary, a copy of `state` or what `state()` returns.

    Parameters come from type hints, descriptions from docstrings in Google's style, the output schema from the return
    annotation. `identifiers` says of kinds of `x-identifier` how they are written: a regular expression, or an `Identifier`.
    A tool refuses by raising `ToolError`. `failures` names the renderer of failures (`plain` or `json`).
    Raises `ToolsetError` for a tool or a task that is not well formed.
    """
    if (environment_class is None) == (not tools):
        raise ToolsetError(f"toolset {name!r} needs either a class or tools=[functions]")
    create: Callable[[], Any]
    functions: Sequence[Callable[..., Any]]
    if environment_class is not None:
        if state is not None:
            raise ToolsetError(f"toolset {name!r} has a class and a state; keep the state in the attributes of the class")
        functions, create = tool_functions(environment_class), environment_class
        if not functions:
            raise ToolsetError(f"class {environment_class.__name__!r} of toolset {name!r} has no public method, so no tool")
    else:
        functions, create = tools, _states(name, state if state is not None else {})
    return AuthoredToolset(
        name=name,
        implementations=[ToolFunction(each, method=environment_class is not None) for each in functions],
        create=create,
        tasks=tasks,
        system=system,
        entities=entities,
        identifiers=identifiers,
        volatile=volatile,
        failures=failures,
        sources=[*functions, *([environment_class] if environment_class else [])],
    )


def _states(name: str, state: Mapping[str, JSON] | Callable[[], dict[str, JSON]]) -> Callable[[], dict[str, JSON]]:
    if callable(state):
        return state
    try:
        text = msgspec.json.encode(state)
        if msgspec.json.decode(text) != state:
            raise ValueError("it changes when it is written as JSON and read back")
    except (TypeError, ValueError) as error:
        raise ToolsetError(f"the {STATE} of toolset {name!r} is not JSON: {error}; give a function that makes it") from error
    return functools.partial(msgspec.json.decode, text)
