"""One request of a client's on its way to a model, and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence

from perturb.proxies.openai_records import Raw, Wire
from perturb.types import JSON


class Answered:
    """A turn of the model's without calls, as it was before the client got it."""

    def __init__(self, text: str, before: Sequence[Raw]) -> None:
        self.text = text
        self.before = tuple(before)


class Handed:
    """What a client is to get: calls of its own, or an answer. `text` is `None` where the model's own stays."""

    def __init__(self, calls: Sequence[Raw] = (), text: str | None = None) -> None:
        self.calls = list(calls)
        self.text = text


class Request:
    """One request on its way. `history` is what the model has of the conversation, `between` what has happened between it and
    the proxy since the client's last word. `handed` is set once the client is to get something. `unsaid` is what the user has
    yet to say, once the model has answered."""

    def __init__(self, wire: Wire, body: Raw, mark: str) -> None:
        self.wire = wire
        self.body = body
        self.mark = mark
        self.history: list[Raw] = []
        self.between: list[Raw] = []
        self.earlier: str | None = None
        self.users: tuple[str, ...] = ()
        self.unsaid: list[str] = []
        self.usage: JSON = None
        self.handed: Handed | None = None
