"""Words of names traded one for another in any text: total, one-to-one and its own inverse."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from perturb.types import JSON

_LETTERS = re.compile(r"[^\W\d_]+")
_JOINED_BEFORE = re.compile(r"(?:[^\W_][._@-]|[\d_])\Z")
_JOINED_AFTER = re.compile(r"[._@-][^\W_]|[\d_]")


class Swap:
    """Trades the two words of each pair wherever either stands as a whole word: as it is declared, in capitals, and in small
    letters within what looks like an identifier (`emma.johnson@x.com`, `emma_2`) or makes up the whole text. A word that
    is declared in small letters is traded in small letters everywhere.

    Whether a word is met depends on the characters around it alone, and these stay what they are: so doing it twice
    changes nothing.
    """

    def __init__(self, pairs: Mapping[str, str]) -> None:
        self._forms: dict[str, str] = {}
        self._anywhere: set[str] = set()
        for one, other in pairs.items():
            forms = {(one.upper(), other.upper())} | {(one.lower(), other.lower())}
            if one != one.upper():
                forms.add((_titled(one), _titled(other)))
            if one == one.lower():
                self._anywhere.update((one, other.lower()))
            # A form that is taken already belongs to another pair: then neither word of this one has it.
            for first, second in forms:
                if first != second and first not in self._forms and second not in self._forms:
                    self._forms[first] = second
                    self._forms[second] = first
        ordered = sorted(self._forms, key=lambda word: (-len(word), word))
        letters = r"[^\W\d_]"
        self._pattern = re.compile(rf"(?<!{letters})(?:{'|'.join(map(re.escape, ordered))})(?!{letters})") if ordered else None
        self.text = lru_cache(maxsize=1 << 14)(self._swapped)
        self._sought = frozenset(ordered)

    def __bool__(self) -> bool:
        return self._pattern is not None

    def _swapped(self, text: str) -> str:
        return text if self._pattern is None else self._pattern.sub(self._other, text)

    def _other(self, match: re.Match[str]) -> str:
        word = match.group()
        if word.islower() and word not in self._anywhere:
            start, end = match.span()
            whole = end - start == len(match.string)
            if not whole and not (
                _JOINED_BEFORE.search(match.string, max(0, start - 2), start) or _JOINED_AFTER.match(match.string, end)
            ):
                return word
        return self._forms[word]

    def passes_over(self, value: JSON) -> bool:
        """Whether a list or an object is large and holds none of the words. Most tables of a state do; what words one holds is
        known by its content, from episode to episode."""
        return len(value) >= _MANY and not self.meets(value)

    def meets(self, value: Any) -> bool:
        """Whether any text in JSON, or in a record of it, holds a word that may be traded."""
        return not self._sought.isdisjoint(_words(msgspec.json.encode(value)))


_MANY = 32
"""From so many rows on a table's words are asked for first."""


@lru_cache(maxsize=256)
def _words(encoded: bytes) -> frozenset[str]:
    """The words of JSON."""
    return frozenset(_LETTERS.findall("\n".join(_texts(msgspec.json.decode(encoded)))))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _titled(word: str) -> str:
    return word if word != word.lower() and word != word.upper() else word.capitalize()
