"""Finding what was learnt about a task by the likeness of its prompt, as it is shown, to those of the transcripts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from perturb.reference.words import words
from perturb.types import Transcript


class Recall:
    """Transcripts by their prompts. Rare words count more, so a prompt whose people have other names is still found."""

    def __init__(self, transcripts: Sequence[Transcript]) -> None:
        self._transcripts = tuple(transcripts)
        self._bags = [frozenset(words(one.prompt)) for one in self._transcripts]
        spread = Counter(word for bag in self._bags for word in bag)
        self._weight = {word: math.log(1 + len(self._bags) / count) for word, count in spread.items()}
        self._known: dict[str, Transcript] = {}
        for one in self._transcripts:
            self._known.setdefault(one.prompt, one)

    def find(self, prompt: str) -> Transcript | None:
        """The transcript whose prompt is most like `prompt`; `None` where there are none, or none shares a word with it."""
        if prompt not in self._known:
            found = self._most_like(frozenset(words(prompt)))
            if found is None:
                return None
            self._known[prompt] = found
        return self._known[prompt]

    def _most_like(self, bag: frozenset[str]) -> Transcript | None:
        best, found = 0.0, None
        for one, other in zip(self._transcripts, self._bags, strict=True):
            shared = sum(self._weight[word] for word in bag & other)
            union = shared + sum(self._weight[word] for word in other - bag) + len(bag - other)
            if union and shared / union > best:
                best, found = shared / union, one
        return found
