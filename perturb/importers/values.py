"""The JSON values of a text of any size, one after the other, in the memory of one value.

The standard library's decoder finds the end of each value by itself, so one pass at the speed of `json.loads` needs no further
package, and takes what `json.dump` writes beside JSON (`NaN`, whole numbers of any size).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import IO, Any

CHUNK = 1 << 20
_NEAR_THE_END = 32
"""A decoder that stops so near to the end of what has been read may merely need more: no literal or escape is longer."""


class Broken(Exception):
    """Text that is no JSON."""


DECODER = json.JSONDecoder(parse_constant=str)
_BLANK = re.compile(r"\s*")
BLANK_OR_COMMA = re.compile(r"[\s,]*")
_OBJECT = re.compile(r"\{")


class Values:
    """The JSON values of a text, one after the other."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self._held, self._at, self._before, self._ended = "", 0, 0, False

    @property
    def position(self) -> int:
        """How many characters lie before the next value."""
        return self._before + self._at

    def _more(self) -> bool:
        got = "" if self._ended else self._text.read(max(CHUNK, len(self._held) - self._at))
        self._ended = self._ended or not got
        self._before += self._at
        self._held, self._at = self._held[self._at :] + got, 0
        return bool(got)

    def peek(self, blank: re.Pattern[str] = _BLANK) -> str:
        """The next sign that is no space, `""` at the end."""
        while True:
            found = blank.match(self._held, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._held):
                return self._held[self._at]
            if not self._more():
                return ""

    def take(self, sign: str) -> None:
        """Pass over a sign; raises `Broken` where another stands."""
        found = self.peek()
        if found != sign:
            raise Broken(f"{sign!r} is missing at character {self.position:,}")
        self._at += 1

    def value(self) -> Any:
        """The next value. Raises `Broken`, and stays where it is, where there is none."""
        self.peek()
        while True:
            try:
                value, self._at = DECODER.raw_decode(self._held, self._at)
                return value
            except json.JSONDecodeError as error:
                unfinished = error.pos >= len(self._held) - _NEAR_THE_END or error.msg.startswith("Unterminated string")
                if unfinished and self._more():
                    continue
                if unfinished and self._ended:
                    raise Broken("the file ends within it") from None
                raise Broken(f"it is no JSON: {error.msg} at character {self._before + error.pos:,}") from None
            except RecursionError:
                raise Broken("it is nested too deeply") from None

    def items(self) -> Iterator[Any]:
        """The items of the array that comes next, each as it is asked for. Raises `Broken`; goes on behind `recover`."""
        self.take("[")
        yield from self.further()

    def further(self) -> Iterator[Any]:
        """The items of the array within which the next value stands."""
        while (sign := self.peek(BLANK_OR_COMMA)) != "]":
            if not sign:
                raise Broken("the file ends before the list does")
            yield self.value()
        self._at += 1

    def recover(self, marks: frozenset[str]) -> bool:
        """Go on to the next object that has all of the keys `marks`, behind a value that is broken; whether there is one."""
        self._at += 1
        while True:
            found = _OBJECT.search(self._held, self._at)
            if found is None:
                self._at = len(self._held)
                if not self._more():
                    return False
                continue
            self._at = found.start()
            start = self.position
            try:
                value = self.value()
            except Broken:
                self._at += 1
                continue
            if isinstance(value, dict) and marks <= value.keys():
                self._at = start - self._before
                return True
