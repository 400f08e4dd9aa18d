"""What providers ask of tools: they refuse names and schemas that are valid elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec

from perturb.serving.seen import BadRequest
from perturb.types import Tool

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def accepted_tools(tools: Sequence[dict[str, Any]]) -> tuple[Tool, ...]:
    """The tools of a request, each with `name`, `description` and `parameters`. Raises `BadRequest` as OpenAI's server does."""
    return _accepted(msgspec.json.encode(list(tools)))


@lru_cache(maxsize=256)
def _accepted(text: bytes) -> tuple[Tool, ...]:
    """The same tools are the same objects, so that they are matched with what was learnt once."""
    made = []
    for place, tool in enumerate(msgspec.json.decode(text)):
        name, parameters = tool.get("name"), tool.get("parameters")
        where = f"tools[{place}]"
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise BadRequest(f"{where}.function.name does not match ^[a-zA-Z0-9_-]{{1,64}}$", param=where)
        if not isinstance(parameters, dict) or parameters.get("type") != "object":
            message = f"Invalid schema for function '{name}': schema must be a JSON Schema of type \"object\""
            raise BadRequest(message, code="invalid_function_parameters", param=f"{where}.function.parameters")
        if combined := {"anyOf", "oneOf", "allOf", "not", "enum"} & set(parameters):
            message = f"Invalid schema for function '{name}': '{min(combined)}' is not permitted at the top level"
            raise BadRequest(message, code="invalid_function_parameters", param=f"{where}.function.parameters")
        made.append(Tool(name=name, description=tool.get("description") or "", parameters=parameters))
    return tuple(made)
