"""Other spellings of a value that follow from what a text says of its notation: `1 US dollar is 100 cents`, `Unix time`.

For the proof that a value can be known: where `12.50` has been shown and a text says how dollars are written in cents, `1250`
can be written. The readings here are made from what agents are shown, and share no code with the operators that wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

_RATE = re.compile(r"\b1 [^\W\d][\w .-]*? (?:is|=) (\d+(?:\.\d+)?) [^\W\d]")
_HINT = re.compile(r"Unix time|YYYYMMDD|RFC 2822|AM or PM|\b1 \w")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", re.IGNORECASE)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Notation(NamedTuple):
    """One way of writing values that a text has told; `rate` is how many of the new unit make one of the old, as text."""

    name: str
    rate: str = ""

    def others(self, value: str) -> Iterator[str]:
        """What a value may have been written as where it was shown in another way; nothing for one that is not of this kind."""
        try:
            yield from _READINGS[self.name](value, self.rate)
        except (ValueError, OverflowError, ZeroDivisionError):
            return


def notations_told(text: str) -> frozenset[Notation]:
    """The notations that a text tells of."""
    return _told(text) if _HINT.search(text) else frozenset()


@lru_cache(maxsize=10_000)
def _told(text: str) -> frozenset[Notation]:
    found = {Notation("rate", match.group(1)) for match in _RATE.finditer(text)}
    found |= {Notation(name) for name, phrase in _PHRASES.items() if phrase in text}
    return frozenset(found)


_PHRASES = {
    "seconds": "Unix time in seconds",
    "milliseconds": "Unix time in milliseconds",
    "basic": "YYYYMMDD",
    "mail": "RFC 2822",
    "halves": "AM or PM",
}


def _by_rate(value: str, rate: str) -> Iterator[str]:
    if _NUMBER.fullmatch(value):
        number = Fraction(value) / Fraction(rate)
        yield str(number.numerator) if number.denominator == 1 else repr(float(number))


def _since_1970(value: str, unit: timedelta) -> Iterator[str]:
    if _NUMBER.fullmatch(value):
        yield from _spelt(_EPOCH + float(value) * unit)


def _spelt(moment: datetime) -> Iterator[str]:
    day, minute = moment.strftime("%Y-%m-%d"), moment.strftime("%H:%M")
    yield from (day, f"{day} {minute}") if (moment.hour, moment.minute, moment.second) == (0, 0, 0) else (f"{day} {minute}",)
    yield f"{day} {minute}:{moment.second:02}"


def _run_together(value: str, _: str) -> Iterator[str]:
    if match := re.fullmatch(r"(\d{4})(\d\d)(\d\d)(?:t(\d\d)(\d\d)(\d\d)?(\S*))?", value, re.IGNORECASE):
        yield " ".join(part for part in match.groups() if part)


def _by_mail(value: str, _: str) -> Iterator[str]:
    moment = datetime.strptime(value.replace("gmt", "+0000"), "%a, %d %b %Y %H:%M:%S %z")
    offset = moment.strftime("%z")
    yield from (f"{one} {offset[1:3]} {offset[3:]}" if moment.utcoffset() else one for one in _spelt(moment))


def _in_halves(value: str, _: str) -> Iterator[str]:
    match = re.search(r"(\d{1,2}):(\d\d)(?::(\d\d))? ([ap])m$", value, re.IGNORECASE)
    if match:
        hour = int(match.group(1)) % 12 + 12 * (match.group(4).lower() == "p")
        yield " ".join(part for part in (value[: match.start()], str(hour), match.group(2), match.group(3)) if part)


_READINGS: dict[str, Callable[[str, str], Iterator[str]]] = {
    "rate": _by_rate,
    "seconds": lambda value, _: _since_1970(value, timedelta(seconds=1)),
    "milliseconds": lambda value, _: _since_1970(value, timedelta(milliseconds=1)),
    "basic": _run_together,
    "mail": _by_mail,
    "halves": _in_halves,
}
