"""Tools read off the documentation in a system prompt, as a model reads them: JSON, XML, Python, TypeScript."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

from perturb.serving.typescript import functions
from perturb.types import JSON, Tool

_BLOCK = re.compile(r"these tools:\s*\n\s*(`{3,})(\w+)\n(.*?)\n\1", re.DOTALL)
_JSON_TYPES = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "None": "null",
    "list": "array",
    "dict": "object",
}


@lru_cache(maxsize=256)
def tools_told(system: str) -> tuple[Tool, ...]:
    """The tools that a system prompt documents; the same objects for the same prompt, so that they are matched once."""
    found = _BLOCK.search(system)
    if found is None:
        return ()
    readers = {"json": _of_json, "xml": _of_xml, "python": _of_python, "typescript": _of_typescript}
    return tuple(readers[found[2]](found[3])) if found[2] in readers else ()


def _of_json(text: str) -> Iterator[Tool]:
    for one in json.loads(text):
        yield Tool(name=one["name"], description=one["description"], parameters=one["parameters"])


def _tool(name: str, description: str, properties: dict[str, Any], required: list[str], more: JSON) -> Tool:
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return Tool(name=name, description=description, parameters={**schema, **(more or {})})


def _of_xml(text: str) -> Iterator[Tool]:
    for one in ElementTree.fromstring(text):
        properties, required = _xml_parameters(one)
        more = one.findtext("schema")
        yield _tool(
            one.get("name", ""), one.findtext("description") or "", properties, required, json.loads(more) if more else None
        )


def _xml_parameters(element: ElementTree.Element) -> tuple[dict[str, Any], list[str]]:
    properties: dict[str, Any] = {}
    required = []
    for one in element.findall("parameter"):
        name = one.get("name", "")
        schema: dict[str, Any] = {}
        if one.get("type"):
            schema["type"] = _one_or_more(one.get("type", "").split("|"))
        if one.findtext("description"):
            schema["description"] = one.findtext("description")
        if (options := one.findtext("enum")) is not None:
            schema["enum"] = json.loads(options)
        inner, needed = _xml_parameters(one)
        items: dict[str, Any] = {"type": _one_or_more(one.get("items", "").split("|"))} if one.get("items") else {}
        _put_within(schema, items, inner, needed)
        properties[name] = _with_rest(schema, one.findtext("schema"))
        if one.get("required") == "true":
            required.append(name)
    return properties, required


def _one_or_more(types: list[str]) -> JSON:
    return types[0] if len(types) == 1 else types


def _put_within(schema: dict[str, Any], items: dict[str, Any], inner: dict[str, Any], needed: list[str]) -> None:
    """Put the properties of an object where they belong: into the schema, or into that of what its list holds."""
    holder = items if items else schema
    if inner:
        holder["properties"] = inner
        if needed:
            holder["required"] = needed
    if items:
        schema["items"] = items


def _with_rest(schema: dict[str, Any], rest: str | None) -> dict[str, Any]:
    if not rest:
        return schema
    more = json.loads(rest)
    if isinstance(more.get("items"), dict) and isinstance(schema.get("items"), dict):
        more["items"] = {**schema["items"], **more["items"]}
    return {**schema, **more}


_ARGUMENT = re.compile(r'^( *)("(?:[^"\\]|\\.)*"|\w+) \((.*?)(, optional)?\):(?: (.*))?$')


def _of_python(text: str) -> Iterator[Tool]:
    for function in re.split(r"\n\n(?=def )", text):
        head, _, rest = function.partition("\n")
        named = re.match(r"def (?:tools\[(?P<odd>'.*?'|\".*?\")\]|(?P<name>\w+))\(", head)
        if named is None:
            continue
        name = named["name"] or ast.literal_eval(named["odd"])
        told = inspect.cleandoc(ast.literal_eval(inspect.cleandoc(rest)))
        told, _, schema = told.partition("\n\nSchema: ") if "\n\nSchema: " in told else (told, "", "")
        description, _, listed = told.partition("\n\nArgs:\n") if "\n\nArgs:\n" in told else (told, "", "")
        if told.startswith("Args:\n"):
            description, listed = "", told.removeprefix("Args:\n")
        properties, required = _python_arguments(listed.splitlines())
        yield _tool(name, description, properties, required, json.loads(schema) if schema else None)


def _python_arguments(lines: list[str]) -> tuple[dict[str, Any], list[str]]:
    properties: dict[str, Any] = {}
    required = []
    while lines:
        found = _ARGUMENT.match(lines.pop(0))
        if found is None:
            continue
        indent, name, annotation, optional, described = found.groups()
        within = []
        while lines and lines[0].startswith(indent + "    "):
            within.append(lines.pop(0))
        described, _, rest = (described or "").partition("Schema: ")
        schema, items = _annotated(annotation)
        if described.strip():
            schema["description"] = described.strip()
        _put_within(schema, items, *_python_arguments(within))
        name = json.loads(name) if name.startswith('"') else name
        properties[name] = _with_rest(schema, rest)
        if optional is None:
            required.append(name)
    return properties, required


def _annotated(annotation: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schema of an annotation, and that of what its list holds."""
    if annotation.startswith("Literal["):
        return _enumeration(list(ast.literal_eval(annotation.removeprefix("Literal")))), {}
    if annotation == "Any":
        return {}, {}
    items: dict[str, Any] = {}
    types = []
    for part in re.findall(r"list\[[^\]]*\]|\w+", annotation):
        if part.startswith("list["):
            items = {"type": _one_or_more([_JSON_TYPES[one] for one in part[5:-1].split(" | ")])}
            types.append("array")
        else:
            types.append(_JSON_TYPES[part])
    return {"type": _one_or_more(types)}, items


def _enumeration(options: list[JSON]) -> dict[str, Any]:
    named = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
    types = list(dict.fromkeys(named[type(option)] for option in options))
    return {**({"type": _one_or_more(types)} if types else {}), "enum": options}


def _of_typescript(text: str) -> Iterator[Tool]:
    for one in functions(text):
        properties, required = _fields(one.fields)
        yield _tool(one.name, one.comment, properties, required, json.loads(one.schema) if one.schema else None)


def _fields(fields: list[Any]) -> tuple[dict[str, Any], list[str]]:
    properties: dict[str, Any] = {}
    for one in fields:
        schema: dict[str, Any] = _enumeration(one.options) if one.options else {}
        if one.types:
            schema["type"] = _one_or_more(one.types)
        if one.comment:
            schema["description"] = one.comment
        items = {"type": _one_or_more(one.items)} if one.items else {}
        _put_within(schema, items, *_fields(one.inner))
        properties[one.name] = _with_rest(schema, one.schema)
    return properties, [one.name for one in fields if one.required]
