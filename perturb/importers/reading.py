"""Reads files of recorded episodes of any size, a record at a time, in the memory of one record."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeVar

from perturb.importers.values import BLANK_OR_COMMA, CHUNK, DECODER, Broken, Values
from perturb.texts import told


class Problem(NamedTuple):
    """Something that could not be read, or is not as it should be: `where` it is, and `what` is wrong."""

    where: str
    what: str


class Unreadable(Exception):
    """A record that is not in the form that it should be in; the message says what is wrong with it."""


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
        while values.peek(BLANK_OR_COMMA):
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
                yield At(f"line {number}", DECODER.decode(line))
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
            while values.peek(BLANK_OR_COMMA) not in ("}", ""):
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
    while values.peek(BLANK_OR_COMMA) not in ("}", ""):
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
