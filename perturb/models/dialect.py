"""What a wire format is: how a history is written as a request, and how a response is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from perturb.models.records import Completion, History, Tools
from perturb.types import JSON


class Unreadable(Exception):
    """A response that is no response: cut off, or not what its wire format says. The server's fault, and worth another try."""


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
