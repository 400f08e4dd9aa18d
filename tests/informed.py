"""An agent that knows the rules of a setup, driven step by step, so that several of its calls may be under way at once."""

from __future__ import annotations

from collections.abc import Coroutine, Generator, Sequence
from typing import Any

from depot import DEPOT

from perturb.boundary import Boundary
from perturb.operator import StackLens
from perturb.types import Answer, Call, Reply, Result


def done(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine returns that waits for nothing, as those of the depot's environment do."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it waits for something")


class Doing:
    """One real call that is being carried out: by one shown call or by several, one in each batch."""

    def __init__(self, boundary: Boundary, call: Call) -> None:
        self.call = call
        self.answer: Answer | None = None
        self._boundary = boundary
        self._steps: Generator[Call, Answer, Answer] | None = None
        self._reply: Answer | None = None

    def next(self) -> Call | None:
        """The next shown call, in the setup as it is now; `None` where the real answer is there."""
        try:
            if self._steps is None:
                self._steps = self._boundary.perform(self.call)
                return next(self._steps)
            assert self._reply is not None
            return self._steps.send(self._reply)
        except StopIteration as stop:
            self.answer = stop.value
            return None

    def hear(self, reply: Answer) -> None:
        self._reply = reply


class Episode:
    """A live episode of the depot under a lens, and the same calls made clean."""

    def __init__(self, lens: StackLens) -> None:
        self.boundary = Boundary(lens, DEPOT.tasks[0], DEPOT.environment(DEPOT.tasks[0]))
        self.under_way: list[Doing] = []
        self.finished: list[Doing] = []

    def ask(self, call: Call) -> None:
        self.under_way.append(Doing(self.boundary, call))

    def batch(self, chosen: Sequence[Doing]) -> list[Answer]:
        """The next shown call of each of those chosen, all in one batch, and what they are answered."""
        sent = [(one, shown) for one in chosen if (shown := one.next()) is not None]
        answers = [done(self.boundary.send(shown)) for _, shown in sent]
        for (one, _), answer in zip(sent, answers, strict=True):
            one.hear(answer)
        self.boundary.end_batch()
        assert self.boundary.fault is None
        self.finished += [one for one in self.under_way if one.answer is not None]
        self.under_way = [one for one in self.under_way if one.answer is None]
        return answers

    def say(self, *calls: Call) -> list[Reply]:
        """Shown calls, made beside those under way."""
        return list(done(self.boundary.calls([(call.name, call.arguments) for call in calls])))

    def hear_out(self) -> None:
        """All that the user has to say."""
        while done(self.boundary.next_user()) is not None:
            pass

    def finish(self, most: int = 200) -> None:
        """Go on until every real call is done."""
        for _ in range(most):
            if not self.under_way:
                return
            self.batch(self.under_way)
        raise AssertionError(f"{[one.call for one in self.under_way]} are not done after {most} batches")

    def compare(self) -> None:
        """The state, and each answer, are those of the clean calls; in which order they were carried out is all one."""
        clean = DEPOT.environment(DEPOT.tasks[0])
        for one in self.finished:
            answer: Any = clean.call(one.call)
            assert type(answer) is type(one.answer), (one.call, one.answer)
            if isinstance(one.answer, Result):
                assert untagged(one.answer.data) == untagged(answer.data), one.call
            else:
                assert one.answer == answer, one.call
        assert unordered(self.boundary.environment.dump()) == unordered(clean.dump())


def unordered(state: Any) -> Any:
    """A state of the depot with its tags and what was sent in one order."""
    parcels = {key: {**one, "tags": sorted(one["tags"])} for key, one in state["parcels"].items()}
    return {**state, "parcels": parcels, "sent": sorted(state["sent"], key=str)}


def untagged(data: Any) -> Any:
    """A result of the depot without what calls under way meanwhile may change."""
    if isinstance(data, list):
        return [untagged(item) for item in data]
    return {key: value for key, value in data.items() if key not in ("tags", "note")} if isinstance(data, dict) else data
