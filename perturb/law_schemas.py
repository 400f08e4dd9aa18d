"""What law 2 asks of schemas, calls and results, looked at once for each: many plans show the same tools and calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from perturb.errors import ToolsetError
from perturb.kept import KeptByContent
from perturb.types import JSON, Schema, Tool
from perturb.validity import validate_tool


def problem_of_tool(tool: Tool) -> str | None:
    """What is not as JSON Schema and the providers have it in a shown tool; `None` where all is."""
    return _problem_of_tool(tool.name, tool.parameters, tool.returns)


def _look_at_tool(name: str, parameters: Schema, returns: Schema | None) -> str | None:
    try:
        validate_tool("shown", Tool(name=name, parameters=parameters, returns=returns))
    except ToolsetError as error:
        return str(error)
    return None


def _look_at_data(schema: Schema, data: JSON) -> str | None:
    for problem in _validator(schema).iter_errors(data):
        return str(problem.message[:200])
    return None


def _validator_of(schema: Schema) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema)


def _find_unfit(node: Any) -> Iterator[JSON]:
    if isinstance(node, list):
        for item in node:
            yield from _find_unfit(item)
    elif isinstance(node, dict):
        told = [node["default"]] if "default" in node and isinstance(node.get("type"), str | list) else []
        told += node["examples"] if isinstance(node.get("examples"), list) else []
        yield from (value for value in told if problem_of_data(node, value) is not None)
        for value in node.values():
            yield from _find_unfit(value)


_problem_of_tool = KeptByContent(_look_at_tool)
_validator = KeptByContent(_validator_of, 4096)
problem_of_data = KeptByContent(_look_at_data)
"""What is not valid first in data under a schema, in at most 200 characters; `None` where it is valid."""
unfit = KeptByContent(lambda node: tuple(_find_unfit(node)))
"""The defaults and examples within a schema that are not valid where they stand."""
