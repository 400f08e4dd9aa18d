"""The tools of a request as a toolset, and those that a model is shown in their place."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from perturb import validity
from perturb.errors import ToolsetError
from perturb.operator import Setup
from perturb.proxies.openai_records import Raw
from perturb.toolset import Task, Toolset
from perturb.types import JSON, Tool, digest


class RequestToolset(Toolset):
    """The tools that a client offers a model, with its system prompt. Its world is the client's own.

    `apart` are the tools with a name or a schema that no operator can work with, each with the reason: they pass as they are.
    """

    dumps_state = False
    loads_state = False

    def __init__(self, name: str, system: str, functions: Sequence[Raw], tasks: Sequence[Task] = ()) -> None:
        self.name = name
        self.system = system
        self.tasks = tuple(tasks)
        self.apart: dict[str, str] = {}
        usable: dict[str, Tool] = {}
        for function in functions:
            tool = tool_of(function)
            try:
                validity.validate_tool(name, tool)
            except ToolsetError as error:
                self.apart[tool.name] = str(error)
            else:
                usable.setdefault(tool.name, tool)
        self.tools = tuple(usable.values())


def tool_of(function: Raw) -> Tool:
    """A tool as a request has it."""
    parameters = function.get("parameters")
    if not isinstance(parameters, dict) or not parameters:
        parameters = {"type": "object", "properties": {}}
    description = function.get("description")
    return Tool(
        name=str(function.get("name") or ""),
        description=description if isinstance(description, str) else "",
        parameters=parameters,
    )


def among_clients(toolset: Toolset, system: str | None = None) -> Toolset:
    """A known toolset whose tools a client carries out: nothing tells its state. With `system` in place of its own."""
    made = copy.copy(toolset)
    for name in [name for name in made.__dict__ if name.startswith("_setup") or name == "_run_digest"]:
        del made.__dict__[name]
    made.dumps_state = made.loads_state = False
    if system is not None:
        made.system = system
    return made


class Shown(msgspec.Struct, frozen=True):
    """What a model is shown for the functions of a request, and what each of those is called now."""

    functions: tuple[Raw, ...]
    names: Mapping[str, str]


def shown(setup: Setup, functions: Sequence[Raw]) -> Shown:
    """The tools of a setup for those functions of a request that they stand for; every other function stays as it is. Tools
    that stand for nothing in the toolset are shown wherever there are any."""
    offered = {str(one.get("name")): one for one in functions}
    root = {tool.name: public for tool, public in zip(setup.root.tools, setup.root.public_tools, strict=True)}
    made: list[Raw] = []
    names: dict[str, str] = {}
    if not offered.keys() & root.keys():
        return Shown(tuple(functions), {})
    for tool, public in zip(setup.tools, setup.public_tools, strict=True):
        stands_for = [name for name in tool.stands_for if name in offered]
        if tool.stands_for and not stands_for:
            continue
        for name in stands_for:
            names.setdefault(name, public.name)
        if tool.stands_for == (tool.name,) and root.get(tool.name) == public:
            made.append(offered[tool.name])
        else:
            made.append(_function(public, offered[stands_for[0]] if len(stands_for) == 1 else {}))
    return Shown((*made, *(one for one in functions if str(one.get("name")) not in root)), names)


def _function(tool: Tool, like: Raw) -> Raw:
    rest = {name: value for name, value in like.items() if name not in ("name", "description", "parameters", "strict")}
    made: dict[str, JSON] = {"name": tool.name, "description": tool.description, "parameters": tool.parameters, **rest}
    if like.get("strict") is not None:
        made["strict"] = bool(like["strict"]) and is_strict(tool.parameters)
    return made


def is_strict(schema: Any) -> bool:
    """Whether a provider can hold a model to a schema: every object is closed, and requires all that it declares."""
    if isinstance(schema, list):
        return all(is_strict(one) for one in schema)
    if not isinstance(schema, dict):
        return True
    declared = schema.get("properties")
    if schema.get("type") == "object" or isinstance(declared, dict):
        names = declared.keys() if isinstance(declared, dict) else set()
        if schema.get("additionalProperties") is not False or names != set(schema.get("required") or ()):
            return False
    return all(
        all(map(is_strict, value.values())) if name == "properties" and isinstance(value, dict) else is_strict(value)
        for name, value in schema.items()
        if name not in ("enum", "const", "default", "examples", "required")
    )


def tools_digest(functions: Sequence[Raw], system: str) -> str:
    """What tells two sets of tools apart."""
    return digest([list(functions), system])
