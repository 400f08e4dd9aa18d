"""Putting a value into the form that a schema and its description ask for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from itertools import zip_longest
from typing import Any

from perturb.reference.forms import branch, choices, types
from perturb.reference.words import words
from perturb.types import JSON, Schema

_MARKS = {
    "comma": ",", "semicolon": ";", "pipe": "|", "vertical bar": "|", "line break": "\n", "newline": "\n", "tab": "\t",
    "slash": "/", "space": " ",
}  # fmt: skip
_MARK = re.compile(r"[`'\"“‘]([,;|/ \t:]|, |; |\\[nt])[`'\"”’]|\b(" + "|".join(_MARKS) + r")s?\b")
_YES, _NO = frozenset({"true", "yes", "on", "y", "1"}), frozenset({"false", "no", "off", "n", "0"})
_QUOTED = re.compile(r"[`'\"“‘]([^`'\"”’]+)[`'\"”’]")
_SEGMENT = re.compile(r"[;,\n]|\.(?=\s|$)")


def default(schema: Mapping[str, Any]) -> JSON:
    """What an argument can only be, or is when nothing else is known; else `None`."""
    options = choices(schema)
    return options[0] if len(options) == 1 else schema.get("default")


def conform(value: JSON, old: Schema, new: Schema) -> JSON:
    """A value that was right under the schema `old`, as the schema `new` wants it; unchanged where nothing is known."""
    allowed = types(new)
    told = str(new.get("description", ""))
    if isinstance(value, list):
        if "array" in allowed or "string" not in allowed:
            before, after = branch(old, "array").get("items", {}), branch(new, "array").get("items", {})
            return [conform(one, before, after) for one in value]
        separator = _separator(told)
        items = [_text(one, told) for one in value]
        if f"\\{separator}" in told:
            items = [one.replace("\\", "\\\\").replace(separator, f"\\{separator}") for one in items]
        return separator.join(items)
    if isinstance(value, str) and "array" in allowed and "string" not in allowed:
        parts = [part.strip() for part in value.split(_separator(str(old.get("description", ""))).strip() or None)]
        return [conform(part, {}, branch(new, "array").get("items", {})) for part in parts if part]
    if value is None:
        return value
    if (options := choices(new)) and not any(type(one) is type(value) and one == value for one in options):
        return _chosen(value, options, told, choices(old))
    return _typed(value, allowed, told)


def _typed(value: JSON, allowed: frozenset[str], told: str) -> JSON:
    if not allowed or _type(value) in allowed or (isinstance(value, int) and "number" in allowed and value is not True):
        return value
    if isinstance(value, float) and value.is_integer() and "integer" in allowed:
        return int(value)
    if isinstance(value, str):
        if "boolean" in allowed and value.lower() in _YES | _NO:
            return value.lower() in _YES
        for name, read in (("integer", int), ("number", float)):
            if name in allowed:
                with suppress(ValueError):
                    return read(value)
    if "string" in allowed:
        return _text(value, told)
    return value


def _type(value: JSON) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _text(value: JSON, told: str) -> str:
    if isinstance(value, bool):
        wanted = _YES if value else _NO
        quoted = [word for word in _QUOTED.findall(told) if word.lower() in wanted]
        return quoted[0] if quoted else str(value).lower()
    return value if isinstance(value, str) else json.dumps(value)


def _separator(told: str) -> str:
    """The first mark that a description quotes or names, after it has spoken of separating; a comma where it tells none."""
    found = _MARK.search(told, max(0, told.lower().find("separat")))
    if found is None:
        return ", "
    return {"\\n": "\n", "\\t": "\t"}.get(found[1], found[1]) if found[1] else _MARKS[found[2]]


def _chosen(value: JSON, options: list[JSON], told: str, before: list[JSON]) -> JSON:
    """The one of `options` that means what `value` does: by its looks, by what the description says of it, or by its place
    among the choices there were before."""
    text = str(value).lower()
    wanted = _YES if value is True else _NO if value is False else {text}
    for option in options:
        if str(option).lower() in wanted:
            return option
    sought = frozenset(words(text))
    found: tuple[float, JSON] = (0.0, None)
    for option, said in _explained(told, options) + [(option, str(option)) for option in options]:
        meaning = frozenset(words(said))
        if meaning and (score := len(sought & meaning) / len(sought | meaning)) > found[0]:
            found = (score, option)
    if found[0] > 0:
        return found[1]
    if value in before and len(before) == len(options):
        return options[before.index(value)]
    return value


def _explained(told: str, options: list[JSON]) -> list[tuple[JSON, str]]:
    """Each option with what is said beside it: in its own clause, else up to where the next option is named."""
    names = {str(option): option for option in options}
    pattern = re.compile("|".join(rf"(?<![\w-]){re.escape(one)}(?![\w-])" for one in sorted(names, key=len, reverse=True)))
    found = []
    for clause in _SEGMENT.split(told):
        named = list(pattern.finditer(clause))
        if len(named) == 1:
            found.append((names[named[0].group()], clause[: named[0].start()] + " " + clause[named[0].end() :]))
    every = list(pattern.finditer(told))
    for one, following in zip_longest(every, every[1:]):
        found.append((names[one.group()], told[one.end() : following.start() if following else None]))
    return found


def items(schema: Schema) -> Schema | None:
    """The schema of a list's items where they are objects with declared properties."""
    inner = branch(schema, "array").get("items")
    return inner if isinstance(inner, dict) and inner.get("properties") else None
