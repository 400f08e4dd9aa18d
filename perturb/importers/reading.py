"""Reads files of JSON of any size, a record at a time, in the memory of one record.

The standard library's decoder finds the end of each value by itself, so one pass at the speed of `json.loads` needs no further
package, and takes what `json.dump` writes beside JSON (`NaN`, whole numbers of any size).
"""

from __future__ import annotations

import gzip
import io
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeVar

from perturb.texts import told

CHUNK = 1 << 20
_NEAR_THE_END = 32
"""A decoder that stops so near to the end of what has been read may merely need more: no literal or escape is longer."""


class Problem(NamedTuple):
    """Something that could not be read, or is not as it should be: `where` it is, and `what` is wrong."""

    where: str
    what: str


class Unreadable(Exception):
    """A record that is not in the form that it should be in; the message says what is wrong with it."""


class Broken(Exception):
    """Text that is no JSON."""


class Source:
    """A file to import. `told` is called with the bytes read so far; `size` is the file's own."""

    def __init__(self, path: Path, told: Callable[[int], None] = lambda done: None) -> None:
        self.path = path
        self.size = path.stat().st_size
        self._told = told

    @property
    def name(self) -> str:
        return self.path.name

    def head(self, length: int = 16) -> bytes:
        with self.path.open("rb") as opened:
            return opened.read(length)

    def read_at(self, done: int) -> None:
        """Tell how much of the file has been read."""
        self._told(done)

    def text(self) -> IO[str]:
        """The text from its beginning. A byte that is no UTF-8 becomes an escape that JSON does not have, so that the record
        which holds it is refused and no other."""
        counted = io.BufferedReader(_Counted(self.path, self._told), CHUNK)
        plain: Any = _Unpacked(fileobj=counted) if self.head(2) == b"\x1f\x8b" else counted
        return io.TextIOWrapper(plain, encoding="utf-8-sig", errors="backslashreplace", newline="\n")


class _Unpacked(gzip.GzipFile):
    def close(self) -> None:
        inner: Any = self.fileobj
        super().close()
        if inner is not None:
            inner.close()  # a `GzipFile` leaves open what it was given


class _Counted(io.FileIO):
    def __init__(self, path: Path, told: Callable[[int], None]) -> None:
        super().__init__(path, "rb")
        self._tell_to, self._done = told, 0

    def readinto(self, buffer: Any, /) -> int | None:
        number = super().readinto(buffer)
        self._done += number or 0
        self._tell_to(self._done)
        return number


_DECODER = json.JSONDecoder(parse_constant=str)
_BLANK = re.compile(r"\s*")
_BLANK_OR_COMMA = re.compile(r"[\s,]*")
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
                value, self._at = _DECODER.raw_decode(self._held, self._at)
                return value
            except json.JSONDecodeError as error:
                unfinished = error.pos >= len(self._held) - _NEAR_THE_END or error.msg.startswith("Unterminated string")
                at, length = self._before + error.pos, self._before + len(self._held)
                if unfinished and self._more():
                    continue
                if self._ended and error.pos >= length - _NEAR_THE_END - self._before:
                    raise Broken("the file ends within it") from None
                raise Broken(f"it is no JSON: {error.msg} at character {at:,}") from None
            except RecursionError:
                raise Broken("it is nested too deeply") from None

    def items(self) -> Iterator[Any]:
        """The items of the array that comes next, each as it is asked for. Raises `Broken`; goes on behind `recover`."""
        self.take("[")
        yield from self.further()

    def further(self) -> Iterator[Any]:
        """The items of the array within which the next value stands."""
        while (sign := self.peek(_BLANK_OR_COMMA)) != "]":
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


class At(NamedTuple):
    """A value and where it stands: `[3]`, `line 3`, `simulations[3]`."""

    place: str
    value: Any


def in_lines(source: Source) -> bool:
    """Whether each line of the file is a value of its own (JSON Lines)."""
    if set(source.path.suffixes) & {".jsonl", ".ndjson"}:
        return True
    with source.text() as text:
        lines = [line.strip() for line in (text.readline(CHUNK) for _ in range(2)) if line.strip()]
    if len(lines) == 1:
        return lines[0][:1] == "{" and _whole(lines[0])
    return len(lines) == 2 and lines[0][:1] + lines[1][:1] in ("{{", "[[") and _whole(lines[1])


def _whole(line: str) -> bool:
    try:
        return isinstance(json.loads(line), (dict, list))
    except (ValueError, RecursionError):
        return False


def records(source: Source, marks: Collection[str] = ()) -> Iterator[At | Problem]:
    """Each record of a file: the items of an array, the lines of JSON Lines, or one value after the other.

    `marks` are keys that every record has: behind broken text, reading goes on at the next object that has them.
    """
    if in_lines(source):
        yield from _lines(source)
        return
    with source.text() as text:
        values = Values(text)
        if values.peek() == "[":
            yield from _guarded(values, "", frozenset(marks))
            return
        number = 0
        while values.peek(_BLANK_OR_COMMA):
            number += 1
            place = "the file" if number == 1 else f"value {number}"
            try:
                yield At(place, values.value())
            except Broken as broken:
                yield Problem(place, str(broken))
                if not marks or not values.recover(frozenset(marks)):
                    return


def _lines(source: Source) -> Iterator[At | Problem]:
    with source.text() as text:
        for number, line in enumerate(text, 1):
            if not line.strip():
                continue
            try:
                yield At(f"line {number}", _DECODER.decode(line))
            except json.JSONDecodeError as error:
                yield Problem(f"line {number}", f"it is no JSON: {error.msg} at character {error.pos:,}")
            except RecursionError:
                yield Problem(f"line {number}", "it is nested too deeply")


def _guarded(values: Values, name: str, marks: frozenset[str]) -> Iterator[At | Problem]:
    """The items of the next array, and a problem for each that is broken."""
    number = -1
    items = values.items()
    while True:
        try:
            for value in items:
                number += 1
                yield At(f"{name}[{number}]", value)
            return
        except Broken as broken:
            number += 1
            yield Problem(f"{name}[{number}]", str(broken))
            if not marks or not values.recover(marks):
                return
            items = values.further()


def members(source: Source, streamed: Iterable[str], marks: Collection[str] = ()) -> Iterator[At | Problem]:
    """Each member of the object that a file holds, by its key; the items of arrays named in `streamed` one at a time."""
    wanted, marked = set(streamed), frozenset(marks)
    with source.text() as text:
        values = Values(text)
        try:
            values.take("{")
            while values.peek(_BLANK_OR_COMMA) not in ("}", ""):
                key = str(values.value())
                values.take(":")
                if key in wanted and values.peek() == "[":
                    yield from _guarded(values, key, marked)
                else:
                    yield At(key, values.value())
        except Broken as broken:
            yield Problem(f"character {values.position:,}", str(broken))


Record = TypeVar("Record")


def inner(record: Any, name: str) -> dict[str, Any]:
    """The object that stands under a name, an empty one where none does."""
    value = record.get(name) if isinstance(record, dict) else None
    return value if isinstance(value, dict) else {}


def each(rows: Iterable[At | Problem], convert: Callable[[At], Record]) -> Iterator[Record | Problem]:
    """Each row as `convert` reads it; for each that is in no such form, a problem with the place and the reason."""
    for one in rows:
        if isinstance(one, Problem):
            yield one
            continue
        try:
            yield convert(one)
        except Unreadable as error:
            yield Problem(one.place, str(error))
        except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
            yield Problem(one.place, f"it is not in the form of its format: {told(error)}")


def first_record(source: Source) -> Any:
    """What a file begins with, for telling its format: its first record, or of an object that is too large for one, its members
    up to the first list of objects, of which the first item is given. `None` where it is no JSON."""
    if in_lines(source):
        found = next((one for one in _lines(source) if isinstance(one, At)), None)
        return None if found is None else found.value
    with source.text() as text:
        values = Values(text)
        try:
            sign = values.peek()
            if sign == "[":
                values.take("[")
                return None if values.peek() == "]" else values.value()
            return _members_of_first(values) if sign == "{" else None
        except Broken:
            return None


def _members_of_first(values: Values) -> dict[str, Any]:
    known: dict[str, Any] = {}
    values.take("{")
    while values.peek(_BLANK_OR_COMMA) not in ("}", ""):
        key = str(values.value())
        values.take(":")
        if values.peek() != "[":
            known[key] = values.value()
            continue
        values.take("[")
        if values.peek() == "{":
            known[key] = [values.value()]
            return known
        known[key] = list(values.further())
    return known
