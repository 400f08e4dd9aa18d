"""Translating messages by a catalogue of templates, and back: a message that is in it in every part, to the letter, or not at
all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from string import Formatter
from typing import NamedTuple

_CLASS = re.compile(r"[A-Z]\w*(?:Error|Exception|Warning): ")
"""What Python puts before the message of an exception; class names are not translated."""
_SPLIT = re.compile(r"(?<=[.。!?;)]) (?=\S)")
"""Where one message may end and another begin."""
_VALUE = r"(?=\S)(?:(?!\. ).)+?(?<=\S)"
"""What a slot holds: no end of a sentence, and no space at either end."""
_LISTED = r"['\d-][^\n]*?(?<=\S)"
"""What the slot `{listed}` holds: values as Pydantic lists them."""
_DETAILS = re.compile(r"(?P<indent>(?:  )?)(?P<message>\S.*) (?P<details>\[type=\w+, input_value=.*\])", re.S)
_FURTHER = re.compile(r"    (?P<message>\S.*\S)")
_PLACE = re.compile(r"\S(?:.*\S)?")


class _Template(NamedTuple):
    """A template as a pattern that finds its slots, the template to fill them into, and how much of it is no slot."""

    pattern: re.Pattern[str]
    other: str
    literal: int


def slots(template: str) -> set[str]:
    """The names of a template's slots. Raises `ValueError` for one that is not well formed."""
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


@lru_cache(maxsize=4096)
def _compiled(template: str, other: str) -> _Template:
    pattern, literal = "", 0
    for text, name, _, _ in Formatter().parse(template):
        pattern += re.escape(text)
        literal += len(text)
        if name is not None and f"(?P<{name}>" in pattern:
            pattern += f"(?P={name})"
        elif name is not None:
            pattern += f"(?P<{name}>{_LISTED if name == 'listed' else _VALUE})"
    return _Template(re.compile(pattern, re.S), other, literal)


class Translations:
    """Messages of one catalogue, from English into another language and back. Values in slots stay as they are."""

    def __init__(self, catalogue: Mapping[str, str]) -> None:
        self._there = _Direction(catalogue)
        self._back = _Direction({other: english for english, other in catalogue.items()})
        self.show = lru_cache(maxsize=1 << 12)(self._shown)
        self.read = lru_cache(maxsize=1 << 12)(self._read)

    def translated(self, message: str) -> str | None:
        """The message in the other language; `None` where it is not in the catalogue, or could not be read back."""
        other = self._there(message)
        return other if other is not None and other != message and self._back(other) == message else None

    def _shown(self, message: str) -> str:
        other = self.translated(message)
        if other is not None:
            return other
        # What looks translated by itself is told from what we have translated by a space behind it.
        return message + " " if self._original(message.rstrip(" ")) is not None else message

    def _original(self, message: str) -> str | None:
        english = self._back(message)
        return english if english is not None and self.translated(english) == message else None

    def _read(self, message: str) -> str:
        english = self._original(message)
        if english is not None:
            return english
        return message[:-1] if message.endswith(" ") and self._original(message.rstrip(" ")) is not None else message


class _Direction:
    """From one language into another."""

    def __init__(self, catalogue: Mapping[str, str]) -> None:
        made = [_compiled(template, other) for template, other in catalogue.items()]
        # What says most by itself is tried first: `There is no flight from {a} to {b}.` before `There is no flight {a}.`
        self._templates = sorted(made, key=lambda one: (-one.literal, one.pattern.pattern))

    def __call__(self, message: str) -> str | None:
        lead = _CLASS.match(message)
        head = "" if lead is None else lead.group()
        rest = message[len(head) :]
        made = self._lines(rest) if "\n" in rest else self._sentences(rest)
        return None if made is None else head + made

    def _one(self, message: str) -> str | None:
        for template in self._templates:
            match = template.pattern.fullmatch(message)
            if match is not None:
                return template.other.format_map(match.groupdict())
        return None

    def _sentences(self, message: str) -> str | None:
        """A message that is one template, or several with a space between them."""
        for split in _SPLIT.finditer(message):
            first = self._one(message[: split.start()])
            rest = self._sentences(message[split.end() :]) if first is not None else None
            if first is not None and rest is not None:
                return f"{first} {rest}"
        return self._one(message)

    def _lines(self, message: str) -> str | None:
        """What Pydantic prints for several errors: a head, and for each error its place, its message and where to read more."""
        head, *lines = message.split("\n")
        made = [self._one(head)]
        for line in lines:
            match = _DETAILS.fullmatch(line)
            further = _FURTHER.fullmatch(line)
            if match is not None:
                told = self._sentences(match["message"])
                made.append(None if told is None else f"{match['indent']}{told} {match['details']}")
            elif further is not None:
                told = self._sentences(further["message"])
                made.append(None if told is None else f"    {told}")
            else:
                made.append(line if _PLACE.fullmatch(line) and line is not lines[-1] else None)
        return None if any(line is None for line in made) else "\n".join(line for line in made if line is not None)
