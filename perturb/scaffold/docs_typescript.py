"""Tools as TypeScript declarations with comments."""

from __future__ import annotations

from collections.abc import Iterator

from perturb.messages import Tools
from perturb.scaffold.formats import json_text
from perturb.scaffold.properties import Property, beyond, one_line, properties_of
from perturb.scaffold.python_call import is_name
from perturb.types import Tool

_TYPES = {"array": "unknown[]", "object": "object", "integer": "integer"}


def told(tools: Tools) -> str:
    integers = "// An integer is a number without a fraction.\ntype integer = number;"
    return "\n\n".join([integers, *("\n".join(_function(tool)) for tool in tools)])


def _function(tool: Tool) -> Iterator[str]:
    rest = beyond(tool.parameters)
    yield from _comment(tool.description, json_text(rest) if rest else "", "")
    properties = properties_of(tool.parameters)
    name = tool.name if is_name(tool.name) else json_text(tool.name)
    if not properties:
        yield f"declare function {name}(args: {{}}): unknown;"
        return
    yield f"declare function {name}(args: {{"
    yield from _fields(properties, "  ")
    yield "}): unknown;"


def _fields(properties: tuple[Property, ...], indent: str) -> Iterator[str]:
    for one in properties:
        yield from _comment(one_line(one.description), one.note, indent)
        name = one.name if is_name(one.name) else json_text(one.name)
        head = f"{indent}{name}{'' if one.required else '?'}: "
        if one.inner:
            yield head + "{"
            yield from _fields(one.inner, indent + "  ")
            others = [_TYPES.get(name, name) for name in one.types if name not in ("array", "object")]
            yield " | ".join([f"{indent}}}{'[]' if one.items else ''}", *others]) + ";"
        else:
            yield f"{head}{_type(one)};"


def _type(one: Property) -> str:
    if one.options is not None:
        return " | ".join(map(json_text, one.options)) or "never"
    return (
        " | ".join(_list(one.items) if name == "array" and one.items else _TYPES.get(name, name) for name in one.types)
        or "unknown"
    )


def _list(items: tuple[str, ...]) -> str:
    types = " | ".join(_TYPES.get(name, name) for name in items)
    return f"({types})[]" if len(items) > 1 else f"{types}[]"


def _comment(text: str, schema: str, indent: str) -> Iterator[str]:
    lines = [*text.splitlines(), *([f"@schema {schema}"] if schema else [])]
    lines = [line.replace("*/", "*\\/") for line in lines]
    if len(lines) == 1:
        yield f"{indent}/** {lines[0]} */"
    elif lines:
        yield f"{indent}/**"
        yield from (f"{indent} * {line}".rstrip() for line in lines)
        yield f"{indent} */"
