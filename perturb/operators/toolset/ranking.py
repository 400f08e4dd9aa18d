"""Which tools a query is about: words of names and descriptions, weighed by how few tools have them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from perturb.operators.vocabulary import split
from perturb.operators.vocabulary.inflection import singular
from perturb.types import Tool

_WORD = re.compile(r"[^\W_]+")
_UNPARTED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
"""Runs of kana, Chinese characters, and Hangul."""
_IN_NAME, _IN_DESCRIPTION, _IN_ARGUMENT = 3.0, 1.0, 0.5


class Ranking:
    """An index over tools. A word counts most in a tool's name, less in its description, least in the names of its arguments,
    and the more the fewer tools have it; singular and plural are one word."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self._holders: dict[str, dict[int, float]] = {}
        for place, tool in enumerate(tools):
            weights: dict[str, float] = {}
            arguments = tool.parameters.get("properties") or {}
            for weight, texts in (
                (_IN_NAME, [tool.name]),
                (_IN_DESCRIPTION, [tool.description]),
                (_IN_ARGUMENT, list(arguments)),
            ):
                for word in {word for text in texts for word in _words(text)}:
                    weights[word] = weights.get(word, 0.0) + weight
            for word, weight in weights.items():
                self._holders.setdefault(word, {})[place] = weight
        self._size = len(tools)

    def best(self, query: str) -> list[int]:
        """The places of the tools that have a word of the query, best first, equally good ones in their own order; all of them
        for a query without words."""
        wanted = dict.fromkeys(_words(query))
        if not wanted:
            return list(range(self._size))
        scores: dict[int, float] = {}
        for word in wanted:
            holders = self._holders.get(word, {})
            for place, weight in holders.items():
                scores[place] = scores.get(place, 0.0) + weight * math.log(1 + self._size / len(holders))
        return sorted(scores, key=lambda place: (-scores[place], place))


def _words(text: str) -> Iterator[str]:
    """The words of a text in lower case and in the singular; identifiers in parts, and scripts without spaces in pairs of
    characters."""
    for found in _WORD.findall(text):
        for unparted in _UNPARTED.findall(found):
            yield from (unparted[at : at + 2] for at in range(max(1, len(unparted) - 1)))
        for word in filter(None, _UNPARTED.split(found)):
            yield from (singular(part.lower()) for part in split(word)[0])
