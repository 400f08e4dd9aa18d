"""One turn of a model's with calls that the client carries out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from perturb.boundary import Boundary
from perturb.proxies.batch import Batch
from perturb.proxies.openai_answers import sent
from perturb.proxies.openai_records import Asked, BadRequest, Given, Raw, Turn, Wire
from perturb.types import Call, Tool


class Exchange:
    """What a turn was, and how far its calls have come. `before` is what happened between model and proxy since the client's
    last word, `unsaid` what the user has yet to say; `client_text` is the text that the client was given with it.

    A call that becomes several takes the client several rounds: `open` has the ids of those that it is to answer now, `sent`
    what it has answered. `new_id` makes an id that the client has not seen, of the model's own where it can.
    """

    def __init__(self, boundary: Boundary, turn: Turn, before: Sequence[Raw], new_id: Callable[[str, Exchange], str]) -> None:
        self.turn = turn
        self.before = tuple(before)
        self.client_text = turn.text
        self.unsaid: tuple[str, ...] = ()
        self.open: tuple[str, ...] = ()
        self.sent: dict[str, str] = {}
        self._new_id = new_id
        self._handed: dict[str, tuple[int, Call]] = {}
        self._batch = Batch(boundary, [(call.name, call.arguments) for call in turn.calls])
        self._open()

    def _open(self) -> None:
        opened = {}
        for place, call in self._batch.waiting.items():
            opened[self._new_id(self.turn.calls[place].id, self)] = (place, call)
        self._handed |= opened
        self.open = tuple(opened)

    def proceed(self, given: Mapping[str, Given], tools: Mapping[str, Tool]) -> None:
        """Go on as far as the client's results go. Raises `BadRequest` where there are some of a round and not all."""
        while self.open:
            missing = [id for id in self.open if id not in given]
            if len(missing) == len(self.open):
                return
            if missing:
                raise BadRequest(f"the call {missing[0]!r} has no result; send those of all calls of a turn together")
            answers = {}
            for id in self.open:
                place, call = self._handed[id]
                self.sent[id] = given[id].text
                answers[place] = sent(given[id].text, call, tools.get(call.name))
            self._batch.proceed(answers)
            self._open()

    def calls(self, wire: Wire) -> list[Raw]:
        """The model's calls, as it has made them."""
        return wire.call_raws(self.turn)

    def open_calls(self, wire: Wire) -> list[Raw]:
        """What the client is to call now."""
        raws = wire.call_raws(self.turn)
        made = []
        for id in self.open:
            place, call = self._handed[id]
            shown = self.turn.calls[place]
            made.append(wire.call(Asked(id, call.name, _arguments(call, shown)), raws[place]))
        return made

    def results(self, wire: Wire, given: Mapping[str, Given]) -> list[Raw]:
        """What the model is told, once nothing is open any more."""
        made = []
        for place, shown in enumerate(self.turn.calls):
            reply = self._batch.replies[place]
            assert reply is not None
            ids = [id for id, (at, _) in self._handed.items() if at == place]
            # What is the client's own to the letter may hold more than text.
            like = given[ids[0]].raw if self._batch.untouched(place) and ids[0] in given else None
            made.append(wire.result(shown.id, reply.text, like))
        return made


def _arguments(call: Call, shown: Asked) -> str:
    """Arguments as the model has spelt them, where they are the same."""
    try:
        if json.loads(shown.arguments) == call.arguments:
            return shown.arguments
    except ValueError:
        pass
    return json.dumps(call.arguments, ensure_ascii=False)
