"""An episode that passes through the OpenAI proxy: what its client has of the conversation, and what its model has.

Every request holds the conversation as the client knows it, so the model's side of it is written anew for each: known turns as
the model has made them, with what happened between the model and the proxy alone; turns that were made before the proxy was
there, as they would be shown. A request may come twice, and a client may cut off what lies behind: only calls and answers
that are new do anything.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from typing import Any

from perturb import texts
from perturb.agent import EndOfRun
from perturb.boundary import Boundary, BudgetExceeded
from perturb.errors import PerturbError
from perturb.operator import Setup
from perturb.proxies import openai_tools
from perturb.proxies.openai_exchange import Exchange
from perturb.proxies.openai_past import Past
from perturb.proxies.openai_records import BadRequest, Entry, Given, Raw, Said, Turn, Wire, summed
from perturb.proxies.openai_request import Answered, Handed, Request
from perturb.proxies.openai_texts import ShownTexts
from perturb.types import JSON, Usage, digest


class ProxiedEpisode:
    """One episode: a boundary, and all that was handed out of it. `setup` is the client's own. `answer` is the model's last
    one, as the model gave it; `refused` is how the provider has answered where its last answer was no response."""

    def __init__(self, id: str, boundary: Boundary, setup: Setup) -> None:
        self.id = id
        self.boundary = boundary
        self.first = boundary.lens
        self.started = time.perf_counter()
        self.answer: str | None = None
        self.refused: tuple[int, JSON] | None = None
        self._texts = ShownTexts(boundary, setup)
        self._tools = setup.by_name
        self._heard: tuple[str, ...] = ()
        self._exchanges: dict[str, Exchange] = {}
        self._answered: dict[str, list[Answered]] = {}
        self._begun: set[str] = set()
        self._between: dict[str, tuple[list[Raw], list[str]]] = {}
        self._responses: dict[str, tuple[str | None, tuple[str, ...]]] = {}

    def knows(self, wire: Wire, body: Raw) -> bool:
        """Whether a request goes on with something that was handed out of this episode, and tells of it as it was."""
        if (earlier := wire.earlier(body)) is not None:
            return earlier in self._responses
        found = False
        for entry in wire.entries(body):
            exchange = self._exchange_of(entry)
            if isinstance(entry, Given) and exchange is not None and exchange.sent.get(entry.id, entry.text) != entry.text:
                return False
            answered = isinstance(entry, Turn) and not entry.calls and entry.text in self._answered
            found = found or exchange is not None or answered
        return found

    def has_begun(self, wire: Wire, body: Raw) -> bool:
        """Whether the very same request has come before."""
        return _mark(wire, body) in self._begun

    def begin(self, wire: Wire, body: Raw) -> Request:
        """A request has come: `handed` is set where the client must do more before the model hears of it. Raises `BadRequest`
        for what cannot be carried."""
        mark = _mark(wire, body)
        self._begun.add(mark)
        request = Request(wire, body, mark)
        entries = wire.entries(body)
        before: tuple[str, ...] = ()
        if (earlier := wire.earlier(body)) is not None:
            request.earlier, before = self._responses.get(earlier, (earlier, ()))
        said = tuple(one.text for one in entries if isinstance(one, Said) and one.role == "user" and one.text is not None)
        request.users = (*before, *said)
        try:
            self._write(request, entries, self._texts.users(request.users)[len(before) :])
        except PerturbError as error:
            raise _refusal(error) from error
        if mark in self._between:
            # It comes again: what has happened since stays.
            between, unsaid = self._between[mark]
            request.between, request.unsaid = list(between), list(unsaid)
        return request

    def next_body(self, request: Request) -> Raw:
        """What the model is asked now."""
        wire, body = request.wire, request.body
        made = dict(body)
        if body.get("tools"):
            listed = openai_tools.shown(self.boundary.lens.setup, wire.functions(body))
            made = wire.with_tools(body, listed.functions, listed.names)
        if (instructions := wire.instructions(body)) is not None:
            made["instructions"] = self._texts.system(instructions) or None
        if request.earlier is not None:
            made["previous_response_id"] = request.earlier
        if body.get("conversation") is not None and request.between:
            # Whoever keeps the conversation has everything but the results.
            made[wire.history] = [raw for raw in request.between if raw.get("type") == "function_call_output"]
        else:
            made[wire.history] = [*request.history, *request.between]
        return made

    def take(self, request: Request, response: Raw, streamed: str = "", called: str | None = None) -> None:
        """The model has answered: `handed` is set where the client is to get something of it; else the model is to be asked
        again. `streamed` is the text that the client has already, `called` what it knows the response as. Raises `ValueError`
        for what is no response, `BadRequest` where the episode cannot go on."""
        wire = request.wire
        turn = wire.turn(response)
        self.refused = None
        if isinstance(used := response.get("usage"), dict):
            request.usage = summed(request.usage, used)
        try:
            self._account(wire, response)
            if turn.calls:
                self._called(request, turn, streamed)
            else:
                self._answer(request, turn, streamed)
        except (PerturbError, EndOfRun) as error:
            raise _refusal(error) from error
        if request.handed is not None and isinstance(id := response.get("id"), str):
            self._responses[called or id] = id, request.users

    def made(self, request: Request) -> Raw:
        """A response of our own, for what is `handed` without the model's being asked."""
        assert request.handed is not None
        response = request.wire.made(request.body, request.handed.calls)
        self._responses[response["id"]] = request.earlier, request.users
        return response

    # The model's turns

    def _called(self, request: Request, turn: Turn, streamed: str) -> None:
        exchange = Exchange(self.boundary, turn, request.between, self._new_id)
        if exchange.open:
            exchange.client_text = streamed or turn.text
            exchange.unsaid = tuple(request.unsaid)
            request.handed = Handed(exchange.open_calls(request.wire))
        else:
            self._keep(request, [*turn.raws, *exchange.results(request.wire, {})])

    def _answer(self, request: Request, turn: Turn, streamed: str) -> None:
        self.answer = turn.text
        if request.unsaid:
            message = request.unsaid.pop(0)
            self._hear(message)
            self._keep(request, [*turn.raws, request.wire.message("user", message)])
            return
        read = self.boundary.read_answer(turn.text) if self.boundary.reads_answers else turn.text
        request.handed = Handed(text=None if read == turn.text else read)
        self._answered.setdefault(streamed or read, []).append(Answered(turn.text, request.between))

    def _keep(self, request: Request, raws: Sequence[Raw]) -> None:
        request.between += raws
        self._between[request.mark] = list(request.between), list(request.unsaid)

    def _hear(self, message: str) -> None:
        """The user says something more."""
        boundary = self.boundary
        boundary.turns = (*boundary.turns[: boundary.heard], message)
        _at_once(boundary.next_user(self.answer or ""))

    def _new_id(self, wanted: str, exchange: Exchange) -> str:
        """An id for a call that the client has not seen yet: providers may give the same one in every turn, or none."""
        id, number = wanted, 1
        while not id or id in self._exchanges:
            number += 1
            id = f"{wanted or 'call'}_{number}"
        self._exchanges[id] = exchange
        return id

    def _account(self, wire: Wire, response: Raw) -> None:
        used, reasoning = wire.usage(response), wire.reasoning(response)
        thoughts = int(bool(reasoning) or bool(used and used[3]))
        usage = Usage(turns=1, thoughts=thoughts, unmetered=int(used is None))
        if used is not None:
            usage = Usage(
                input_tokens=used[0],
                output_tokens=used[1],
                cached_tokens=used[2],
                reasoning_tokens=used[3],
                turns=1,
                thoughts=thoughts,
            )
        self.boundary.used(usage, reasoning=texts.writable(reasoning))

    # The client's side, written for the model

    def _write(self, request: Request, entries: Sequence[Entry], shown: Sequence[tuple[str, ...]]) -> None:
        wire, made = request.wire, request.history
        given = {one.id: one for one in entries if isinstance(one, Given)}
        waiting = list(shown)
        past = Past(self.boundary, self._tools, wire)
        counted: Counter[str] = Counter()
        begun: list[Exchange] = []
        self._add_system(request, entries)
        for entry in entries:
            exchange = self._exchange_of(entry)
            if exchange is not None:
                if exchange not in begun:
                    begun.append(exchange)
                    self._go_on(request, exchange, entry, given)
                continue
            if request.handed is not None:
                raise BadRequest(f"the call {begun[-1].open[0]!r} has no result; send it before anything else")
            if isinstance(entry, Said) and entry.role == "user" and entry.text is not None:
                first, *request.unsaid = waiting.pop(0)
                made.append(entry.raw if first == entry.text else wire.with_text(entry.raw, first))
            elif isinstance(entry, Said):
                made += self._system(entry, wire)
            elif isinstance(entry, Turn) and entry.calls:
                made += past.turn(entry)
                request.unsaid = []
            elif isinstance(entry, Turn):
                made += self._past_answer(entry, counted, wire)
                request.unsaid = []
            elif isinstance(entry, Given):
                made.append(past.result(entry))
            else:
                made.append(entry.raw)
        self._listen(request.users, shown)

    def _exchange_of(self, entry: Entry) -> Exchange | None:
        ids = [entry.id] if isinstance(entry, Given) else [call.id for call in entry.calls] if isinstance(entry, Turn) else []
        return next((self._exchanges[id] for id in ids if id in self._exchanges), None)

    def _go_on(self, request: Request, exchange: Exchange, entry: Entry, given: dict[str, Given]) -> None:
        """An exchange that is known: what the model has made of it, and what it is told."""
        wire = request.wire
        if isinstance(entry, Turn):
            raws: Sequence[Raw] = _new_in(entry, exchange.before)
            if len(raws) == len(entry.raws) and entry.text == exchange.client_text != exchange.turn.text:
                raws = wire.turn_with_text(raws, exchange.turn.text)
            request.history += [*exchange.before, *wire.with_calls(raws, exchange.calls(wire))]
        request.unsaid = list(exchange.unsaid)
        exchange.proceed(given, self._tools)
        if exchange.open:
            request.handed = Handed(exchange.open_calls(wire))
        else:
            request.history += exchange.results(wire, given)

    def _add_system(self, request: Request, entries: Sequence[Entry]) -> None:
        """The system prompt of a setup that has one where the client has none."""
        text, body = self._texts.added_system, request.body
        systems = any(isinstance(one, Said) and one.role != "user" for one in entries)
        told = systems or request.wire.instructions(body) is not None
        if text and not told and request.earlier is None and body.get("conversation") is None:
            request.history.append(request.wire.message(self.first.setup.role, text))

    def _system(self, entry: Said, wire: Wire) -> list[Raw]:
        if entry.text is None or entry.role == "user":
            return [entry.raw]
        text, role = self._texts.system(entry.text), self.first.setup.role
        raw = entry.raw if text == entry.text else wire.with_text(entry.raw, text)
        if role != self.first.real.role:
            raw = {**raw, "role": role}
        return [raw] if text or not entry.text else []

    def _past_answer(self, entry: Turn, counted: Counter[str], wire: Wire) -> list[Raw]:
        """What the model has answered, here or before the proxy was there."""
        known = self._answered.get(entry.text, ())
        if known:
            one = known[min(counted[entry.text], len(known) - 1)]
            counted[entry.text] += 1
            raws = _new_in(entry, one.before)
            if len(raws) == len(entry.raws) and one.text != entry.text:
                raws = wire.turn_with_text(raws, one.text)
            return [*one.before, *raws]
        shown = self.boundary.shown_answer(entry.text) if entry.text else entry.text
        return list(entry.raws) if shown == entry.text else wire.turn_with_text(entry.raws, shown)

    def _listen(self, users: tuple[str, ...], shown: Sequence[tuple[str, ...]]) -> None:
        """Take note of what the user says in the conversation that the episode began with."""
        if not self._heard:
            self._heard = users
        elif users[: len(self._heard)] == self._heard and len(users) > len(self._heard):
            for group in shown[-(len(users) - len(self._heard)) :]:
                self._hear(group[0])
            self._heard = users


def _new_in(entry: Turn, before: Sequence[Raw]) -> list[Raw]:
    """A turn without what the client was streamed of turns before it, which the model has already."""
    known = {raw["id"] for raw in before if raw.get("id")}
    return [raw for raw in entry.raws if raw.get("id") is None or raw["id"] not in known]


def _mark(wire: Wire, body: Raw) -> str:
    return digest([body.get(wire.history), wire.earlier(body), wire.instructions(body)])


def _at_once(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Run a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("it waits for something")


def _refusal(error: BaseException) -> BadRequest:
    if isinstance(error, BudgetExceeded):
        return BadRequest(str(error), kind="budget_exceeded")
    if isinstance(error, EndOfRun):
        return BadRequest("the run has nothing left to spend", kind="run_spent")
    return BadRequest(str(error), kind="perturb_fault")
