"""`9 June` and `June 9`: days with their month in the other order."""

from __future__ import annotations

import re
from functools import lru_cache

_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)"
)
_DAY = r"(?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?"
_JOINT = r"(?: and | or | to | - | – |-|–)"
_ITEM = rf"(?:{_MONTH}|{_DAY})(?!\w)"
_RUN = re.compile(rf"(?<![\w.,:/-]){_ITEM}(?:(?:{_JOINT}| ){_ITEM})*(?![\w/-]|[.,:]\d)")
_DAYS = rf"{_DAY}(?:{_JOINT}{_DAY})*"
_DAYS_FIRST = re.compile(rf"({_DAYS}) ({_MONTH})")
_MONTH_FIRST = re.compile(rf"({_MONTH}) ({_DAYS})")
_SEVERAL_DAYS_FIRST = re.compile(rf"{_DAYS} {_MONTH}(?:{_JOINT}{_DAYS} {_MONTH})*")
_SEVERAL_MONTHS_FIRST = re.compile(rf"{_MONTH} {_DAYS}(?:{_JOINT}{_MONTH} {_DAYS})*")
_ANY_MONTH = re.compile(_MONTH)


def day_first(locale: str) -> bool:
    """Whether a locale writes the day before its month."""
    from datetime import date

    from babel.dates import format_skeleton

    return str(format_skeleton("MMMMd", date(2026, 5, 9), locale=locale))[0].isdigit()


@lru_cache(maxsize=1 << 14)
def days_turned(text: str) -> str:
    """The text with days and months in the other order, whichever they are in: `1 and 9 June` is `June 1 and 9`, and back.

    What stands in a row of days and months in both orders stays, so doing it twice changes nothing.
    """
    return _RUN.sub(_turned, text) if _ANY_MONTH.search(text) else text


@lru_cache(maxsize=1 << 14)
def days_put(text: str, day_is_first: bool) -> str:
    """The text with those turned that are not in the wanted order."""
    wrong = _SEVERAL_MONTHS_FIRST if day_is_first else _SEVERAL_DAYS_FIRST
    return _RUN.sub(lambda match: _turned(match) if wrong.fullmatch(match.group()) else match.group(), text)


def _turned(match: re.Match[str]) -> str:
    run = match.group()
    if _SEVERAL_DAYS_FIRST.fullmatch(run):
        return _DAYS_FIRST.sub(r"\2 \1", run)
    if _SEVERAL_MONTHS_FIRST.fullmatch(run):
        return _MONTH_FIRST.sub(r"\2 \1", run)
    return run
