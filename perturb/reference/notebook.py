"""What a reference agent has learnt: transcripts, found by their prompts, and how their tools match others."""

from __future__ import annotations

from collections.abc import Sequence

from perturb.reference.evidence import Study
from perturb.reference.matching import Matching
from perturb.reference.recall import Recall
from perturb.types import Tool, Transcript, to_json

_KEPT = 512
"""How many matchings are remembered, so that long runs do not grow."""


class Notebook:
    """The transcripts of a toolset, each studied once, when it is first needed."""

    def __init__(self, transcripts: Sequence[Transcript]) -> None:
        self._recall = Recall(transcripts)
        self._studies: dict[int, Study] = {}
        self._matchings: dict[tuple[bytes, bytes], Matching] = {}
        self._last: tuple[Sequence[Tool], Sequence[Tool], Matching] = ((), (), Matching((), ()))

    def study(self, prompt: str) -> Study | None:
        """What was learnt about the task with a prompt like this one."""
        found = self._recall.find(prompt)
        if found is None:
            return None
        if id(found) not in self._studies:
            self._studies[id(found)] = Study(found)
        return self._studies[id(found)]

    def matching(self, learnt: Sequence[Tool], shown: Sequence[Tool]) -> Matching:
        """How the tools of a transcript match those that are shown."""
        if learnt is self._last[0] and shown is self._last[1]:
            return self._last[2]
        key = to_json(learnt), to_json(shown)
        if key not in self._matchings:
            if len(self._matchings) >= _KEPT:
                self._matchings.clear()
            self._matchings[key] = Matching(learnt, shown)
        self._last = (learnt, shown, self._matchings[key])
        return self._matchings[key]
