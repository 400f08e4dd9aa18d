"""Values that arguments make up together: a span of time, a moment, a name, a sum of money; written as one, and taken apart.

Spans and moments as ISO 8601 has them (a solidus between start and end, `T` between date and time), names as in an index,
the last name first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from perturb.operators.arguments.date_forms import Declared
from perturb.operators.regrouped import Values
from perturb.schemas import Unreadable
from perturb.types import JSON

What = Literal["span", "moment", "name", "money"]
ROLES: dict[What, tuple[str, str]] = {
    "span": ("start", "end"),
    "moment": ("date", "time"),
    "name": ("first_name", "last_name"),
    "money": ("amount", "currency"),
}
OPEN = ".."
"""An end that is null (ISO 8601-2); one that is left out is empty."""


def in_iso(value: JSON, declared: Declared) -> str | None:
    """A day or a moment as ISO 8601 has it, to the minute where the toolset goes no further; `None` for what is neither."""
    moment = declared.parse(value)
    if moment is None or not isinstance(value, str):
        return None
    if declared.format == "date":
        return moment.date().isoformat()
    if not declared.written:
        return value
    text = (
        f"{moment.date().isoformat()}T{moment:%H:%M:%S}" if declared.seconds else f"{moment.date().isoformat()}T{moment:%H:%M}"
    )
    return text + "Z" if moment.tzinfo is not None else text


def from_iso(text: str, declared: Declared) -> str:
    """A day or a moment as the toolset writes it; what is no such is left to the toolset to judge."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if not declared.written:
        return text
    return declared.write(moment) if declared.seconds or not moment.second else text


def span_written(values: Values, names: tuple[str, str], forms: Mapping[str, Declared]) -> str | None:
    """`start/end`; an end that is null is `..`, one that is not given empty."""
    written = []
    for name in names:
        text = in_iso(values[name], forms[name]) if values.get(name) is not None else OPEN if name in values else ""
        if text is None:
            return None
        written.append(text)
    return "/".join(written)


def span_read(whole: str, text: JSON, names: tuple[str, str], forms: Mapping[str, Declared]) -> Values:
    if not isinstance(text, str) or text.count("/") != 1:
        raise Unreadable(whole, text)
    parts = dict(zip(names, text.split("/"), strict=True))
    return {name: None if part == OPEN else from_iso(part, forms[name]) for name, part in parts.items() if part}


def moment_written(values: Values, names: tuple[str, str]) -> str | None:
    """`dateTtime`, of texts as the toolset writes them."""
    date, time = (values.get(name) for name in names)
    return f"{date}T{time}" if isinstance(date, str) and isinstance(time, str) else None


def moment_read(whole: str, text: JSON, names: tuple[str, str]) -> Values:
    match = re.fullmatch(r"([^T]+)[T ]([^T]+)", text) if isinstance(text, str) else None
    if match is None:
        raise Unreadable(whole, text)
    return dict(zip(names, match.groups(), strict=True))


def name_written(values: Values, names: tuple[str, str]) -> str | None:
    """`Last, First`; a last name alone stands by itself, a first name alone behind a comma."""
    first, last = (values.get(name) for name in names)
    if not all(isinstance(values[name], str) for name in values):
        return None
    return last if first is None else f"{last or ''}, {first}"


def name_read(whole: str, text: JSON, names: tuple[str, str]) -> Values:
    if not isinstance(text, str):
        raise Unreadable(whole, text)
    last, comma, first = text.partition(",")
    parts = {names[0]: first.strip()} if comma else {}
    return {**parts, names[1]: last.strip()} if last.strip() else parts


def money_read(whole: str, value: JSON, names: Mapping[str, str]) -> Values:
    """`names` maps the keys of the object to the arguments that they stand for."""
    if not isinstance(value, dict):
        raise Unreadable(whole, value)
    for key, item in value.items():
        if key not in names:
            raise Unreadable(f"{whole}.{key}", item)
    return {names[key]: item for key, item in value.items()}
