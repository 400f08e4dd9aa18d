"""Whether a reply is an error, told from its text: most wires have no word for it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from perturb.reference.places import document
from perturb.reference.words import words
from perturb.types import JSON, Transcript

_STATUS_LINE = re.compile(r"HTTP/[\d.]+ [45]\d\d\b")
_SAYS_SO = frozenset({"error", "fault", "exception", "fail", "failure", "traceback"})

_KINDS = ("type", "code", "kind")
"""Keys under which an object says what it is."""


class Telling:
    """What is known of replies from the transcripts: which texts and which layouts were errors."""

    def __init__(self, transcripts: Iterable[Transcript]) -> None:
        self._texts: dict[str, bool] = {}
        self._layouts: dict[bool, set[object]] = {True: set(), False: set()}
        for transcript in transcripts:
            for step in transcript.steps:
                self._texts[step.reply.text] = step.reply.is_error
                self._layouts[step.reply.is_error].add(document(step.reply.text).layout)

    def is_error(self, text: str) -> bool:
        """As it was learnt, for a text or a layout that was; else by what its own words say, and by whether it is data."""
        if text in self._texts:
            return self._texts[text]
        if _STATUS_LINE.match(text):
            return True
        found = document(text)
        for kind in (False, True):
            if found.layout in self._layouts[kind] and found.layout not in self._layouts[not kind]:
                return kind
        if isinstance(found.tree, dict):
            return _says_so(found.tree)
        # Prose where results are data: what a server says of itself.
        return not isinstance(found.tree, list) and bool(self._layouts[False])


def _says_so(tree: dict[str, JSON]) -> bool:
    """Whether an object names an error among its first keys, and not to say that there is none."""
    for name, value in tree.items():
        said = _SAYS_SO & set(words(str(name)))
        if said and value not in (None, False, "", [], {}, 0):
            return True
        if isinstance(value, str) and str(name).strip("_").lower() in _KINDS and _SAYS_SO & set(words(value)):
            return True
        if str(name).lower() in ("status", "code", "statuscode") and str(value).isdigit() and int(str(value)) >= 400:
            return True
    return False
