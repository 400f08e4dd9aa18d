"""Arguments with a declared meaning (`x-unit`, `x-date`), and their schemas when their values are written in another way."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from typing import Any, NamedTuple

import msgspec

from perturb import schemas
from perturb.docstrings import sections
from perturb.operator import Setup
from perturb.operators.vocabulary import Style, join, split
from perturb.schemas import Convert
from perturb.types import Schema, Tool

_VALUES = ("enum", "examples")
_UNIONS = ("anyOf", "oneOf")


class Meant(NamedTuple):
    """An argument with a declared meaning: its tool, its name as it is now, its schema, and what is declared."""

    tool: Tool
    name: str
    schema: Schema
    meaning: Any


def meant(setup: Setup, key: str, kinds: frozenset[str]) -> dict[str, Meant]:
    """The arguments for which `key` is declared, and whose values or items are of `kinds` or null, by place; one that stands in
    several branches of a union only where all agree."""
    found: dict[str, Meant | None] = {}
    for tool in setup.tools:
        for place in schemas.places(tool.parameters):
            meaning = declared(place.schema, key)
            known = Meant(tool, place.name, place.schema, meaning)
            usable = meaning is not None and _only(place.schema, kinds)
            found[place.place] = known if usable and found.get(place.place, known) == known else None
    return {place: one for place, one in found.items() if one is not None}


def declared(schema: Schema, key: str) -> Any:
    """What a schema declares under `key`: itself, in the one branch that does, or for the items of its list."""
    if key in schema:
        return schema[key]
    within = [branch for union in _UNIONS for branch in schema.get(union) or ()]
    within += [schema["items"]] if isinstance(schema.get("items"), dict) else []
    return next((found for one in within if (found := declared(one, key)) is not None), None)


def _only(schema: Schema, kinds: frozenset[str]) -> bool:
    own = schemas.kinds_of(schema) - {"null"}
    if own == {"array"}:
        lists = [schema, *(branch for union in _UNIONS for branch in schema.get(union) or ())]
        return all(_only(one["items"], kinds) for one in lists if isinstance(one.get("items"), dict))
    return bool(own) and own <= kinds


def rewritten(schema: Schema, kinds: frozenset[str], change: Callable[[Schema], Schema], show: Convert) -> Schema:
    """The schema with `change` made to each part of it that describes values of `kinds`, and its listed values shown."""
    made = dict(schema)
    for key in _VALUES:
        if isinstance(schema.get(key), list):
            made[key] = [show(value) for value in schema[key]]
    for key in ("default", "const"):
        if key in schema:
            made[key] = show(schema[key])
    if isinstance(schema.get("items"), dict):
        made["items"] = rewritten(schema["items"], kinds, change, show)
    for key in _UNIONS:
        if isinstance(schema.get(key), list):
            made[key] = [rewritten(branch, kinds, change, show) for branch in schema[key]]
    declared_kinds = schema.get("type")
    own = {declared_kinds} if isinstance(declared_kinds, str) else set(declared_kinds or ())
    return change(made) if own & kinds else made


def retyped(schema: Schema, old: frozenset[str], new: str) -> Schema:
    """The schema with `new` in place of the types `old`."""
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return {**schema, "type": [new, *(kind for kind in kinds if kind not in old)]}
    return {**schema, "type": new}


def named(old: Tool, new: Tool, places: Container[str]) -> list[tuple[str, str]]:
    """The names that prose may have for the arguments at some places, with these: those of now, and those of before."""
    both = (one for tool in (new, old) for one in schemas.places(tool.parameters))
    return [(one.name, one.place) for one in both if one.place in places]


def told_anew(tool: Tool, clean: Mapping[str, Callable[[str], str]]) -> Tool:
    """The tool with what its own description says of arguments, by their names, made `clean`: the entries of a docstring, and
    sentences in which an argument is named."""
    made, position = "", 0
    for section in sections(tool.description):
        made += _sentences(tool.description[position : section.start], clean)
        position = section.start
        for entry in section.entries:
            start, end = entry.span
            text = tool.description[start:end]
            made += tool.description[position:start] + (clean[entry.name](text) if entry.name in clean else text)
            position = end
    made += _sentences(tool.description[position:], clean)
    return tool if made == tool.description else msgspec.structs.replace(tool, description=made)


def _sentences(text: str, clean: Mapping[str, Callable[[str], str]]) -> str:
    """A text with each sentence that names an argument made clean, once, as the first of them that it names."""
    patterns = {name: re.compile(rf"(?i)(?<!\w){_in_prose(name)}(?!\w)") for name in clean}
    made = []
    for piece in _SENTENCE.findall(text):
        change = next((clean[name] for name, pattern in patterns.items() if pattern.search(piece)), None)
        made.append(piece if change is None else change(piece))
    return "".join(made)


def _in_prose(name: str) -> str:
    return r"[\W_]*".join(re.escape(part) for part in split(name)[0])


_SENTENCE = re.compile(r"[^.!?\n]*(?:[.!?](?!\s)[^.!?\n]*)*(?:[.!?](?=\s|$)|\n|$)[ \t]*")


def house_style(name: str, tool: Tool) -> Style:
    """The style of a name, or where it is a single word that of the names beside it, of several words, that have one."""
    words, style = split(name)
    if len(words) > 1 or style != "snake":
        return style
    others = [found for other in tool.parameters.get("properties", {}) if len((found := split(other))[0]) > 1]
    return others[0][1] if others else style


def with_words(name: str, old: tuple[str, ...], new: str, tool: Tool) -> str:
    """A name with the last of the words `old` in it replaced by `new`, or with `new` behind it, in the style of the house."""
    words, _ = split(name)
    at = max((index for index, word in enumerate(words) if word.lower() in old), default=None)
    kept = words if at is None else words[:at]
    rest = () if at is None else words[at + 1 :]
    return join((*kept, *split(new)[0], *rest), house_style(name, tool))
