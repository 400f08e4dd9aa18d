"""What a request shows of a conversation, in whatever wire format it came."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from perturb.types import Tool


class BadRequest(Exception):
    """A request that a provider of that kind would refuse, as HTTP 400."""

    def __init__(self, message: str, *, code: str | None = None, param: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.param = param
        self.status = status


class SeenCall(msgspec.Struct, frozen=True):
    """A call that the model made in an earlier turn; `arguments` is its text."""

    id: str
    name: str
    arguments: str


class User(msgspec.Struct, frozen=True):
    text: str


class Turn(msgspec.Struct, frozen=True):
    """An earlier turn of the model, with as much of its reasoning as was sent back."""

    text: str = ""
    thoughts: tuple[str, ...] = ()
    calls: tuple[SeenCall, ...] = ()


class Result(msgspec.Struct, frozen=True):
    """What a call gave; `is_error` is `None` on a wire that has no word for it."""

    id: str
    text: str
    is_error: bool | None = None


Event: TypeAlias = User | Turn | Result


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation so far."""

    model: str
    system: str
    events: tuple[Event, ...]
    tools: tuple[Tool, ...] = ()

    @property
    def users(self) -> tuple[str, ...]:
        """What the user has said, a text a turn. Of several messages before the model's first turn the last is the user's: what
        stands before it are instructions that were given in the user's name."""
        first = next((place for place, event in enumerate(self.events) if not isinstance(event, User)), len(self.events))
        return tuple(event.text for event in self.events[max(0, first - 1) :] if isinstance(event, User))

    @property
    def turns(self) -> tuple[Turn, ...]:
        return tuple(event for event in self.events if isinstance(event, Turn))

    def results(self) -> dict[str, Result]:
        """The results by the id of their call; of two with one id the last."""
        return {event.id: event for event in self.events if isinstance(event, Result)}


class Wanted(msgspec.Struct, frozen=True):
    """A call that the model wants to make now."""

    name: str
    arguments: str


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """The model's next turn. `ended` says why it ended where that is not plain from the rest."""

    text: str = ""
    thought: str = ""
    calls: tuple[Wanted, ...] = ()
    refusal: str = ""
    ended: Literal["length", "filter"] | None = None


def arrived_in_order(events: list[Event]) -> None:
    """Hold that every result answers a call, and that every call is answered before the model goes on, as providers do."""
    open_calls: dict[str, None] = {}
    for event in events:
        if isinstance(event, Result):
            if event.id not in open_calls:
                raise BadRequest(f"no call with the id {event.id!r} precedes its result")
            del open_calls[event.id]
            continue
        if open_calls:
            raise BadRequest(f"the call {next(iter(open_calls))!r} has no result")
        if isinstance(event, Turn):
            ids = [call.id for call in event.calls]
            if len(set(ids)) < len(ids) or not all(ids):
                raise BadRequest("two calls of one turn have the same id, or one has none")
            open_calls = dict.fromkeys(ids)
    if open_calls:
        raise BadRequest(f"the call {next(iter(open_calls))!r} has no result")
