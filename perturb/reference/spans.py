"""Two wordings of one text laid side by side, word by word: what stands in the one where something stands in the other."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import lru_cache

_TOKEN = re.compile(r"\w+|[^\w\s]")


class Alignment:
    """`old` and `new` aligned by their words."""

    def __init__(self, old: str, new: str) -> None:
        self._same = old == new
        self._new = new
        if self._same:
            return
        self._from = [match.span() for match in _TOKEN.finditer(old)]
        self._to = [match.span() for match in _TOKEN.finditer(new)]
        mine, theirs = [old[a:b] for a, b in self._from], [new[a:b] for a, b in self._to]
        self._blocks = SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes()
        self.changes = {
            old[self._from[a][0] : self._from[b - 1][1]]: new[self._to[c][0] : self._to[d - 1][1]]
            for kind, a, b, c, d in self._blocks
            if kind == "replace"
        }
        self._changed = re.compile(
            "|".join(rf"(?<!\w){re.escape(one)}(?!\w)" for one in sorted(self.changes, key=len, reverse=True)) or r"(?!)"
        )

    def at(self, start: int, end: int) -> str:
        """What stands in `new` where the characters from `start` to `end` stand in `old`; empty where they are left out."""
        if self._same:
            return self._new[start:end]
        covered = [place for place, (a, b) in enumerate(self._from) if a < end and b > start]
        if not covered:
            return ""
        low, high = self._place(covered[0], first=True), self._place(covered[-1], first=False)
        return self._new[self._to[low][0] : self._to[high - 1][1]] if low < high else ""

    def _place(self, token: int, *, first: bool) -> int:
        """The word of `new` for a word of `old`: where it begins, or one past where it ends."""
        for kind, a, b, c, d in self._blocks:
            if a <= token < b:
                if kind == "equal" or b - a == d - c:
                    return c + token - a + (0 if first else 1)
                return c if first else d
        return 0

    def renamed(self, text: str) -> str:
        """Another text with whatever was exchanged between `old` and `new` exchanged in it too."""
        return text if self._same else self._changed.sub(lambda match: self.changes[match.group()], text)


@lru_cache(maxsize=1024)
def aligned(old: str, new: str) -> Alignment:
    """The alignment of two texts."""
    return Alignment(old, new)
