"""The ways in which a set of tools can be called, laid out flat: forms, and the slots of each for values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from perturb.types import JSON, Schema, Tool

Path = tuple[str, ...]

_QUOTED = re.compile(r"`([^`]+)`")


class Slot(NamedTuple):
    """A place for a value: the path to it from the root of the arguments, its schema, and whether it must be given."""

    path: Path
    schema: Schema
    required: bool

    @property
    def name(self) -> str:
        return self.path[-1]

    @property
    def description(self) -> str:
        return str(self.schema.get("description", ""))


class Form(NamedTuple):
    """One way to call a tool: whole, or with one of its choices made, and what is said about just that."""

    tool: Tool
    fixed: tuple[tuple[Path, str], ...]
    name: str
    description: str
    slots: tuple[Slot, ...]


def slots(schema: Mapping[str, Any], path: Path = (), required: bool = True) -> Iterator[Slot]:
    """The slots of an object schema; an object with declared properties, or a choice of such, is looked into, a list is one
    slot."""
    needed = schema.get("required", ())
    for name, child in schema.get("properties", {}).items():
        must = required and name in needed
        objects = [one for one in (child, *child.get("anyOf", ()), *child.get("oneOf", ())) if one.get("properties")]
        if objects:
            inner = {slot.path: slot for one in reversed(objects) for slot in slots(one, (*path, name), must)}
            yield from inner.values()
        else:
            yield Slot((*path, name), child, must)


def branch(schema: Schema, kind: str) -> Schema:
    """The part of a schema that speaks of values of one JSON type: itself, or one branch of a choice."""
    for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        if kind in types(one):
            return {"description": schema.get("description", ""), **branch(one, kind)}
    return schema


def choices(schema: Mapping[str, Any]) -> list[JSON]:
    """The values that a schema allows where it lists them, else none."""
    if "const" in schema:
        return [schema["const"]]
    found = list(schema.get("enum", ()))
    for branch in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        found += [value for value in choices(branch) if value not in found]
    return found


def types(schema: Mapping[str, Any]) -> frozenset[str]:
    """The JSON types that a schema allows, `null` aside; empty where any is."""
    given = schema.get("type", ())
    found = {given} if isinstance(given, str) else set(given)
    for branch in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        found |= types(branch)
    return frozenset(found - {"null"})


def forms(tool: Tool) -> list[Form]:
    """A tool whole, and once for each value of a choice that must be made and that its description explains; where it names
    in code marks what goes with that choice, with those arguments only."""
    every = tuple(slots(tool.parameters))
    made = [Form(tool, (), tool.name, tool.description, every)]
    for slot in every:
        options = [value for value in choices(slot.schema) if isinstance(value, str)]
        if not slot.required or len(options) < 1:
            continue
        rest = tuple(other for other in every if other.path != slot.path)
        for value, said in _told(tool.description, options).items():
            quoted = set(_QUOTED.findall(said))
            own = tuple(other for other in rest if other.path[0] in quoted)
            made.append(Form(tool, ((slot.path, value),), f"{tool.name} {value}", said, own or rest))
    return made


def _told(text: str, options: list[str]) -> dict[str, str]:
    """What a text says of each option: from the line that names it first to the line that names another one first."""
    names = "|".join(map(re.escape, sorted(options, key=len, reverse=True)))
    pattern = re.compile(rf"[`'\"]?(?<![\w-])({names})(?![\w-])[`'\"]?")
    told: dict[str, str] = {}
    current = None
    for line in text.splitlines():
        if (named := pattern.search(line)) and named[1] not in told:
            current = named[1]
            told[current] = line[: named.start()] + line[named.end() :]
        elif current is not None:
            told[current] += "\n" + line
    return told
