"""Tools as Python functions with docstrings."""

from __future__ import annotations

from collections.abc import Iterator

from perturb.messages import Tools
from perturb.scaffold.formats import json_text
from perturb.scaffold.properties import Property, beyond, one_line, properties_of
from perturb.scaffold.python_call import is_name
from perturb.types import Tool

_TYPES = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "None",
    "array": "list",
    "object": "dict",
}


def told(tools: Tools) -> str:
    return "\n\n".join("\n".join(_function(tool)) for tool in tools)


def _function(tool: Tool) -> Iterator[str]:
    properties = properties_of(tool.parameters)
    name = tool.name if is_name(tool.name) else f"tools[{tool.name!r}]"
    yield f"def {name}({_signature(properties)}):"
    yield "\n".join(f"    {line}".rstrip() for line in f'"""{_quoted(tool.description)}'.split("\n"))
    if properties:
        yield ""
        yield "    Args:"
        yield from _arguments(properties, " " * 8)
    rest = beyond(tool.parameters)
    if rest:
        yield ""
        yield f"    Schema: {_quoted(json_text(rest))}"
    yield '    """'


def _signature(properties: tuple[Property, ...]) -> str:
    """Those that are required come first, as Python wants it; a name that is none in Python is among the arguments alone."""
    plain = sorted((one for one in properties if is_name(one.name)), key=lambda one: not one.required)
    parts = [f"{one.name}: {_type(one)}{'' if one.required else ' = ...'}" for one in plain]
    return ", ".join([*parts, *(["**others"] if len(plain) < len(properties) else [])])


def _arguments(properties: tuple[Property, ...], indent: str) -> Iterator[str]:
    for one in properties:
        optional = "" if one.required else ", optional"
        parts = [_quoted(one_line(one.description)), f"Schema: {_quoted(one.note)}" if one.note else ""]
        name = one.name if is_name(one.name) else json_text(one.name)
        yield f"{indent}{_quoted(name)} ({_quoted(_type(one))}{optional}): {' '.join(filter(None, parts))}".rstrip()
        yield from _arguments(one.inner, indent + " " * 4)


def _type(one: Property) -> str:
    """The type of a property, as an annotation."""
    if one.options is not None:
        return f"Literal[{', '.join(map(repr, one.options))}]"
    names = [f"list[{_union(one.items)}]" if name == "array" and one.items else _TYPES[name] for name in one.types]
    return " | ".join(names) or "Any"


def _union(types: tuple[str, ...]) -> str:
    return " | ".join(_TYPES[name] for name in types)


def _quoted(text: str) -> str:
    """A text as it stands in a docstring."""
    return text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
