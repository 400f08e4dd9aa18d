"""The schema of a property whose values have another JSON type: keywords of the old type become words or new values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from perturb.operators.arguments.retyped_values import Converted
from perturb.schemas import kinds_of
from perturb.types import Schema

_VALUES = ("enum", "examples")
_NAMES = {",": "commas", ";": "semicolons", "|": "vertical bars"}
_BOUNDS = (
    ("minimum", "at least {}"),
    ("exclusiveMinimum", "more than {}"),
    ("maximum", "at most {}"),
    ("exclusiveMaximum", "less than {}"),
    ("multipleOf", "a multiple of {}"),
)
_SIZES = (("minItems", "at least {} items"), ("maxItems", "at most {} items"), ("uniqueItems", "no item twice"))
_LENGTHS = (("minLength", "at least {} characters"), ("maxLength", "at most {} characters"), ("pattern", "matching {}"))
_OLD = {
    "number_to_text": frozenset({"integer", "number"}),
    "flag_to_text": frozenset({"boolean"}),
    "list_to_text": frozenset({"array"}),
    "text_to_integer": frozenset({"string"}),
    "text_to_flag": frozenset({"string"}),
}
_NEW = {"text_to_integer": "integer", "text_to_flag": "boolean"}


def retyped(convert: Converted) -> Callable[[Schema], Schema]:
    """What makes the new schema of a property from its old one."""

    def change(schema: Schema) -> Schema:
        told: list[str] = []
        made = _listed(schema, convert) if convert.change == "one_to_list" else _changed(schema, convert, told)
        sentence = _sentence(convert, schema, told)
        described = str(made.get("description", ""))
        made["description"] = f"{described.rstrip()} {sentence}".strip()
        return made

    return change


def _listed(schema: Schema, convert: Converted) -> Schema:
    """The schema of a list of one: what describes the property stays with it, what describes a value goes to the item."""
    made: Schema = {key: value for key, value in schema.items() if key in ("description", "title") or key.startswith("x-")}
    items = {key: value for key, value in schema.items() if key not in made and key not in ("default", "examples")}
    null = "null" in kinds_of(schema)
    if null:
        items = _without_null(items)
    made |= {"type": ["array", "null"] if null else "array", "items": items, "minItems": 1, "maxItems": 1}
    if "default" in schema:
        made["default"] = convert.show(schema["default"])
    if isinstance(schema.get("examples"), list):
        made["examples"] = [convert.show(value) for value in schema["examples"]]
    return made


def _without_null(schema: Schema) -> Schema:
    """The schema of the values of a property that are not null."""
    made = dict(schema)
    if isinstance(schema.get("type"), list):
        kinds = [kind for kind in schema["type"] if kind != "null"]
        made["type"] = kinds[0] if len(kinds) == 1 else kinds
    if isinstance(schema.get("enum"), list):
        made["enum"] = [value for value in schema["enum"] if value is not None]
    for key in ("anyOf", "oneOf"):
        if isinstance(schema.get(key), list):
            made[key] = [branch for branch in schema[key] if branch.get("type") != "null"]
    return made


def _changed(schema: Schema, convert: Converted, told: list[str]) -> Schema:
    made = {key: value for key, value in schema.items() if key not in ("items", "format", *(key for key, _ in _ALL))}
    for key, phrase in _ALL:
        if key in schema and schema[key] is not False and schema[key] is not None:
            told.append(phrase.format(schema[key]))
    if isinstance(items := schema.get("items"), dict):
        told.extend(_items_told(items))
    for key in _VALUES:
        if isinstance(schema.get(key), list):
            made[key] = [convert.show(value) for value in schema[key]]
    for key in ("default", "const"):
        if key in schema:
            made[key] = convert.show(schema[key])
    old = _OLD[convert.change]
    declared = schema.get("type")
    if isinstance(declared, str) and declared in old:
        made["type"] = _new_type(convert)
    elif isinstance(declared, list) and old.intersection(declared):
        made["type"] = [_new_type(convert), *(kind for kind in declared if kind not in old)]
    if "type" in made and made["type"] != declared and convert.change == "flag_to_text" and "enum" not in made:
        made["enum"] = [*convert.words, *([None] if isinstance(declared, list) and "null" in declared else [])]
    if convert.change == "text_to_flag":
        made.pop("enum", None)
    for key in ("anyOf", "oneOf"):
        if isinstance(branches := schema.get(key), list):
            made[key] = [_changed(branch, convert, told) if kinds_of(branch) & old else branch for branch in branches]
    return made


_ALL = (*_BOUNDS, *_SIZES, *_LENGTHS)


def _new_type(convert: Converted) -> str:
    return _NEW.get(convert.change, "string")


def _items_told(items: Schema) -> list[str]:
    """What the items' own schema says, in words."""
    told = [str(items["description"]).rstrip(".")] if items.get("description") else []
    values = [value for value in items.get("enum", ()) if value is not None]
    if values:
        told.append("each one of " + ", ".join(_literal(value) for value in values))
    if isinstance(items.get("format"), str):
        told.append(f"each of the format {items['format']}")
    told += ["each " + phrase.format(items[key]) for key, phrase in (*_BOUNDS, *_LENGTHS) if items.get(key) is not None]
    for key in ("anyOf", "oneOf"):
        for branch in items.get(key) or ():
            told += _items_told(branch)
    return told


def _literal(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sentence(convert: Converted, schema: Schema, told: list[str]) -> str:
    more = f" ({'; '.join(told)})" if told else ""
    yes, no = convert.words
    if convert.change == "number_to_text":
        whole = "number" not in kinds_of(schema)
        return f'A {"whole " if whole else ""}number{more}, written as text, such as "{12 if whole else 12.5}".'
    if convert.change == "flag_to_text":
        return f'"{yes}" for true, "{no}" for false.'
    if convert.change == "text_to_integer":
        return f"A whole number{more}, not text."
    if convert.change == "one_to_list":
        return "A list with this one item."
    if convert.change == "text_to_flag":
        return f"True stands for {yes}, false for {no}."
    separator = convert.separator
    # What would need an escape cannot occur in numbers.
    text = {
        "string": f" Write `\\{separator}` for a {_NAMES[separator].removesuffix('s')} within an item, `\\\\` for a backslash "
        "and `\\e` for an empty item.",
        "boolean": " Each item is true or false.",
        "number": " Each item is a number.",
    }[convert.item]
    null = " `\\N` stands for null." if _null_items(schema) else ""
    parted = f"its items separated by {_NAMES[separator]}{more}"
    return f"A list written as one text, {parted}; the empty text for no items.{text}{null}"


def _null_items(schema: Schema) -> bool:
    items = schema.get("items")
    if isinstance(items, dict) and "null" in kinds_of(items):
        return True
    return any(_null_items(branch) for key in ("anyOf", "oneOf") for branch in schema.get(key) or ())
