"""Faults that meet the first calls of a tool: counting them down within an episode, and trying again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from perturb.operator import Handling, Lens, NotApplicable, Performing, Pick, Setup
from perturb.types import Answer, Call, Failure, FailureKind


def plan_counts(setup: Setup, pick: Pick, intensity: float, most: int = 2) -> dict[str, int] | NotApplicable:
    """How many of the first calls are met, from one to `most`, for a share of the tools by their own names."""
    places = [name for tool in setup.tools for name in tool.stands_for]
    if not places:
        return NotApplicable("nothing_to_change", "there are no tools")
    return {place: pick.integer(place, 1, most) for place in pick.chosen(places, intensity)}


class RetriedLens(Lens):
    """A lens under which the first calls of a tool meet a failure of one kind, and an informed agent sends them again."""

    kind: ClassVar[FailureKind]

    def __init__(self, real: Setup, counts: Mapping[str, int]) -> None:
        super().__init__(real)
        self._counts = counts

    def perform(self, call: Call) -> Performing:
        answer: Answer = yield call
        for _ in range(self._counts.get(self.real.origin(call) or "", 0)):
            if not (isinstance(answer, Failure) and answer.kind == self.kind):
                break
            answer = yield call
        return answer


class FirstCallsLens(RetriedLens):
    """Fails the first calls of each tool before anything is done."""

    def fault(self, call: Call, place: str) -> Failure:
        """The failure that a call of the tool `place` meets."""
        raise NotImplementedError

    def start(self) -> dict[str, int]:
        return dict(self._counts)

    def handle(self, call: Call, memory: dict[str, int]) -> Handling:
        place = self.real.origin(call)
        if place is not None and memory.get(place, 0) > 0:
            memory[place] -= 1
            return self.fault(call, place)
        answer = yield call
        assert answer is not None
        return answer
