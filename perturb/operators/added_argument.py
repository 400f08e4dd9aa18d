"""An argument that an operator adds to tools: calls that happen to hold one of that name are told apart from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perturb.types import Call, Schema


def set_apart(call: Call, name: str) -> Call:
    """The call with an argument the tool does not have, called like the added one, under a name with one more underscore."""
    if not any(key.rstrip("_") == name for key in call.arguments):
        return call
    return Call(call.name, {key + "_" if key.rstrip("_") == name else key: value for key, value in call.arguments.items()})


def put_back(call: Call, name: str) -> Call:
    """The inverse of `set_apart`; the added argument itself is left out."""
    if not any(key.rstrip("_") == name for key in call.arguments):
        return call
    return Call(
        call.name,
        {
            key[:-1] if key.endswith("_") and key.rstrip("_") == name else key: value
            for key, value in call.arguments.items()
            if key != name
        },
    )


def declared(parameters: Schema, name: str, schema: Mapping[str, Any]) -> Schema:
    """The parameters with the argument among them, optional."""
    return {**parameters, "properties": {**parameters.get("properties", {}), name: dict(schema)}}
