"""Calls that somebody else carries out: how far a batch of them has come, from one of a client's requests to the next.

The boundary of a proxied episode is the same as any other. Only its environment is elsewhere: a call of it is asked for, and
the coroutine that waits for its answer rests until the client has sent that.
"""

from __future__ import annotations

from collections.abc import Coroutine, Generator, Mapping, Sequence
from typing import Any, NoReturn

import msgspec

from perturb.boundary import Boundary
from perturb.types import JSON, Answer, Call, Failure, Reply


class _Asked:
    """A call whose answer comes from elsewhere: awaiting it hands the call out, and is resumed with the answer."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def __await__(self) -> Generator[Call, Answer, Answer]:
        return (yield self._call)


class Elsewhere:
    """An environment that lies with the client of a proxy. `passed` is what the client says of its end, once it does."""

    def __init__(self) -> None:
        self.passed: bool | None = None

    def call(self, call: Call) -> Any:
        return _Asked(call)

    def dump(self) -> NoReturn:
        raise NotImplementedError("the state lies with the client")

    def load(self, state: JSON) -> NoReturn:
        raise NotImplementedError("the state lies with the client")

    def close(self) -> None:
        """There is nothing to close here."""


class Sent(msgspec.Struct, frozen=True):
    """What a client has sent back for a call: the answer, the text that it came as, and the text that it is rendered as."""

    answer: Answer
    text: str
    rendered: str


class Batch:
    """The calls that a model has made at once. Each goes as far as the environment before the next begins; what they ask for
    there is `waiting`, by the place of the call, and they go on in the same order when it has been answered.

    `replies` holds what each of the calls comes to, `None` as long as it is under way.
    """

    def __init__(self, boundary: Boundary, calls: Sequence[tuple[str, dict[str, JSON] | str]]) -> None:
        self._boundary = boundary
        boundary.begin_batch()
        self._under_way: list[Coroutine[Any, Any, Reply]] = [boundary.call_in_batch(*call) for call in calls]
        self._ended: dict[int, Any] = {}
        self._sent: dict[int, list[Sent]] = {place: [] for place in range(len(calls))}
        self.replies: list[Reply | None] = [None] * len(calls)
        self.waiting: dict[int, Call] = {}
        self._go_on(dict.fromkeys(range(len(calls))))

    @property
    def over(self) -> bool:
        return not self.waiting

    def untouched(self, place: int) -> bool:
        """Whether a call's reply is what the client has sent, to the letter."""
        sent, reply = self._sent[place], self.replies[place]
        return len(sent) == 1 and reply is not None and reply.text == sent[0].text

    def proceed(self, sent: Mapping[int, Sent]) -> None:
        """Go on with what the client has sent for all that is `waiting`."""
        for place, one in sent.items():
            self._sent[place].append(one)
        self._go_on({place: one.answer for place, one in sorted(sent.items())})

    def _go_on(self, answers: Mapping[int, Answer | None]) -> None:
        self.waiting = {}
        for place, answer in answers.items():
            try:
                self.waiting[place] = self._under_way[place].send(answer)
            except StopIteration as stop:
                self._end(place, stop.value)
        if not self.waiting:
            self._in_order()
            self._boundary.end_batch()

    def _end(self, place: int, reply: Reply) -> None:
        steps, sent = self._boundary.steps, self._sent[place]
        if len(sent) == 1 and reply.text == sent[0].rendered != sent[0].text:
            # Nothing in it has changed: then it keeps the spacing and the escapes that it came with.
            reply = msgspec.structs.replace(reply, text=sent[0].text)
            steps[-1] = msgspec.structs.replace(steps[-1], reply=reply)
        self._ended[place] = steps[-1]
        self.replies[place] = reply

    def _in_order(self) -> None:
        """The steps stand in the order in which the calls were made, whichever was answered first."""
        steps = self._boundary.steps
        mine = [self._ended[place] for place in sorted(self._ended)]
        last = steps[-len(mine) :] if mine else []
        if {id(one) for one in last} == {id(one) for one in mine}:
            steps[-len(mine) :] = mine


def is_failure(sent: Sent) -> bool:
    """Whether a client has sent a failure."""
    return isinstance(sent.answer, Failure)
