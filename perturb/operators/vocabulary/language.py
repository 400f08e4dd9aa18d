"""Whether a text is English: whatever is put beside a text in another language would be no wording of it."""

from __future__ import annotations

import re

from perturb.operators.vocabulary.imperatives import VERBS
from perturb.operators.vocabulary.ordinary import ORDINARY, TURNING

_WORD = re.compile(r"[^\W\d_]+")
_KNOWN = ORDINARY | TURNING | frozenset(VERBS.split("|"))
_LEAST = 0.3
"""The share of English words from which on a text is English. In requests in English, names and all, it is half or more."""


def in_english(text: str) -> bool:
    """Whether enough words of a text are English ones."""
    words = [word.lower() for word in _WORD.findall(text)]
    return bool(words) and sum(word in _KNOWN for word in words) >= _LEAST * len(words)
