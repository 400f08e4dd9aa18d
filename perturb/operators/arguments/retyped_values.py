"""Values in another JSON type: total and one-to-one on all JSON values, both ways.

What is not of the old type passes unchanged, so that it fails as it would clean. A string that would be taken for a new
form is set apart from it by a backslash at its end, which no new form ends in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import NamedTuple

from perturb.types import JSON

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_TAIL = re.compile(r"\\*\Z")
_STALE = "a value of the old type"


class Converted(NamedTuple):
    """The two directions of a change of type, and its name, its words or separator, and the type of a list's items."""

    change: str
    words: tuple[str, str]
    separator: str
    item: str
    show: Callable[[JSON], JSON]
    read: Callable[[JSON], JSON]


def form_of(change: str, words: tuple[str, str], separator: str, item: str) -> Converted:
    """The conversion called `change`; `item` is the type of a list's items."""
    if change == "number_to_text":
        show, read = _to_text(number_text, text_number)
    elif change == "flag_to_text":
        show, read = _to_text(*flag(words))
    elif change == "list_to_text":
        show, read = _to_text(*_separated(separator, item))
    elif change == "one_to_list":
        show, read = _listed, _unlisted
    elif change == "text_to_integer":
        show, read = _from_text(_integer_text, lambda text: int(text) if INTEGER.fullmatch(text) else None)
    else:
        show, read = _from_text(*flag(words))
    return Converted(change, words, separator, item, show, read)


_Encode = Callable[[JSON], "str | None"]
_Decode = Callable[[str], JSON]
"""`None` where a value, or a text, is not of the form."""


def _to_text(encode: _Encode, decode: _Decode) -> tuple[Callable[[JSON], JSON], Callable[[JSON], JSON]]:
    def show(value: JSON) -> JSON:
        text = encode(value)
        if text is not None:
            return text
        if isinstance(value, str) and (_odd(value) or decode(value.rstrip("\\")) is not None or decode(value) is not None):
            return _set_apart(value)
        return value

    def read(value: JSON) -> JSON:
        if not isinstance(value, str):
            if encode(value) is not None:
                raise ValueError(_STALE)
            return value
        if _odd(value):
            return _joined(value)
        known = decode(value)
        return value if known is None else known

    return show, read


def _from_text(encode: _Encode, decode: _Decode) -> tuple[Callable[[JSON], JSON], Callable[[JSON], JSON]]:
    """`encode` and `decode` are those of the other direction: from the shown value to the text that stands for it within."""

    def show(value: JSON) -> JSON:
        if isinstance(value, str):
            known = decode(value)
            if known is not None:
                return known
            return _set_apart(value) if _odd(value) else value
        text = encode(value)
        # One backslash after a text of the form: a string that looks so itself is set apart by at least three.
        return value if text is None else text + "\\"

    def read(value: JSON) -> JSON:
        if isinstance(value, str):
            if decode(value) is not None:
                raise ValueError(_STALE)
            if not _odd(value):
                return value
            known = decode(value[:-1])
            return _joined(value) if known is None else known
        text = encode(value)
        return value if text is None else text

    return show, read


def _tail(text: str) -> int:
    match = _TAIL.search(text)
    return 0 if match is None else len(match.group())


def _odd(text: str) -> bool:
    return text.endswith("\\") and _tail(text) % 2 == 1


def _set_apart(text: str) -> str:
    """The text with the backslashes at its end doubled and one more."""
    return text + "\\" * (_tail(text) + 1)


def _joined(text: str) -> str:
    """The inverse of `_set_apart`, for a text that ends in an odd number of backslashes."""
    return text[: len(text) - (_tail(text) + 1) // 2]


def _listed(value: JSON) -> JSON:
    return None if value is None else [value]


def _unlisted(value: JSON) -> JSON:
    if value is None:
        return None
    if not isinstance(value, list):
        raise ValueError(_STALE)
    if len(value) != 1 or value[0] is None:
        raise ValueError("a list with another number of items than one")
    return value[0]


def number_text(value: JSON) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    text = json.dumps(value)
    return text if _NUMBER.fullmatch(text) else None


def text_number(text: str) -> JSON:
    return json.loads(text) if _NUMBER.fullmatch(text) else None


def _integer_text(value: JSON) -> str | None:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def flag(words: tuple[str, str]) -> tuple[_Encode, _Decode]:
    yes, no = words

    def encode(value: JSON) -> str | None:
        return (yes if value else no) if isinstance(value, bool) else None

    def decode(text: str) -> JSON:
        return True if text == yes else False if text == no else None

    return encode, decode


def _scalar(kind: str) -> tuple[_Encode, _Decode]:
    """How one item of a list is written, before escaping."""
    if kind == "number":
        return number_text, text_number
    if kind == "boolean":
        return flag(("true", "false"))
    return (lambda value: value if isinstance(value, str) else None), (lambda text: text)


def _separated(separator: str, kind: str) -> tuple[_Encode, _Decode]:
    """Items joined by a separator; `\\` before a separator or another `\\`, `\\e` for an empty item, `\\N` for null."""
    write, parse = _scalar(kind)
    pieces = re.compile(rf"\\[eN]|(?:[^\\{separator}]|\\[\\{separator}])*")
    escaped = re.compile(rf"[\\{separator}]")
    unescaped = re.compile(rf"\\([\\{separator}])")

    def encode(value: JSON) -> str | None:
        if not isinstance(value, list):
            return None
        written = []
        for item in value:
            text = "\\N" if item is None else write(item)
            if text is None:
                return None
            written.append("\\N" if item is None else escaped.sub(r"\\\g<0>", text) or "\\e")
        return separator.join(written)

    def decode(text: str) -> JSON:
        items: list[JSON] = []
        position = 0
        while text:
            match = pieces.match(text, position)
            piece = match.group() if match else ""
            position += len(piece)
            if piece == "\\N":
                items.append(None)
            else:
                known = parse("" if piece == "\\e" else unescaped.sub(r"\1", piece))
                if known is None:
                    return None
                items.append(known)
            if position == len(text):
                break
            if text[position] != separator:
                return None
            position += 1
        return items

    return encode, decode
