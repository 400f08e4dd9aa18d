"""Tools as XML elements."""

from __future__ import annotations

from collections.abc import Iterator

from perturb.messages import Tools
from perturb.scaffold.formats import json_text
from perturb.scaffold.properties import Property, beyond, properties_of
from perturb.scaffold.xml import attribute, escaped
from perturb.types import Tool


def told(tools: Tools) -> str:
    return "\n".join(["<tools>", *(line for tool in tools for line in _tool(tool)), "</tools>"])


def _tool(tool: Tool) -> Iterator[str]:
    yield f"<tool name={attribute(tool.name)}>"
    yield f"  <description>{escaped(tool.description)}</description>"
    yield from _parameters(properties_of(tool.parameters), "  ")
    rest = beyond(tool.parameters)
    if rest:
        yield f"  <schema>{escaped(json_text(rest))}</schema>"
    yield "</tool>"


def _parameters(properties: tuple[Property, ...], indent: str) -> Iterator[str]:
    for one in properties:
        types = f" type={attribute('|'.join(one.types))}" if one.types else ""
        items = f" items={attribute('|'.join(one.items))}" if one.items else ""
        needed = "true" if one.required else "false"
        yield f'{indent}<parameter name={attribute(one.name)}{types}{items} required="{needed}">'
        if one.description:
            yield f"{indent}  <description>{escaped(one.description)}</description>"
        if one.options is not None:
            yield f"{indent}  <enum>{escaped(json_text(list(one.options)))}</enum>"
        yield from _parameters(one.inner, indent + "  ")
        if one.rest:
            yield f"{indent}  <schema>{escaped(one.note)}</schema>"
        yield f"{indent}</parameter>"
