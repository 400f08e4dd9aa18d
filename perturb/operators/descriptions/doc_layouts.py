"""Layouts of documentation: Google, NumPy and Sphinx docstrings, a man page, an operation of OpenAPI.

Each lays out the same: what a tool does, its arguments one by one, and what else was said of it. Nothing is left out, and no
word of a description is changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, get_args

from perturb.schemas import kinds_of
from perturb.types import Schema

Layout = Literal["google", "numpy", "sphinx", "man_page", "openapi"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)


class Argument(NamedTuple):
    """One argument; `schema` as it is shown. `text` is empty where nothing is said of it."""

    name: str
    text: str
    required: bool
    schema: Schema


class Document(NamedTuple):
    """What is said of a tool: prose, arguments, and sections of its docstring besides (`Returns`, `Example`)."""

    name: str
    text: str
    arguments: tuple[Argument, ...]
    sections: tuple[tuple[str, str], ...] = ()
    reads: bool = False


def lay_out(document: Document, layout: Layout) -> str:
    """The document as one text."""
    return _LAYOUTS[layout](document)


def _google(document: Document) -> str:
    lines = []
    for one in _described(document):
        kind = ", ".join(part for part in (_python_type(one.schema), "" if one.required else "optional") if part)
        lines.append(f"    {one.name}{f' ({kind})' if kind else ''}: {_indented(one.text, 8).lstrip()}")
    parts = [document.text, "\n".join(["Args:", *lines])]
    parts += [f"{heading}:\n{_indented(body, 4)}" for heading, body in document.sections]
    return _joined(parts)


def _numpy(document: Document) -> str:
    lines = []
    for one in _described(document):
        kind = ", ".join(part for part in (_python_type(one.schema), "" if one.required else "optional") if part)
        lines += [f"{one.name} : {kind}" if kind else one.name, _indented(one.text, 4)]
    parts = [document.text, "\n".join(["Parameters", "----------", *lines])]
    parts += [f"{heading}\n{'-' * max(3, len(heading))}\n{body}" for heading, body in document.sections]
    return _joined(parts)


def _sphinx(document: Document) -> str:
    lines = []
    for one in _described(document):
        kind = ", ".join(part for part in (_python_type(one.schema), "" if one.required else "optional") if part)
        lines.append(f":param {one.name}: {_indented(one.text, 4).lstrip()}")
        lines += [f":type {one.name}: {kind}"] if kind else []
    lines += [f":returns: {_indented(body, 4).lstrip()}" for heading, body in document.sections if heading == "Returns"]
    parts = [document.text, "\n".join(lines)]
    parts += [f".. rubric:: {heading}\n\n{body}" for heading, body in document.sections if heading != "Returns"]
    return _joined(parts)


def _man_page(document: Document) -> str:
    """Sections in the order of man-pages(7)."""
    summary, rest = _summary(document.text)
    options = [f"--{one.name} {_placeholder(one.schema)}" for one in document.arguments]
    uses = [use if one.required else f"[{use}]" for use, one in zip(options, document.arguments, strict=True)]
    told = dict(document.sections)
    sections = {
        "NAME": f"{document.name} - {summary.rstrip('.')}" if summary else document.name,
        "SYNOPSIS": " ".join([document.name, *uses]),
        "DESCRIPTION": rest or summary,
        "OPTIONS": "\n\n".join(
            use + (f"\n{_indented(one.text, 7)}" if one.text else "")
            for use, one in zip(options, document.arguments, strict=True)
        ),
        "RETURN VALUE": told.pop("Returns", ""),
        "ERRORS": told.pop("Raises", ""),
        **{heading.upper(): body for heading, body in told.items()},
    }
    return "\n\n".join(f"{heading}\n{_indented(body, 7)}" for heading, body in sections.items() if body)


def _openapi(document: Document) -> str:
    """An Operation Object of OpenAPI 3.1, in YAML; reads take their arguments in the query, writes in the body."""
    summary, rest = _summary(document.text)
    told = dict(document.sections)
    response = told.pop("Returns", "")
    more = [f"**{heading}**\n\n{body}" for heading, body in told.items()]
    operation: dict[str, Any] = {"operationId": document.name}
    if summary:
        operation["summary"] = summary
    if rest or more:
        operation["description"] = _joined([rest, *more])
    if document.reads:
        operation["parameters"] = [
            {
                "name": one.name,
                "in": "query",
                "required": one.required,
                **({"description": one.text} if one.text else {}),
                "schema": _outline(one.schema),
            }
            for one in document.arguments
        ]
    else:
        body: dict[str, Any] = {
            "type": "object",
            "properties": {
                one.name: {**_outline(one.schema), **({"description": one.text} if one.text else {})}
                for one in document.arguments
            },
        }
        if required := [one.name for one in document.arguments if one.required]:
            body["required"] = required
        operation["requestBody"] = {"required": bool(required), "content": {"application/json": {"schema": body}}}
    operation["responses"] = {"200": {"description": response or "Success"}}
    return _yaml(operation)


_LAYOUTS: dict[Layout, Callable[[Document], str]] = {
    "google": _google,
    "numpy": _numpy,
    "sphinx": _sphinx,
    "man_page": _man_page,
    "openapi": _openapi,
}


def _described(document: Document) -> list[Argument]:
    return [one for one in document.arguments if one.text]


def _joined(parts: list[str]) -> str:
    return "\n\n".join(part for part in parts if part.strip())


def _indented(text: str, width: int) -> str:
    return "\n".join(" " * width + line if line.strip() else "" for line in text.splitlines())


def _summary(text: str) -> tuple[str, str]:
    """The first sentence of a text, and the rest; a first line that is no sentence is one too."""
    text = text.strip()
    match = re.match(r"[^\n]*?[.!?](?=\s|$)|[^\n]*", text)
    first = match.group() if match else text
    return first, text[len(first) :].strip()


_PYTHON = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "object": "dict", "null": "None"}


def _python_type(schema: Schema) -> str:
    """The type of an argument as a Python author writes it; `""` where the schema says none."""
    found: list[str] = []
    declared = schema.get("type")
    for kind in [declared] if isinstance(declared, str) else declared or ():
        items = schema.get("items")
        inner = _python_type(items) if kind == "array" and isinstance(items, dict) else ""
        found.append((f"list[{inner}]" if inner else "list") if kind == "array" else _PYTHON[kind])
    for key in ("anyOf", "oneOf"):
        found += [_python_type(branch) for branch in schema.get(key) or ()]
    return " | ".join(dict.fromkeys(kind for kind in found if kind))


def _placeholder(schema: Schema) -> str:
    """What stands for a value in a synopsis."""
    kinds = [kind for kind in _python_type(schema).split(" | ") if kind not in ("", "None")]
    names = {"str": "STRING", "int": "INTEGER", "float": "NUMBER", "bool": "true|false", "dict": "OBJECT"}
    return names.get(kinds[0], "LIST" if kinds[0].startswith("list") else "VALUE") if len(kinds) == 1 else "VALUE"


_OUTLINE = ("enum", "format", "default", "minimum", "maximum")


def _outline(schema: Schema) -> Schema:
    """The keywords that a page of documentation repeats; the rest is told by the schema alone."""
    kinds = sorted(kinds_of(schema), key=lambda kind: (kind == "null", kind))
    declared = {"type": kinds[0] if len(kinds) == 1 else kinds} if kinds else {}
    return {**declared, **{key: schema[key] for key in _OUTLINE if key in schema}}


def _yaml(value: Any) -> str:
    import yaml

    class Dumper(yaml.SafeDumper):
        """Texts of several lines as blocks; nothing is folded or aliased."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: yaml.SafeDumper, data: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None)

    Dumper.add_representer(str, text)
    dumped: str = yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)
    return dumped.rstrip("\n")
