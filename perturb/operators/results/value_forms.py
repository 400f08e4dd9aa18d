"""Values of results in another notation: total and one-to-one on all JSON values, both ways.

What has no form in the new notation passes unchanged. What would be taken for a new form without being one is set apart from
it: as its JSON behind a backslash, which no form begins with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from perturb.operators.arguments.retyped_values import flag, number_text, text_number
from perturb.operators.results.date_forms import DateForm, Moment, forms_for, moment
from perturb.operators.results.money_forms import MoneyForm, minor_units, text_with_currency
from perturb.schemas import kinds_of
from perturb.types import JSON, Schema

_APART = "\\"
FLAGS = ("yes/no", "Y/N", "true/false")
_NUMERIC = frozenset({"integer", "number"})
_KEYWORDS = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern", "format"}
    | {"x-date", "x-unit"}
)
"""What a schema says of values in the old notation."""


class Notation(NamedTuple):
    """A change of notation: the JSON types that it changes, those of the new values, what the description of a tool and of the
    key say of it, whether the values are few enough to be listed, and the two directions."""

    old: frozenset[str]
    types: tuple[str, ...]
    told: str
    note: bool
    listed: tuple[JSON, ...]
    show: Callable[[JSON], JSON]
    read: Callable[[JSON], JSON]


def notation(change: str, style: str, schema: Schema) -> Notation | None:
    """The notation `change` in a style for values of a schema; `None` where they have none of the kind."""
    kinds = kinds_of(schema) - {"null"}
    numeric = bool(kinds) and kinds <= _NUMERIC
    if change == "date" and kinds == {"string"}:
        declared = meaning(schema, "x-date")
        if not isinstance(declared, dict) or "pattern" in declared:
            return None
        forms = forms_for(str(declared.get("format")), str(declared.get("zone")))
        return _dated(forms[style], str(declared.get("precision", "seconds"))) if style in forms else None
    unit = meaning(schema, "x-unit")
    if change == "minor_units" and numeric:
        return _priced(minor_units(str(unit), kinds == {"integer"}))
    if change == "currency" and numeric:
        return _priced(text_with_currency(str(unit), style))
    if change == "duration" and numeric and unit == "minutes":
        told = "A duration as ISO 8601 has it, like PT3H5M."
        return _total(_NUMERIC, ("string",), told, False, (), _duration, _minutes)
    if change == "number_text" and numeric:
        return _total(_NUMERIC, ("string",), "A number, written as text.", False, (), number_text, _number)
    if change == "flag_text" and kinds == {"boolean"}:
        yes, no = style.split("/")
        encode, decode = flag((yes, no))
        told = f'"{yes}" for true, "{no}" for false.'
        return _total(frozenset({"boolean"}), ("string",), told, False, (yes, no), encode, decode)
    if change == "flag_number" and kinds == {"boolean"}:
        return _total(frozenset({"boolean"}), ("integer",), "1 for true, 0 for false.", False, (1, 0), _bit, _from_bit)
    return None


def meaning(schema: Schema, key: str) -> Any:
    """What a property declares under a key of ours: itself, or in the one branch of a choice that is not null."""
    if key in schema:
        return schema[key]
    found = [branch[key] for choice in ("anyOf", "oneOf") for branch in schema.get(choice) or () if key in branch]
    return found[0] if len(found) == 1 else None


def _dated(form: DateForm, precision: str) -> Notation:
    def encode(value: JSON) -> JSON:
        parts = moment(value) if isinstance(value, str) else None
        return None if parts is None else form.write(parts, precision)

    def decode(shown: JSON) -> JSON:
        parts: Moment | None = form.read(shown, precision)
        return None if parts is None or moment(str(parts)) is None else str(parts)

    told = form.told[0].upper() + form.told[1:] + "."
    # A text that is no moment stays one.
    return _total(frozenset({"string"}), tuple(dict.fromkeys((form.type, "string"))), told, True, (), encode, decode)


def _priced(form: MoneyForm) -> Notation:
    told = form.told[0].upper() + form.told[1:] + "."
    return _total(_NUMERIC, form.types, told, True, (), form.write, form.read)


def _number(shown: JSON) -> JSON:
    return text_number(shown) if isinstance(shown, str) else None


_DURATION = re.compile(r"(-?)PT(?:(\d+)H)?(?:(\d+)M)?|(-?)PT(\d+\.\d+)M")


def _duration(value: JSON) -> JSON:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    sign = "-" if str(value).startswith("-") else ""
    if isinstance(value, float):
        return f"{sign}PT{abs(value)!r}M"
    hours, minutes = divmod(abs(value), 60)
    return f"{sign}PT" + (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes or not hours else "")


def _minutes(shown: JSON) -> JSON:
    match = _DURATION.fullmatch(shown) if isinstance(shown, str) and shown[-1:] in ("H", "M") else None
    if match is None:
        return None
    if match[5] is not None:
        return float(match[4] + match[5])
    return int(f"{match[1]}{int(match[2] or 0) * 60 + int(match[3] or 0)}")


def _bit(value: JSON) -> JSON:
    return int(value) if isinstance(value, bool) else None


def _from_bit(shown: JSON) -> JSON:
    return bool(shown) if type(shown) is int and shown in (0, 1) else None


def _total(
    old: frozenset[str],
    types: tuple[str, ...],
    told: str,
    note: bool,
    listed: tuple[JSON, ...],
    encode: Callable[[JSON], JSON],
    decode: Callable[[JSON], JSON],
) -> Notation:
    """A notation from the two directions of its forms, each of which gives `None` for what is not of them."""

    def exact(value: JSON) -> JSON:
        """The new form of a value that it gives back to the letter."""
        form = encode(value)
        if form is None:
            return None
        back = decode(form)
        return form if type(back) is type(value) and back == value and str(back) == str(value) else None

    def show(value: JSON) -> JSON:
        form = exact(value)
        if form is not None:
            return form
        if (
            (isinstance(value, str) and value.startswith(_APART))
            or read(value) != value
            or type(read(value)) is not type(value)
        ):
            return _APART + json.dumps(value, ensure_ascii=False)
        return value

    def read(shown: JSON) -> JSON:
        if isinstance(shown, str) and shown.startswith(_APART):
            try:
                return json.loads(shown[1:])
            except ValueError:
                return shown
        value = decode(shown)
        # Another spelling of a form is not the one that is written, and stands for itself.
        return value if value is not None and exact(value) == shown and type(exact(value)) is type(shown) else shown

    return Notation(old, types, told, note, listed, show, read)


def renoted(made: Notation) -> Callable[[Schema], Schema]:
    """What makes the new schema of a property from its old one."""

    def change(schema: Schema) -> Schema:
        new = _renoted(schema, made)
        described = str(schema.get("description", "")).rstrip()
        if described and described[-1] not in ".!?:;":
            described += "."
        new["description"] = f"{described} {made.told}".strip()
        return new

    return change


def _renoted(schema: Schema, made: Notation) -> Schema:
    new = {key: value for key, value in schema.items() if key not in _KEYWORDS}
    declared = schema.get("type")
    kinds = [declared] if isinstance(declared, str) else list(declared or ())
    if made.old.intersection(kinds):
        types = [*made.types, *(kind for kind in kinds if kind not in made.old)]
        new["type"] = types if len(types) > 1 else types[0]
        if made.listed and "enum" not in schema:
            new["enum"] = [*made.listed, *([None] if "null" in kinds else [])]
    for key in ("enum", "examples"):
        if isinstance(schema.get(key), list):
            new[key] = [made.show(value) for value in schema[key]]
    for key in ("default", "const"):
        if key in schema:
            new[key] = made.show(schema[key])
    for key in ("anyOf", "oneOf"):
        if isinstance(branches := schema.get(key), list):
            new[key] = [_renoted(branch, made) if kinds_of(branch) & made.old else branch for branch in branches]
    return new
