"""What a wire format is: how a history is written as a request, and how a response is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from perturb.models.records import Completion, History, Tools
from perturb.models.troubles import of_status
from perturb.types import JSON


class Unreadable(Exception):
    """A response that is no response: cut off, or not what its wire format says. The server's fault, and worth another try."""


def understood(dialect: Dialect, answer: JSON | list[JSON], endpoint: str, *, streamed: bool) -> JSON:
    """The body of a response, from what a server sent: one that `Dialect.read` reads.

    Raises `Unreadable` for anything that is no response, whatever it is, and the `Trouble` that is told in place of one.
    """
    try:
        body = dialect.assembled(answer) if streamed else answer
        if isinstance(body, dict) and body.get("error") and not body.get("choices"):
            raise of_status(200, body, {}, endpoint)
        dialect.read(body)
        return body
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise Unreadable(f"what was received is not what its wire format says: {type(error).__name__}: {error}") from None


class Dialect(Protocol):
    """A wire format, with the settings of one model."""

    path: str
    """Where requests go, below the base URL."""

    def request(self, history: History, tools: Tools) -> dict[str, JSON]:
        """The body of the request for the next turn. It holds all that could change the response, but for the server."""
        ...

    def fallbacks(self, history: History, tools: Tools) -> Sequence[dict[str, JSON]]:
        """Other bodies for the same request, to be sent in turn where the server refuses the first."""
        ...

    def assembled(self, events: Sequence[JSON]) -> JSON:
        """The body that the server would have sent whole, from the events of a stream. Raises `Unreadable` for a stream that
        was cut off."""
        ...

    def read(self, body: JSON) -> Completion:
        """A response. Raises `Unreadable` for what is none."""
        ...
