"""Values in notations that a description explains, read off a text: what an agent that has read the description knows of them.

A reader of its own: it shares no code with what writes such notations.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def _from_epoch(match: re.Match[str]) -> str:
    """An epoch in seconds or in milliseconds, at its own offset where it has one: a day and a time."""
    count = int(match[1])
    seconds = count / 1000 if abs(count) >= 10**11 else count
    try:
        when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        return ""
    if match[2]:
        offset = timedelta(hours=int(match[3]), minutes=int(match[4]))
        when += -offset if match[2] == "-" else offset
        return f"{when:%Y %m %d %H %M %S} {match[3]} {match[4]}"
    return f"{when:%Y %m %d %H %M %S}"


def _minor(match: re.Match[str]) -> str:
    number = Decimal(match.group())
    return " ".join(f"{number.scaleb(-digits):f} {float(number.scaleb(-digits))}" for digits in (2, 3))


_READERS: dict[str, tuple[re.Pattern[str], re.Pattern[str], Callable[[re.Match[str]], str]]] = {
    "compact": (
        re.compile(r"YYYYMMDD"),
        re.compile(r"(?<!\d)(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?)?(?!\d)"),
        lambda match: " ".join(filter(None, match.groups())),
    ),
    "compact clock": (
        re.compile(r"\bhhmm\b"),
        re.compile(r"(?<!\d)(\d\d)(\d\d)(?!\d)"),
        lambda match: f"{match[1]} {match[2]}",
    ),
    "epoch": (
        re.compile(r"since 1970"),
        re.compile(r"(?<![\d.])(-?\d{1,15})(?:([+-])(\d\d)(\d\d))?(?![\d.])"),
        _from_epoch,
    ),
    "month": (
        re.compile(r"\bDec\b"),
        re.compile(rf"(?i)\b({'|'.join(_MONTHS)})[a-z]*\b"),
        lambda match: f"{_MONTHS.index(match[1].lower()) + 1:02}",
    ),
    "mail offset": (re.compile(r"RFC 5322"), re.compile(r"[+-](\d\d)(\d\d)\b"), lambda match: f"{match[1]} {match[2]}"),
    "minor units": (re.compile(r"\bminor units\b"), re.compile(r"(?<![\d.])-?\d+(?:\.\d+)?(?![\d.])"), _minor),
    "thousands": (
        re.compile(r"[1-9][.,\s]\d{3}[.,]\d\d\b"),
        re.compile(r"(?<!\d)\d{1,3}(?:[.,\s]\d{3})+(?!\d)"),
        lambda match: re.sub(r"\D", "", match.group()),
    ),
}
"""By name: what in a description explains the notation, what is in it, and what that stands for."""


@lru_cache(maxsize=10_000)
def explained(description: str) -> frozenset[str]:
    """The names of the notations that a description explains."""
    return frozenset(name for name, (sign, _, _) in _READERS.items() if sign.search(description))


def plainly(text: str, names: Collection[str]) -> Iterator[str]:
    """What the values of a text that are in one of the notations stand for, in plain words and numbers."""
    for name in sorted(names):
        _, form, read = _READERS[name]
        for match in form.finditer(text):
            yield read(match)
