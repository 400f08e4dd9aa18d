"""The argument of a tool that is its mode: one of a few texts, required or with a default."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from perturb import schemas
from perturb.operators.vocabulary import split
from perturb.types import Schema, Tool

_ONE_SENTENCE = re.compile(r"[^.;:`'\"]+\.?")


class Mode(NamedTuple):
    """An argument by its place, its name as it is now, its values in their order, its default, and its description."""

    place: str
    argument: str
    values: tuple[str, ...]
    default: str | None
    description: str

    def told(self, value: str, own: str) -> str:
        """What to say of a tool that does one value's work: `The cabin to sit in: economy.` Of a value that was put into a code
        it is what the code means, in words; the description, which explains the codes, is of no use then."""
        label = " ".join(split(self.argument)[0])
        label = label[:1].upper() + label[1:]
        if value != own:
            meaning = re.sub(r"[_\s]+", " ", own).strip()
            return f"{label}: {meaning}."
        spelt = value or '""'
        if _ONE_SENTENCE.fullmatch(self.description):
            return f"{self.description.rstrip('.')}: {spelt}."
        return f"{label}: {spelt}. {self.description}".rstrip()


def mode_of(tool: Tool | None, place: str) -> Mode | None:
    """The mode at a place among a tool's arguments; `None` where there is none, or conditions over several arguments hold."""
    if tool is None or not place or schemas.conditional(tool.parameters):
        return None
    for name, child in tool.parameters.get("properties", {}).items():
        if child.get("x-place") != place:
            continue
        values = tuple(_values(child))
        default = child.get("default")
        if not values or len(set(values)) < len(values) or name.endswith("_"):
            return None
        if name in tool.parameters.get("required", ()):
            return Mode(place, name, values, None, str(child.get("description", "")))
        return Mode(place, name, values, default, str(child.get("description", ""))) if default in values else None
    return None


def _values(schema: Schema) -> Iterator[str]:
    """The texts that a schema allows, if it allows these alone."""
    listed = schema.get("enum")
    if listed is None and "const" in schema:
        listed = [schema["const"]]
    if listed is None:
        branches = schema.get("oneOf") or schema.get("anyOf") or []
        listed = [branch.get("const") if isinstance(branch, dict) else None for branch in branches]
    if all(isinstance(value, str) for value in listed):
        yield from listed
