"""Words of names traded one for another in any text: total, one-to-one and its own inverse."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from perturb.types import JSON

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

    def data(self, value: JSON) -> JSON:
        """JSON with every text in it, keys included, after the trade; what it does not touch may be shared."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            text, data = self.text, self.data
            return {text(key): data(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.data(item) for item in value]
        return value


def _titled(word: str) -> str:
    return word if word != word.lower() and word != word.upper() else word.capitalize()
