"""A conversation as a client sends it, in whatever wire format, and a model's turn as it goes to a client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import msgspec

from perturb.types import JSON

Raw: TypeAlias = dict[str, Any]
"""A message or an item as it travels."""


class Said(msgspec.Struct, frozen=True):
    """A message of the system's or of the user's. `text` is `None` where it is not text alone."""

    role: str
    text: str | None
    raw: Raw


class Asked(msgspec.Struct, frozen=True):
    """A call; `arguments` is its text."""

    id: str
    name: str
    arguments: str


class Turn(msgspec.Struct, frozen=True):
    """A turn of the model's: its text, its calls, and the messages or items that it consists of."""

    text: str
    calls: tuple[Asked, ...]
    raws: tuple[Raw, ...]


class Given(msgspec.Struct, frozen=True):
    """What a client gives as the result of a call."""

    id: str
    text: str
    raw: Raw


class Other(msgspec.Struct, frozen=True):
    """What is passed on as it is."""

    raw: Raw


Entry: TypeAlias = Said | Turn | Given | Other


class BadRequest(Exception):
    """A request that the proxy cannot carry. `status` is that of its response, `kind` the `type` of the error."""

    def __init__(self, message: str, *, status: int = 400, kind: str = "invalid_request_error") -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


class Wire(Protocol):
    """A wire format: the same conversation, written in another way."""

    path: str
    """Below the root of the provider."""
    history: str
    """The field of a request that holds the conversation."""

    def check(self, body: Raw) -> None:
        """Raise `BadRequest` for what the proxy cannot carry."""
        ...

    def entries(self, body: Raw) -> list[Entry]: ...

    def instructions(self, body: Raw) -> str | None:
        """The system prompt that stands apart from the conversation."""
        ...

    def earlier(self, body: Raw) -> str | None:
        """The response that a request goes on from, where the provider keeps the conversation."""
        ...

    def functions(self, body: Raw) -> list[Raw]:
        """The tools that are functions: `name`, `description`, `parameters`, and what else stands there."""
        ...

    def with_tools(self, body: Raw, functions: Sequence[Raw], shown_name: Mapping[str, str]) -> Raw:
        """A request with these functions in place of its own; `shown_name` has what its own are called now."""
        ...

    def message(self, role: str, text: str) -> Raw: ...

    def with_text(self, raw: Raw, text: str) -> Raw:
        """A message with another text."""
        ...

    def with_calls(self, raws: Sequence[Raw], calls: Sequence[Raw]) -> list[Raw]:
        """A turn with these calls, as `call` writes them, in place of its own."""
        ...

    def turn_with_text(self, raws: Sequence[Raw], text: str) -> list[Raw]:
        """A turn with another text."""
        ...

    def call(self, asked: Asked, like: Raw | None = None) -> Raw:
        """A call as it is written in a turn; `like` is the one that it comes from."""
        ...

    def call_raws(self, turn: Turn) -> list[Raw]:
        """The calls of a turn as they are written."""
        ...

    def result(self, id: str, text: str, like: Raw | None = None) -> Raw:
        """A result; `like` is the client's own, which says the same."""
        ...

    def turn(self, response: Raw) -> Turn:
        """The model's turn in a response. Raises `ValueError` for what is none."""
        ...

    def handed(self, response: Raw, calls: Sequence[Raw], text: str | None, usage: Raw | None) -> Raw:
        """A response with these calls, and this text where it is another, as the client gets it."""
        ...

    def made(self, body: Raw, calls: Sequence[Raw]) -> Raw:
        """A response of our own, which asks for the further calls behind one of the model's."""
        ...

    def usage(self, response: Raw) -> tuple[int, int, int, int] | None:
        """Tokens: of the input, of the output, from a cache, of reasoning."""
        ...

    def reasoning(self, response: Raw) -> str: ...

    def stream(self, passes_text: bool) -> Stream: ...


class Stream(Protocol):
    """What a client is sent while responses come in: pieces as they may pass, the rest once a turn is known."""

    text: str
    """What has been sent as the model's text so far."""
    id: str | None
    """What the client has been told that the response is called; it is that of the first of several."""

    def take(self, event: JSON) -> Iterator[str]:
        """Take one event of a response in; what of it may pass at once."""
        ...

    def whole(self) -> Raw:
        """The response that has come in. Raises `ValueError` where it was cut off."""
        ...

    def end(self, handed: Raw) -> Iterator[str]:
        """The rest of what the client is to get."""
        ...

    def error(self, message: str) -> Iterator[str]:
        """Why there will be no rest."""
        ...


def summed(one: JSON, other: JSON) -> JSON:
    """Two accounts of tokens together, field by field."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {name: summed(one.get(name), other.get(name)) for name in (*one, *(name for name in other if name not in one))}
    if isinstance(one, (int, float)) and isinstance(other, (int, float)) and not isinstance(one, bool):
        return one + other
    return other if one is None else one
