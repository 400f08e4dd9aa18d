"""Values in another notation: total and one-to-one on all JSON values, both ways.

A value goes over only where it comes back as it was, type included. What does not passes unchanged, so that it fails as it
would clean; where it could be taken for a value in the new notation it is set apart by backslashes behind it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from perturb.schemas import Convert
from perturb.types import JSON, to_json

Write = Callable[[JSON], Any]
"""From a value to the new notation, or the other way about; `None` for what is not of the form."""

_TAIL = re.compile(r"\\*\Z")


def exactly(write: Write, parse: Write) -> tuple[Convert, Convert]:
    """The two directions of a change of notation: `write` to the new one, `parse` from it; lists item by item."""

    def over(value: JSON) -> JSON:
        """The value in the new notation; `None` where it would not come back."""
        written = write(value)
        return written if written is not None and to_json(parse(written)) == to_json(value) else None

    def show(value: JSON) -> JSON:
        if isinstance(value, list):
            return [show(item) for item in value]
        written = over(value)
        if written is not None:
            return written
        return _apart(value) if _marked(value) or parse(value) is not None else value

    def read(value: JSON) -> JSON:
        if isinstance(value, list):
            return [read(item) for item in value]
        if _marked(value):
            return _joined(value)
        known = parse(value)
        if known is not None:
            return known
        if over(value) is not None:
            raise ValueError("a value in the old notation")
        return value

    return show, read


def _marked(value: JSON) -> bool:
    return isinstance(value, str) and _tail(value) % 2 == 1


def _tail(text: str) -> int:
    match = _TAIL.search(text)
    return 0 if match is None else len(match.group())


def _apart(value: JSON) -> str:
    """The JSON of a value with one backslash behind it; a text with the backslashes at its end doubled and three more."""
    if isinstance(value, str):
        return value + "\\" * (_tail(value) + 3)
    return to_json(value).decode() + "\\"


def _joined(text: str) -> JSON:
    """The inverse of `_apart`; what was not made by it is itself."""
    tail = _tail(text)
    if tail > 1:
        return text[: len(text) - (tail + 3) // 2]
    try:
        return json.loads(text[:-1])
    except (ValueError, RecursionError):
        return text
