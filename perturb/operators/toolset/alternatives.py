"""Mentions of a name that several have taken the place of: `x` becomes `a`, `b` or `c`, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from perturb.mentions import Mentions

_MARKS = ("`", "'", '"', "")
_OPEN, _CLOSE = "\ue000", "\ue001"
"""Two characters that no text has, around a name that is to be spelt out."""
_SPELT = re.compile(rf"([`'\"]?){_OPEN}([^{_CLOSE}]*){_CLOSE}\1")


class Alternatives:
    """A rename over text of one name to several; the mark that a mention stands in is put around each of them."""

    def __init__(self, names: Mapping[str, Sequence[str]]) -> None:
        self._names = names
        self._mentions = Mentions({old: f"{_OPEN}{old}{_CLOSE}" for old in names})
        several = {old: new for old, new in names.items() if len(new) > 1}
        self._back = {_listed(new, mark): f"{mark}{old}{mark}" for old, new in several.items() for mark in _MARKS}
        self._unmentions = Mentions({new[0]: old for old, new in names.items() if len(new) == 1})

    def __call__(self, text: str) -> str:
        marked = self._mentions(text)
        if marked is text:
            return text
        return _SPELT.sub(lambda found: _listed(self._names[found.group(2)], found.group(1)), marked)

    def undone(self, text: str) -> str:
        """The text with what this rename has written taken back."""
        for new, old in self._back.items():
            text = text.replace(new, old)
        return self._unmentions(text)


def _listed(names: Sequence[str], mark: str) -> str:
    """`a`, `b` or `c`."""
    marked = [f"{mark}{name}{mark}" for name in names]
    return f"{', '.join(marked[:-1])} or {marked[-1]}" if len(marked) > 1 else marked[0]
