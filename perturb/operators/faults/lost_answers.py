"""Faults in which a call is carried out and its answer does not arrive: nothing is done twice when it is sent again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from perturb.operator import Handling, Setup
from perturb.operators.faults.first_calls import RetriedLens
from perturb.types import Answer, Call, Failure, digest


class Kept(NamedTuple):
    """Within one episode: how many answers are still to be lost, and the answers to writes that were."""

    left: dict[str, int]
    answers: dict[str, Answer]


class LostAnswersLens(RetriedLens):
    """Loses the first answers of each tool. A read that is sent again is made again; a write is made once, and what it
    answered is kept for when the same call comes again, as servers do with an idempotency key."""

    def __init__(self, real: Setup, counts: Mapping[str, int]) -> None:
        super().__init__(real, counts)
        self._reads = {tool.name for tool in Setup.of(real.source).tools if tool.effect == "read"}

    def lost(self, call: Call, answer: Answer, once: bool) -> Failure | None:
        """What is shown in place of an answer, `None` where it cannot be lost; `once` where the call is a write."""
        raise NotImplementedError

    def start(self) -> Kept:
        return Kept(dict(self._counts), {})

    def handle(self, call: Call, memory: Kept) -> Handling:
        place = self.real.origin(call)
        if place is None or place not in self._counts:
            answer = yield call
            assert answer is not None
            return answer
        key = digest(call)
        known = memory.answers.pop(key, None)
        if known is None:
            known = yield call
            assert known is not None
        if memory.left[place] > 0 and (failure := self.lost(call, known, place not in self._reads)) is not None:
            memory.left[place] -= 1
            if place not in self._reads:
                memory.answers[key] = known
            return failure
        return known
