"""Docstrings within descriptions: where a text describes arguments one by one, and what it says of each.

Known are the sections of Google (`Args:` and deeper lines) and NumPy (`Parameters` and a line of dashes), the fields of Sphinx
(`:param date: The day.`), the options of a man page (`--date STRING`), and the parameters and properties of OpenAPI in YAML.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_HEADING = re.compile(r"(?m)^([ \t]*)(?:Args|Arguments|Parameters|Params|properties(?=:))[ \t]*:?[ \t]*$")
_FIELD = re.compile(r"(?m)^[ \t]*:(?:param|type)[ \t]+(?:[^:\n]*[ \t])?([^\s:]+)[ \t]*:[ \t]*")
_OPTION = re.compile(r"(?<![\w-])--([^\W\d](?:[\w.\[\]-]*\w)?)")
_PARAMETER = re.compile(r"(?m)^[ \t]*- name: (\S+)$")
_REQUIRED = re.compile(r"(?m)^[ \t]*- (\S+)$")
_ENTRY = re.compile(r"[ \t]*(?:[-*][ \t]+)?`?([^\W\d][\w.\[\]-]*)`?[ \t]*(?:\(([^()\n]*)\))?[ \t]*:(?=\s|$)[ \t]*")
_DASHES = re.compile(r"[ \t]*-{3,}[ \t]*")


class Entry(NamedTuple):
    """What a docstring says of one argument: where its name stands, the text, and where that stands, indented as it is."""

    name: str
    start: int
    text: str
    span: tuple[int, int]


class Section(NamedTuple):
    """The part of a text that describes arguments, from its heading to its end."""

    start: int
    end: int
    entries: tuple[Entry, ...]


def sections(text: str) -> list[Section]:
    """The sections of Google's and NumPy's layout that a text has for arguments."""
    return [_section(text, heading) for heading in _HEADING.finditer(text)]


def names_described(text: str) -> list[tuple[int, int]]:
    """Where a text names the arguments that it describes one by one, in the order of the text."""
    found = {(entry.start, entry.start + len(entry.name)) for section in sections(text) for entry in section.entries}
    for sign, pattern in ((":param", _FIELD), ("--", _OPTION), ("- name: ", _PARAMETER), ("requestBody:", _REQUIRED)):
        if sign in text:
            found.update(match.span(1) for match in pattern.finditer(text))
    return sorted(found)


def _section(text: str, heading: re.Match[str]) -> Section:
    """A section ends before the first line that is no deeper than its heading; where its own entries are not, at an empty line
    or, under a line of dashes, at the next heading."""
    depth = len(heading.group(1))
    lines = text[heading.end() + 1 :].splitlines(keepends=True)
    dashed = bool(lines) and _DASHES.fullmatch(lines[0].rstrip("\n")) is not None
    flat = dashed or (bool(lines) and bool(lines[0].strip()) and _depth(lines[0]) <= depth)
    position = heading.end() + 1
    own: int | None = None  # how deep the entries lie
    found: list[tuple[re.Match[str], int, list[str]]] = []
    for number, line in enumerate(lines):
        if dashed and number == 0:
            position += len(line)
            continue
        if dashed:
            ended = number + 1 < len(lines) and _DASHES.fullmatch(lines[number + 1].rstrip("\n")) is not None
        else:
            ended = not line.strip() if flat else bool(line.strip()) and _depth(line) <= depth
        if ended:
            break
        if own is None and line.strip():
            own = _depth(line)
        entry = _ENTRY.match(line) if line.strip() and _depth(line) == own else None
        if entry is not None:
            found.append((entry, position, [line[entry.end() :]]))
        elif found:
            found[-1][2].append(line)
        position += len(line)
    entries = []
    for match, start, lines in found:
        end = start + match.end() + len("".join(lines).rstrip())
        entries.append(Entry(match.group(1), start + match.start(1), _text(lines, dashed), (start + match.end(), end)))
    return Section(heading.start(), min(position, len(text)), tuple(entries))


def _text(lines: list[str], dashed: bool) -> str:
    """The text of an entry; under a line of dashes its first line is a type, and no part of it."""
    first, rest = lines[0], lines[1:]
    if dashed:
        first = ""
    depth = min((_depth(line) for line in rest if line.strip()), default=0)
    return (first + "".join(line[depth:] if line.strip() else "\n" for line in rest)).strip()


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))
